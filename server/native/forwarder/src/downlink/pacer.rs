//! How fast what a path is sent may leave: a little faster than the path carries it, and what comes at once beyond
//! that waits for a moment. What waits are references: media stays where it is.

use crate::api::Micros;
use std::collections::VecDeque;

/// Of what the path carries, in halves.
const FACTOR: u64 = 5;
/// What may leave at once, as time at that rate, and in bytes at least.
const WINDOW: u64 = 5_000;
const LEAST_WINDOW: u64 = 2_500;
/// Nothing waits longer than this, however little the path carries.
const LONGEST_WAIT: u64 = 200_000;
/// Between two looks at what waits: a timer is no finer.
const SHORTEST_WAIT: u64 = 1_000;
/// Shortest time left that a queue is planned to be emptied in.
const SHORTEST_PLAN: u64 = 10_000;
/// Of a byte, in debt.
const UNITS: u64 = 8_000_000;
/// References at most.
const MAX_WAITING: usize = 2048;

/// See the module. The rates that it is given are what the path carries, in bits a second.
#[derive(Debug)]
pub(super) struct Pacer<T> {
    queue: VecDeque<Waiting<T>>,
    queued: u64,
    /// Of what has left, what has not yet passed at the rate: in bits times microseconds in a second.
    debt: u64,
    /// What the path carried at `at`.
    carried: u64,
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
        Self { queue: VecDeque::new(), queued: 0, debt: 0, carried: 0, at: Micros(0) }
    }
}

impl<T> Pacer<T> {
    /// Whether something may leave without waiting.
    pub fn is_open(&mut self, now: Micros, carried: u64) -> bool {
        self.queue.is_empty() && self.has_room(now, carried)
    }

    /// Whether something waits.
    pub fn is_holding(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Something left, waited for or not.
    pub fn sent(&mut self, bytes: usize) {
        // No more than passes in a second: what was sent before anything was known does not count for ever.
        self.debt = (self.debt + bytes as u64 * UNITS).min(self.rate() * 1_000_000);
    }

    /// Something has to wait. False if too much does.
    pub fn push(&mut self, now: Micros, bytes: usize, content: T) -> bool {
        if self.queue.len() >= MAX_WAITING {
            return false;
        }
        let bytes = bytes as u64;
        self.queued += bytes;
        self.queue.push_back(Waiting { content, bytes, since: now });
        true
    }

    /// What waits longest, if it may leave now. `None` as the rate lets everything go.
    pub fn next(&mut self, now: Micros, carried: Option<u64>) -> Option<T> {
        let first = self.queue.front()?;
        let is_due = now.0 >= first.since.0 + LONGEST_WAIT;
        let may_leave = is_due || carried.is_none_or(|carried| self.has_room(now, carried));
        if may_leave { self.pop() } else { None }
    }

    /// When [`Pacer::next`] may have something to say.
    pub fn next_time(&self) -> Option<Micros> {
        let first = self.queue.front()?;
        let rate = self.rate();
        let wait = self.debt.saturating_sub(window(rate)) / rate.max(1);
        Some(Micros((self.at.0 + wait.max(SHORTEST_WAIT)).min(first.since.0 + LONGEST_WAIT)))
    }

    /// Forgets what waits and is such.
    pub fn forget(&mut self, is_such: impl Fn(&T) -> bool) {
        self.queue.retain(|waiting| !is_such(&waiting.content));
        self.queued = self.queue.iter().map(|waiting| waiting.bytes).sum();
    }

    fn pop(&mut self) -> Option<T> {
        let first = self.queue.pop_front()?;
        self.queued -= first.bytes;
        Some(first.content)
    }

    fn has_room(&mut self, now: Micros, carried: u64) -> bool {
        self.carried = carried;
        let passed = now.0.saturating_sub(self.at.0).min(1_000_000) * self.rate();
        self.debt = self.debt.saturating_sub(passed);
        self.at = self.at.max(now);
        self.debt <= window(self.rate())
    }

    /// Bits a second at which things leave: more than the factor allows, where they would wait too long.
    fn rate(&self) -> u64 {
        let rate = self.carried * FACTOR / 2;
        self.queue.front().map_or(rate, |first| {
            let left = (first.since.0 + LONGEST_WAIT).saturating_sub(self.at.0).max(SHORTEST_PLAN);
            rate.max(self.queued * 8_000_000 / left)
        })
    }
}

/// As debt that may be left.
fn window(rate: u64) -> u64 {
    (rate * WINDOW).max(LEAST_WINDOW * UNITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offers packets of 1,000 bytes, each at its time, and says when each left.
    fn leave(carried: u64, offered: &[u64]) -> Vec<u64> {
        let mut pacer = Pacer::default();
        let mut left = vec![0; offered.len()];
        let take = |pacer: &mut Pacer<usize>, now: u64, left: &mut [u64]| {
            while let Some(at) = pacer.next(Micros(now), Some(carried)) {
                left[at] = now;
                pacer.sent(1_000);
            }
        };
        for (at, &now) in offered.iter().enumerate() {
            while let Some(next) = pacer.next_time().filter(|next| next.0 <= now) {
                take(&mut pacer, next.0, &mut left);
            }
            if pacer.is_open(Micros(now), carried) {
                left[at] = now;
                pacer.sent(1_000);
            } else {
                assert!(pacer.push(Micros(now), 1_000, at));
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
    fn a_burst_leaves_at_two_and_a_half_times_the_rate_in_order() {
        let left = leave(1_000_000, &[0; 20]);
        assert!(left.is_sorted());
        let took = left[19];
        assert!((48_000..=58_000).contains(&took), "{left:?}");
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
        (0..30).for_each(|at| assert!(pacer.push(Micros(0), 1_000, at)));
        pacer.forget(|at| at % 2 == 0);
        let left: Vec<i32> = core::iter::from_fn(|| pacer.next(Micros(1), None)).collect();
        assert_eq!(left, (1..30).step_by(2).collect::<Vec<_>>());
        assert_eq!(pacer.queued, 0);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut pacer = Pacer::default();
        assert_eq!((0..10_000).filter(|&at| pacer.push(Micros(0), 1, at)).count(), MAX_WAITING);
    }
}
