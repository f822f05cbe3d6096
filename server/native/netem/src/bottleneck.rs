//! A queue that is emptied at a rate. The rate may change while packets wait: exact to a nanosecond.

use core::time::Duration;
use std::collections::VecDeque;

use crate::profile::Limit;

/// Work is counted in bits times nanoseconds in a second: a rate of bits a second does `rate` of it in a
/// nanosecond, and no division rounds.
const UNITS: u128 = 1_000_000_000;

/// A packet that waits or is under way.
#[derive(Debug)]
pub(crate) struct Queued<T> {
    pub(crate) size: usize,
    pub(crate) entered: Duration,
    pub(crate) content: T,
}

impl<T> Queued<T> {
    fn work(&self) -> u128 {
        self.size as u128 * 8 * UNITS
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Bottleneck<T> {
    limit: Limit,
    queue: VecDeque<Queued<T>>,
    bytes: usize,
    /// Work done for the first in the queue until `at`.
    done: u128,
    at: Duration,
}

impl<T> Bottleneck<T> {
    pub(crate) fn new(limit: Limit) -> Self {
        Self { limit, queue: VecDeque::new(), bytes: 0, done: 0, at: Duration::ZERO }
    }

    /// From now on; what waits already stays.
    pub(crate) fn set(&mut self, now: Duration, limit: Limit) {
        self.work(now);
        self.limit = limit;
    }

    /// Whether there is room for a packet. What finds an empty queue is always taken.
    pub(crate) fn has_room(&mut self, now: Duration, size: usize) -> bool {
        self.work(now);
        let Some(rate) = self.limit.rate.filter(|_| !self.queue.is_empty()) else { return true };
        let ahead = (self.bytes as u128 * 8 * UNITS).saturating_sub(self.done);
        let fits = self.limit.queue_bytes.is_none_or(|most| self.bytes + size <= most);
        fits && self.limit.queue_time.is_none_or(|most| ahead <= most.as_nanos() * u128::from(rate))
    }

    /// The caller has asked whether there is room.
    pub(crate) fn push(&mut self, now: Duration, packet: Queued<T>) {
        self.work(now);
        self.bytes += packet.size;
        self.queue.push_back(packet);
    }

    /// When the first in the queue has passed.
    pub(crate) fn next(&self) -> Option<Duration> {
        let first = self.queue.front()?;
        let Some(rate) = self.limit.rate else { return Some(self.at) };
        let left = first.work().saturating_sub(self.done);
        let nanoseconds = left.div_ceil(u128::from(rate.max(1)));
        Some(self.at.saturating_add(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))))
    }

    /// The first in the queue, if it has passed by now. Called for each moment that [`Self::next`] names, in
    /// order, since the work of one packet goes over to the next.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<Queued<T>> {
        if self.next()? > now {
            return None;
        }
        self.work(now);
        let first = self.queue.pop_front()?;
        self.bytes -= first.size;
        self.done = if self.queue.is_empty() { 0 } else { self.done.saturating_sub(first.work()) };
        Some(first)
    }

    fn work(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.at);
        self.at = self.at.max(now);
        if let (Some(rate), false) = (self.limit.rate, self.queue.is_empty()) {
            self.done += elapsed.as_nanos() * u128::from(rate);
        }
    }
}
