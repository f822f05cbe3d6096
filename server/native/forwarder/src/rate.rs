//! How many bits a second something takes, as it was lately.

use crate::api::Micros;

const WINDOW: u64 = 500_000;
/// Weight of what was known before, after a window with more and with less.
const MEMORY: u64 = 3;
const BRIEF_MEMORY: u64 = 1;

/// Bytes over windows of time, smoothed: key frames come and go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    since: Micros,
    bytes: u64,
    /// Bits a second; 0 while nothing is known.
    smoothed: u64,
}

impl Rate {
    /// So many bytes have passed.
    pub fn note(&mut self, now: Micros, bytes: usize) {
        let elapsed = now.0.saturating_sub(self.since.0);
        if elapsed >= WINDOW {
            if elapsed < 2 * WINDOW {
                let newest = self.bytes * 8_000_000 / elapsed;
                // What begins, begins with a key frame: it is less before long.
                let memory = if newest < self.smoothed { BRIEF_MEMORY } else { MEMORY };
                let is_first = self.smoothed == 0;
                self.smoothed =
                    if is_first { newest } else { (memory * self.smoothed + newest) / (memory + 1) };
            }
            (self.since, self.bytes) = (now, 0);
        }
        self.bytes += bytes as u64;
    }

    /// Bits a second; 0 while nothing is known.
    pub fn bits(&self) -> u64 {
        self.smoothed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rate: &mut Rate, milliseconds: core::ops::Range<u64>, bytes: usize) {
        milliseconds.step_by(10).for_each(|at| rate.note(Micros(1_000 * at), bytes));
    }

    #[test]
    fn a_steady_rate_is_known_after_a_window_and_followed_when_it_changes() {
        let mut rate = Rate::default();
        run(&mut rate, 10_000..10_500, 125);
        assert_eq!(rate.bits(), 0);
        run(&mut rate, 10_500..12_000, 125);
        assert_eq!(rate.bits(), 100_000);
        run(&mut rate, 12_000..15_000, 1_250);
        assert!((700_000..1_000_000).contains(&rate.bits()), "{}", rate.bits());
    }

    #[test]
    fn what_was_before_a_silence_stays_until_a_window_is_full() {
        let mut rate = Rate::default();
        run(&mut rate, 0..2_000, 125);
        run(&mut rate, 60_000..60_400, 1);
        assert_eq!(rate.bits(), 100_000);
    }
}
