//! How much of a path may be taken by what is sent again: not so much that it displaces what is sent for the first
//! time. A subscriber that loses most of what it is sent asks for most of it, and again for what is lost of that.

use crate::api::Micros;

/// Of what the path carries, in percent.
const SHARE: u64 = 25;
/// At once: what passes at that rate in so many microseconds, and so many bytes at least.
const BURST: u64 = 250_000;
const LEAST_BURST: u64 = 4_000;
/// Of a byte, as [`Repeats::spent`] counts.
const UNITS: u64 = 8_000_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// Of what was sent again, what has not yet passed at the rate: in bits times microseconds in a second.
    spent: u64,
    at: Micros,
}

impl Repeats {
    /// Whether so many bytes may be sent again on a path that carries so many bits a second; they count from now on.
    pub fn take(&mut self, now: Micros, bytes: usize, carried: u64) -> bool {
        let rate = carried * SHARE / 100;
        let passed = now.0.saturating_sub(self.at.0).min(10_000_000) * rate;
        self.spent = self.spent.saturating_sub(passed);
        self.at = self.at.max(now);
        let most = (rate * BURST).max(LEAST_BURST * UNITS);
        if self.spent > most {
            // What was spent while the path carried more does not count for ever.
            self.spent = self.spent.min(most + UNITS * 1_500);
            return false;
        }
        self.spent += bytes as u64 * UNITS;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_path_and_a_burst_may_be_sent_again() {
        let taken = |seconds: u64, carried: u64| {
            let mut repeats = Repeats::default();
            let tries = 100_000..100_000 + seconds * 1_000;
            tries.filter(|&at| repeats.take(Micros(at * 1_000), 1_000, carried)).count()
        };
        assert!(
            (318..=323).contains(&taken(10, 1_000_000)),
            "10 seconds of 250 kbit/s, and a quarter at once"
        );
        assert_eq!(taken(10, 0), 5, "a little always");
        let mut repeats = Repeats::default();
        (0..1_000).for_each(|_| assert!(repeats.take(Micros(9), 100, 20_000_000)));
        assert!(!repeats.take(Micros(9), 100, 400_000));
        assert!(repeats.take(Micros(200_000), 100, 400_000), "soon after the path became narrow");
    }
}
