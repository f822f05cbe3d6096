//! When to measure whether a path carries more: where something waits for that, rarely while it does not.

use crate::api::Micros;

/// Between two measurements, at first and at most; each that finds nothing doubles it. One that finds something is
/// soon followed by another.
const SHORTEST: u64 = 2_000_000;
const LONGEST: u64 = 6_000_000;
const FOLLOWING: u64 = 500_000;
/// A path that fell behind by so much, of 100, is left alone for a while.
const FALL: u64 = 90;
/// What is measured is at most so many times what is known.
const REACH: u64 = 2;

/// See the module.
#[derive(Debug)]
pub(super) struct Search {
    last: Micros,
    next: Micros,
    spacing: u64,
    /// The estimate when it was last looked at.
    estimate: u64,
    /// What was known when the last measurement was asked for.
    known: u64,
}

impl Default for Search {
    fn default() -> Self {
        Self { last: Micros(0), next: Micros(0), spacing: SHORTEST, estimate: 0, known: u64::MAX }
    }
}

impl Search {
    /// The rate to measure at now, where `wanted` would let something rise.
    pub fn due(&mut self, now: Micros, estimate: u64, wanted: Option<u64>) -> Option<u64> {
        let before = core::mem::replace(&mut self.estimate, estimate);
        if estimate < before * FALL / 100 {
            (self.next, self.known) = (self.next.max(Micros(now.0 + SHORTEST)), u64::MAX);
        }
        let has_found = estimate > self.known.saturating_add(self.known / 20);
        if has_found {
            self.next = self.next.min(Micros(self.last.0 + FOLLOWING));
        }
        let wanted = wanted.filter(|&wanted| wanted > estimate)?;
        if now < self.next {
            return None;
        }
        self.spacing = if has_found { SHORTEST } else { LONGEST.min(self.spacing * 2) };
        (self.last, self.next, self.known) = (now, Micros(now.0 + self.spacing), estimate);
        // Packets are few and leave when a timer fires: less may be measured than is sent.
        Some((wanted + wanted / 4).min(estimate * REACH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(search: &mut Search, seconds: core::ops::Range<u64>, estimate: u64) -> Vec<u64> {
        let tenths = seconds.start * 10..seconds.end * 10;
        let due = tenths.filter(|&at| search.due(Micros(at * 100_000), estimate, Some(900_000)).is_some());
        due.map(|at| at / 10).collect()
    }

    #[test]
    fn what_is_not_found_is_looked_for_less_and_less_often() {
        let mut search = Search::default();
        assert_eq!(times(&mut search, 0..60, 500_000), [0, 4, 10, 16, 22, 28, 34, 40, 46, 52, 58]);
        assert_eq!(times(&mut search, 60..70, 600_000), [60, 62, 66]);
    }

    #[test]
    fn what_was_found_is_soon_followed_by_another_measurement() {
        let mut search = Search::default();
        assert_eq!(times(&mut search, 0..7, 200_000), [0, 4]);
        let mut next = |from: u64, estimate| {
            let mut tenths = from..from + 100;
            tenths.find(|&at| search.due(Micros(at * 100_000), estimate, Some(900_000)).is_some())
        };
        assert_eq!(next(100, 200_000), Some(100));
        assert_eq!(next(102, 400_000), Some(105));
        assert_eq!(next(106, 400_000), Some(125), "two seconds, where that one found nothing");
    }

    #[test]
    fn it_reaches_for_twice_what_is_known_and_no_further_than_what_is_wanted() {
        let mut search = Search::default();
        assert_eq!(search.due(Micros(0), 300_000, Some(900_000)), Some(600_000));
        assert_eq!(search.due(Micros(10_000_000), 600_000, Some(900_000)), Some(1_125_000));
        assert_eq!(search.due(Micros(90_000_000), 1_000_000, Some(900_000)), None);
        assert_eq!(search.due(Micros(90_000_000), 600_000, None), None);
    }

    #[test]
    fn a_path_that_falls_behind_is_left_alone() {
        let mut search = Search::default();
        assert_eq!(search.due(Micros(0), 800_000, None), None);
        assert_eq!(times(&mut search, 1..5, 500_000), [3]);
    }
}
