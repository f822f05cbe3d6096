//! The SSRCs that a peer is sent on, and the index from which each may go on.
//!
//! As long as a key lives, no index of an SSRC is sent twice: one that carries something again goes on where
//! it was. Signaling counts its SSRCs upwards from a random one, so of the many that carried something once
//! the oldest need not be kept: whatever comes before them is taken for used, and refused.

use crate::hash::{Map, Seeded};

/// SSRCs that carry nothing and are kept nevertheless.
const MOST_IDLE: usize = 512;

#[derive(Clone, Copy, Debug)]
struct Stream {
    /// The consumer that has it now.
    consumer: Option<usize>,
    /// First 48-bit index that was not sent by an earlier consumer.
    next_index: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Outgoing {
    streams: Map<u32, Stream>,
    /// The SSRC that was claimed first. All others are in an order that begins half a circle before it.
    start: Option<u32>,
    /// Of what comes before this position, only what is in `streams` is known not to have been used.
    floor: i32,
    idle: usize,
}

impl Outgoing {
    pub fn new(hasher: Seeded) -> Self {
        Self { streams: Map::with_hasher(hasher), start: None, floor: i32::MIN, idle: 0 }
    }

    /// The index that a consumer with this SSRC may begin at: `first_index`, unless the SSRC was used
    /// before. `None` if another consumer has it, or if it may have been used and is not remembered.
    pub fn claim(&mut self, ssrc: u32, first_index: u64) -> Option<u64> {
        if let Some(stream) = self.streams.get(&ssrc) {
            return stream.consumer.is_none().then_some(stream.next_index);
        }
        self.start.get_or_insert(ssrc);
        if self.position(ssrc) < self.floor {
            return None;
        }
        self.streams.insert(ssrc, Stream { consumer: None, next_index: first_index });
        self.idle += 1;
        Some(first_index)
    }

    /// Gives a claimed SSRC to its consumer.
    pub fn assign(&mut self, ssrc: u32, consumer: usize) {
        if let Some(stream) = self.streams.get_mut(&ssrc)
            && stream.consumer.replace(consumer).is_none()
        {
            self.idle -= 1;
        }
    }

    /// Takes an SSRC from its consumer; `next_index` is the first that was not sent.
    pub fn release(&mut self, ssrc: u32, next_index: u64) {
        let Some(stream) = self.streams.get_mut(&ssrc).filter(|stream| stream.consumer.is_some()) else {
            return;
        };
        *stream = Stream { consumer: None, next_index };
        self.idle += 1;
        if self.position(ssrc) < self.floor || self.idle > MOST_IDLE {
            self.forget_oldest();
        }
    }

    /// The consumer that has this SSRC.
    pub fn consumer(&self, ssrc: u32) -> Option<usize> {
        self.streams.get(&ssrc)?.consumer
    }

    fn position(&self, ssrc: u32) -> i32 {
        ssrc.wrapping_sub(self.start.unwrap_or(ssrc)).cast_signed()
    }

    /// Of those that carry nothing, forgets what comes before the floor; where too many are left, the older
    /// half of them, which is the new floor.
    fn forget_oldest(&mut self) {
        if self.idle > MOST_IDLE {
            let idle = self.streams.iter().filter(|(_, stream)| stream.consumer.is_none());
            let mut positions: Vec<_> = idle.map(|(&ssrc, _)| self.position(ssrc)).collect();
            let middle = positions.len() / 2;
            self.floor = self.floor.max(*positions.select_nth_unstable(middle).1);
        }
        let (start, floor) = (self.start.unwrap_or_default(), self.floor);
        self.streams.retain(|ssrc, stream| {
            stream.consumer.is_some() || ssrc.wrapping_sub(start).cast_signed() >= floor
        });
        self.idle = self.streams.values().filter(|stream| stream.consumer.is_none()).count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(outgoing: &mut Outgoing, ssrc: u32) {
        assert_eq!(outgoing.claim(ssrc, 1), Some(1), "{ssrc}");
        outgoing.assign(ssrc, 0);
        outgoing.release(ssrc, 100);
    }

    #[test]
    fn what_is_used_again_goes_on_where_it_was() {
        let mut outgoing = Outgoing::new(Seeded(1));
        used(&mut outgoing, 7);
        assert_eq!(outgoing.claim(7, 1), Some(100));
        outgoing.assign(7, 4);
        assert_eq!((outgoing.claim(7, 1), outgoing.consumer(7)), (None, Some(4)));
    }

    #[test]
    fn ssrcs_that_count_upwards_may_come_and_go_without_end_over_the_wrap_too() {
        let mut outgoing = Outgoing::new(Seeded(1));
        let first = u32::MAX - 5_000;
        outgoing.claim(first, 1);
        outgoing.assign(first, 9);
        for step in 1..50_000 {
            used(&mut outgoing, first.wrapping_add(step));
            assert!(outgoing.streams.len() <= MOST_IDLE + 1);
        }
        assert_eq!(outgoing.consumer(first), Some(9));
    }

    #[test]
    fn what_is_forgotten_is_never_sent_on_again() {
        let mut outgoing = Outgoing::new(Seeded(1));
        let all = 1_000..3_000;
        outgoing.claim(1_000, 1);
        outgoing.assign(1_000, 9);
        all.clone().skip(1).for_each(|ssrc| used(&mut outgoing, ssrc));
        outgoing.release(1_000, 100);
        for ssrc in all {
            assert_ne!(outgoing.claim(ssrc, 1), Some(1), "{ssrc}");
        }
    }

    #[test]
    fn the_order_in_which_an_offer_is_answered_does_not_matter() {
        let mut outgoing = Outgoing::new(Seeded(1));
        for ssrc in (1..=2_000).rev() {
            assert_eq!(outgoing.claim(ssrc, 1), Some(1));
            outgoing.assign(ssrc, 0);
        }
    }
}
