//! Packets that are told as lost and arrive later. A path that changes the order loses nothing, and is not to be
//! taken for one that does: a loss is believed once a packet is later than others were lately (RFC 8985, section 6.2,
//! does the same with its reordering window). Where nothing came late, losses are believed at once.

use super::history::{History, Sent};
use crate::api::Micros;
use std::collections::VecDeque;

/// Losses are believed after this time, whatever came late before.
const MOST: u64 = 300_000;
/// What came late is remembered for this long, and for as long again.
const MEMORY: u64 = 10_000_000;
/// Losses that are doubted; more are believed at once.
const MAX_DOUBTED: usize = 2048;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Lateness {
    /// Numbers of what was told as lost, in the order in which it was told.
    doubted: VecDeque<u64>,
    /// How much too late packets came, at the most, in a stretch of time and in the one before it.
    latest: [u64; 2],
    since: Micros,
}

impl Lateness {
    /// A packet is told as lost for the first time.
    pub fn doubt(&mut self, number: u64) {
        self.doubted.push_back(number);
    }

    /// A packet arrived that was told as lost then.
    pub fn came(&mut self, now: Micros, lost: Micros) {
        self.latest[0] = self.latest[0].max(now.0.saturating_sub(lost.0));
    }

    /// The next packet whose loss is believed by now, with its number.
    pub fn next_lost(&mut self, now: Micros, history: &History) -> Option<(u64, Sent)> {
        if now.0 >= self.since.0 + MEMORY {
            self.latest = [0, self.latest[0]];
            self.since = now;
        }
        let latest = self.latest[0].max(self.latest[1]);
        let wait = (latest + latest / 4).min(MOST);
        while let Some(&number) = self.doubted.front() {
            let lost = history.lost(number);
            if let Some((_, at)) = lost
                && now.0 < at.0 + wait
                && self.doubted.len() <= MAX_DOUBTED
            {
                return None;
            }
            self.doubted.pop_front();
            if let Some((sent, _)) = lost {
                return Some((number, sent));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: u64 = 1_000;

    fn history() -> History {
        let mut history = History::default();
        (0..5_000).for_each(|_| history.push(Micros(0), 100, 0));
        history
    }

    fn lose(lateness: &mut Lateness, history: &mut History, now: u64, number: u64) {
        assert!(history.hear(Micros(now), number, false).is_some());
        lateness.doubt(number);
    }

    fn lost(lateness: &mut Lateness, history: &History, now: u64) -> Option<u64> {
        lateness.next_lost(Micros(now), history).map(|(number, _)| number)
    }

    #[test]
    fn losses_are_believed_at_once_until_something_comes_late() {
        let (mut lateness, mut history) = (Lateness::default(), history());
        lose(&mut lateness, &mut history, 0, 4_000);
        assert_eq!(lost(&mut lateness, &history, 0), Some(4_000));
        let (_, at) = history.hear(Micros(80 * MILLISECOND), 4_000, true).unwrap();
        lateness.came(Micros(80 * MILLISECOND), at.unwrap());
        let now = 100 * MILLISECOND;
        (4_001..4_003).for_each(|number| lose(&mut lateness, &mut history, now, number));
        assert_eq!(lost(&mut lateness, &history, now + 99 * MILLISECOND), None);
        assert!(history.hear(Micros(now), 4_001, true).is_some());
        assert_eq!(lost(&mut lateness, &history, now + 100 * MILLISECOND), Some(4_002), "the other came");
        assert_eq!(lost(&mut lateness, &history, now + 100 * MILLISECOND), None);
    }

    #[test]
    fn that_something_came_late_is_forgotten() {
        let (mut lateness, mut history) = (Lateness::default(), history());
        lateness.came(Micros(MOST), Micros(0));
        for start in [0, MEMORY] {
            lose(&mut lateness, &mut history, start, 4_000 + start / MEMORY);
            assert_eq!(lost(&mut lateness, &history, start), None);
            assert!(lost(&mut lateness, &history, start + MOST).is_some());
        }
        lose(&mut lateness, &mut history, 2 * MEMORY, 4_002);
        assert_eq!(lost(&mut lateness, &history, 2 * MEMORY), Some(4_002));
    }

    #[test]
    fn doubts_are_bounded_in_time_and_number() {
        let (mut lateness, mut history) = (Lateness::default(), history());
        lateness.came(Micros(60 * MEMORY), Micros(0));
        let first = 5_000 - 3_000;
        (first..5_000).for_each(|number| lose(&mut lateness, &mut history, 0, number));
        let believed = core::iter::from_fn(|| lost(&mut lateness, &history, 1)).count();
        assert_eq!(believed, 3_000 - MAX_DOUBTED);
        assert!(lost(&mut lateness, &history, MOST).is_some());
    }
}
