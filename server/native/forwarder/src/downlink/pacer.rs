//! How fast what a path is sent may leave: a little faster than the path carries it, and what comes at once beyond
//! that waits for a moment. What waits are references: media stays where it is.

use crate::api::Micros;
use std::collections::VecDeque;

/// Of what the path carries, in percent. More would fill its queue with each key frame, and that be taken for
/// congestion.
const FACTOR: u64 = 125;
/// What may leave at once, as microseconds at that rate, and in bytes at least: two packets.
const WINDOW: u64 = 20_000;
const LEAST_WINDOW: u64 = 2_500;
/// Nothing waits longer than this, however little the path carries.
const LONGEST_WAIT: u64 = 400_000;
/// Between two looks at what waits: a timer is no finer.
const SHORTEST_WAIT: u64 = 1_000;
/// Shortest time left that a queue is planned to be emptied in.
const SHORTEST_PLAN: u64 = 10_000;
/// Of a byte, in debt.
const UNITS: u64 = 8_000_000;
/// References at most.
const MAX_WAITING: usize = 2048;
/// The same of what comes first.
const MAX_URGENT: usize = 256;

/// How fast things leave.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// Bits a second.
    rate: u64,
    /// As debt that may be left.
    window: u64,
}

impl Pace {
    /// On a path that carries so many bits a second; no faster while its queue is long.
    pub fn of(carried: u64, is_draining: bool) -> Self {
        let rate = if is_draining { carried } else { carried * FACTOR / 100 };
        Self { rate, window: (rate * WINDOW).max(LEAST_WINDOW * UNITS) }
    }

    /// Evenly, for a measurement at so many bits a second.
    pub fn even(rate: u64) -> Self {
        Self { rate, window: LEAST_WINDOW * UNITS }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Pacer<T> {
    queue: VecDeque<Waiting<T>>,
    /// What comes before that.
    urgent: VecDeque<Waiting<T>>,
    queued: u64,
    /// Of what has left, what has not yet passed at the rate: in bits times microseconds in a second.
    debt: u64,
    /// As it was at `at`.
    pace: Pace,
    at: Micros,
}

#[derive(Debug)]
struct Waiting<T> {
    content: T,
    bytes: u64,
    since: Micros,
}

impl<T> Default for Pacer<T> {
    fn default() -> Self {
        let (queue, urgent) = (VecDeque::new(), VecDeque::new());
        Self { queue, urgent, queued: 0, debt: 0, pace: Pace::default(), at: Micros(0) }
    }
}

impl<T> Pacer<T> {
    /// Whether something may leave without waiting.
    pub fn is_open(&mut self, now: Micros, pace: Pace) -> bool {
        !self.is_holding() && self.has_room(now, pace)
    }

    /// Whether something waits.
    pub fn is_holding(&self) -> bool {
        !self.queue.is_empty() || !self.urgent.is_empty()
    }

    /// Something left, waited for or not.
    pub fn sent(&mut self, bytes: usize) {
        // No more than passes in a second: what was sent before anything was known does not count for ever.
        self.debt = (self.debt + bytes as u64 * UNITS).min(self.rate() * 1_000_000);
    }

    /// Something has to wait, the urgent before the rest. False if too much does.
    pub fn push(&mut self, now: Micros, bytes: usize, content: T, is_urgent: bool) -> bool {
        let (queue, most) =
            if is_urgent { (&mut self.urgent, MAX_URGENT) } else { (&mut self.queue, MAX_WAITING) };
        if queue.len() >= most {
            return false;
        }
        let bytes = bytes as u64;
        self.queued += bytes;
        queue.push_back(Waiting { content, bytes, since: now });
        true
    }

    /// What waits longest, if it may leave now. Without a pace everything may.
    pub fn next(&mut self, now: Micros, pace: Option<Pace>) -> Option<T> {
        let is_due = self.oldest()? + LONGEST_WAIT <= now.0;
        let may_leave = is_due || pace.is_none_or(|pace| self.has_room(now, pace));
        if may_leave { self.pop() } else { None }
    }

    /// When [`Pacer::next`] may have something to say.
    pub fn next_time(&self) -> Option<Micros> {
        let oldest = self.oldest()?;
        let wait = self.debt.saturating_sub(self.pace.window) / self.rate().max(1);
        Some(Micros((self.at.0 + wait.max(SHORTEST_WAIT)).min(oldest + LONGEST_WAIT)))
    }

    /// Forgets what waits and is such.
    pub fn forget(&mut self, is_such: impl Fn(&T) -> bool) {
        for queue in [&mut self.urgent, &mut self.queue] {
            queue.retain(|waiting| !is_such(&waiting.content));
        }
        self.queued = self.urgent.iter().chain(&self.queue).map(|waiting| waiting.bytes).sum();
    }

    /// Since when the first of what is not urgent waits, or the first of all.
    fn oldest(&self) -> Option<u64> {
        self.queue.front().or_else(|| self.urgent.front()).map(|first| first.since.0)
    }

    fn pop(&mut self) -> Option<T> {
        let first = self.urgent.pop_front().or_else(|| self.queue.pop_front())?;
        self.queued -= first.bytes;
        Some(first.content)
    }

    fn has_room(&mut self, now: Micros, pace: Pace) -> bool {
        self.pace = pace;
        let passed = now.0.saturating_sub(self.at.0).min(1_000_000) * self.rate();
        self.debt = self.debt.saturating_sub(passed);
        self.at = self.at.max(now);
        self.debt <= pace.window
    }

    /// Bits a second at which things leave: more than the pace, where they would wait too long.
    fn rate(&self) -> u64 {
        self.oldest().map_or(self.pace.rate, |oldest| {
            let left = (oldest + LONGEST_WAIT).saturating_sub(self.at.0).max(SHORTEST_PLAN);
            self.pace.rate.max(self.queued * 8_000_000 / left)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offers packets of 1,000 bytes, each at its time, and says when each left.
    fn leave(carried: u64, offered: &[u64]) -> Vec<u64> {
        let mut pacer = Pacer::default();
        let mut left = vec![0; offered.len()];
        let take = |pacer: &mut Pacer<usize>, now: u64, left: &mut [u64]| {
            while let Some(at) = pacer.next(Micros(now), Some(Pace::of(carried, false))) {
                left[at] = now;
                pacer.sent(1_000);
            }
        };
        for (at, &now) in offered.iter().enumerate() {
            while let Some(next) = pacer.next_time().filter(|next| next.0 <= now) {
                take(&mut pacer, next.0, &mut left);
            }
            if pacer.is_open(Micros(now), Pace::of(carried, false)) {
                left[at] = now;
                pacer.sent(1_000);
            } else {
                assert!(pacer.push(Micros(now), 1_000, at, false));
            }
        }
        while let Some(next) = pacer.next_time() {
            take(&mut pacer, next.0, &mut left);
        }
        left
    }

    #[test]
    fn what_the_path_carries_does_not_wait() {
        let offered: Vec<u64> = (0..100).map(|frame| frame * 8_000).collect();
        assert_eq!(leave(1_000_000, &offered), offered);
    }

    #[test]
    fn a_burst_leaves_at_little_more_than_the_rate_in_order() {
        let left = leave(1_000_000, &[0; 20]);
        assert!(left.is_sorted());
        let took = left[19];
        assert!((95_000..=115_000).contains(&took), "{left:?}");
    }

    #[test]
    fn nothing_waits_longer_than_it_may() {
        let left = leave(30_000, &[0; 200]);
        assert!(left.is_sorted() && left[199] <= LONGEST_WAIT, "{left:?}");
        assert!(left[100] > 50_000, "evenly: {left:?}");
    }

    #[test]
    fn where_nothing_is_known_any_more_all_leave() {
        let mut pacer = Pacer::default();
        (0..30).for_each(|at| assert!(pacer.push(Micros(0), 1_000, at, false)));
        pacer.forget(|at| at % 2 == 0);
        let left: Vec<i32> = core::iter::from_fn(|| pacer.next(Micros(1), None)).collect();
        assert_eq!(left, (1..30).step_by(2).collect::<Vec<_>>());
        assert_eq!(pacer.queued, 0);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut pacer = Pacer::default();
        assert_eq!((0..10_000).filter(|&at| pacer.push(Micros(0), 1, at, false)).count(), MAX_WAITING);
    }
}
