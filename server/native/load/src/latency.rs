//! How long packets of one publisher were under way: by the sequence numbers, which a relay shifts and does not hide.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

/// When each packet was sent, in microseconds since the epoch, by its sequence number; 0: not yet.
pub struct SendTimes(Vec<AtomicU64>);

impl SendTimes {
    /// Nothing is sent.
    pub fn new() -> Self {
        Self((0..=u16::MAX).map(|_| AtomicU64::new(0)).collect())
    }

    /// A packet is sent now.
    pub fn note(&self, sequence: u16) {
        self.0[usize::from(sequence)].store(now(), Relaxed);
    }

    fn of(&self, sequence: u16) -> Option<u64> {
        Some(self.0[usize::from(sequence)].load(Relaxed)).filter(|&time| time > 0)
    }
}

/// What one subscriber received of it. The first packet is taken for the publisher's first.
#[derive(Clone, Copy, Default)]
pub struct Shift(Option<u16>);

impl Shift {
    /// Microseconds from sending to `received`, and when it was sent.
    pub fn latency(&mut self, times: &SendTimes, sequence: u16, received: u64) -> Option<(u64, u64)> {
        let shift = *self.0.get_or_insert(sequence);
        let sent = times.of(sequence.wrapping_sub(shift))?;
        Some((received.saturating_sub(sent), sent))
    }
}

/// Microseconds since the epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

/// Half, 99 of 100, and the longest, in microseconds; zeros of nothing.
pub fn summary(mut latencies: Vec<u64>) -> [u64; 3] {
    latencies.sort_unstable();
    let at = |percent: usize| {
        latencies.get((latencies.len() * percent / 100).min(latencies.len().wrapping_sub(1)))
    };
    [50, 99, 100].map(|percent| at(percent).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_number_is_that_of_the_packet_it_was_sent_as() {
        let times = SendTimes::new();
        (0..=2).for_each(|sequence| times.note(sequence));
        let sent = times.of(2).expect("sent");
        let mut shift = Shift::default();
        assert!(shift.latency(&times, 65_534, now()).is_some());
        assert_eq!(shift.latency(&times, 0, sent + 7), Some((7, sent)));
        assert_eq!(shift.latency(&times, 1, sent), None, "never sent");
    }

    #[test]
    fn a_summary_names_the_middle_and_the_worst() {
        assert_eq!(summary((1..=100).collect()), [51, 100, 100]);
        assert_eq!(summary(Vec::new()), [0, 0, 0]);
    }
}
