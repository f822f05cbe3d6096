//! The packets of one incoming stream that can still be sent again, in the arena.

use crate::api::Micros;
use crate::arena::{Arena, Slot};
use crate::codec::Frame;
use std::collections::VecDeque;

/// A bounded window of packets by their 48-bit index. Everything it holds is in the arena.
#[derive(Debug)]
pub(crate) struct Ring {
    entries: Vec<Option<Entry>>,
    /// Arrivals in order, for eviction by age; may name entries that were overwritten since.
    arrivals: VecDeque<(Micros, u64)>,
    /// When the first of these came: asked for often, where `arrivals` would have to be fetched from memory.
    oldest: Option<Micros>,
    held: usize,
    promised: usize,
}

#[derive(Debug)]
struct Entry {
    index: u64,
    slot: Slot,
    length: usize,
    /// As it was understood when it came: what that depends on may have changed since.
    frame: Frame,
}

impl Ring {
    /// A ring of `capacity` packets, of which the arena promises `promised`. `None` if it cannot.
    pub fn new(capacity: usize, promised: usize, arena: &mut Arena) -> Option<Self> {
        let capacity = capacity.max(1);
        let promised = promised.min(capacity);
        arena.promise(promised).then(|| Self {
            entries: (0..capacity).map(|_| None).collect(),
            arrivals: VecDeque::with_capacity(capacity),
            oldest: None,
            held: 0,
            promised,
        })
    }

    /// Keeps a packet, at the cost of the oldest where there is no room.
    pub fn insert(&mut self, now: Micros, index: u64, packet: &[u8], frame: Frame, arena: &mut Arena) {
        let at = (index % self.entries.len() as u64) as usize;
        if self.entries[at].as_ref().is_some_and(|entry| entry.index >= index) {
            return;
        }
        self.evict(at, arena);
        while self.arrivals.len() >= self.entries.len() {
            self.evict_oldest(arena);
        }
        let mut slot = arena.store(packet, self.held < self.promised);
        while slot.is_none() && self.held > 0 {
            self.evict_oldest(arena);
            slot = arena.store(packet, self.held < self.promised);
        }
        let Some(slot) = slot else { return };
        self.entries[at] = Some(Entry { index, slot, length: packet.len(), frame });
        self.held += 1;
        self.arrivals.push_back((now, index));
        self.oldest = self.oldest.or(Some(now));
    }

    /// The packet with this index, if it is still held.
    pub fn get<'a>(&self, index: u64, arena: &'a Arena) -> Option<(&'a [u8], Frame)> {
        let entry = self.entries[(index % self.entries.len() as u64) as usize].as_ref()?;
        (entry.index == index).then(|| (arena.bytes(&entry.slot, entry.length), entry.frame))
    }

    /// Wipes what arrived before `limit`.
    pub fn expire(&mut self, limit: Micros, arena: &mut Arena) {
        while self.oldest.is_some_and(|at| at < limit) {
            self.evict_oldest(arena);
        }
    }

    /// Wipes everything, and keeps the promise.
    pub fn clear(&mut self, arena: &mut Arena) {
        for at in 0..self.entries.len() {
            self.evict(at, arena);
        }
        self.arrivals.clear();
        self.oldest = None;
    }

    /// Wipes everything and gives up the promise.
    pub fn close(mut self, arena: &mut Arena) {
        self.clear(arena);
        arena.release(self.promised);
    }

    /// When the oldest packet that may still be held arrived.
    pub fn oldest(&self) -> Option<Micros> {
        self.oldest
    }

    /// True if nothing is held.
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    fn evict_oldest(&mut self, arena: &mut Arena) {
        let Some((_, index)) = self.arrivals.pop_front() else { return };
        self.oldest = self.arrivals.front().map(|&(at, _)| at);
        let at = (index % self.entries.len() as u64) as usize;
        if self.entries[at].as_ref().is_some_and(|entry| entry.index == index) {
            self.evict(at, arena);
        }
    }

    fn evict(&mut self, at: usize, arena: &mut Arena) {
        if let Some(entry) = self.entries[at].take() {
            self.held -= 1;
            arena.give_back(entry.slot, entry.length, self.held < self.promised);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::SLOT_SIZE;

    fn arena(slots: usize) -> Arena {
        Arena::new(Box::leak(vec![0; slots * SLOT_SIZE].into_boxed_slice()))
    }

    #[test]
    fn holds_the_newest_packets() {
        let mut arena = arena(8);
        let mut ring = Ring::new(4, 4, &mut arena).unwrap();
        for index in 0..6_u64 {
            ring.insert(Micros(index), index, &[index as u8], Frame::default(), &mut arena);
        }
        assert_eq!(ring.get(1, &arena), None);
        assert_eq!(ring.get(2, &arena).map(|held| held.0), Some(&[2][..]));
        assert_eq!(ring.get(5, &arena).map(|held| held.0), Some(&[5][..]));
    }

    #[test]
    fn a_late_packet_does_not_displace_a_newer_one() {
        let mut arena = arena(8);
        let mut ring = Ring::new(4, 4, &mut arena).unwrap();
        ring.insert(Micros(0), 5, b"new", Frame::default(), &mut arena);
        ring.insert(Micros(1), 1, b"old", Frame::default(), &mut arena);
        assert_eq!(ring.get(5, &arena).map(|held| held.0), Some(&b"new"[..]));
        assert_eq!(ring.get(1, &arena), None);
    }

    #[test]
    fn age_evicts_late_arrivals_on_their_own_time() {
        let mut arena = arena(8);
        let mut ring = Ring::new(8, 4, &mut arena).unwrap();
        ring.insert(Micros(10), 1, b"a", Frame::default(), &mut arena);
        ring.insert(Micros(20), 3, b"c", Frame::default(), &mut arena);
        ring.insert(Micros(30), 2, b"b", Frame::default(), &mut arena);
        ring.expire(Micros(25), &mut arena);
        assert_eq!(ring.get(1, &arena), None);
        assert_eq!(ring.get(3, &arena), None);
        assert_eq!(ring.get(2, &arena).map(|held| held.0), Some(&b"b"[..]));
        ring.expire(Micros(31), &mut arena);
        assert!(ring.is_empty());
    }

    #[test]
    fn rings_share_the_arena_and_keep_what_was_promised() {
        let mut arena = arena(4);
        let mut greedy = Ring::new(16, 1, &mut arena).unwrap();
        let mut modest = Ring::new(16, 2, &mut arena).unwrap();
        for index in 0..10 {
            greedy.insert(Micros(0), index, b"g", Frame::default(), &mut arena);
        }
        assert_eq!((0..10).filter(|&index| greedy.get(index, &arena).is_some()).count(), 2);
        modest.insert(Micros(0), 0, b"m", Frame::default(), &mut arena);
        modest.insert(Micros(0), 1, b"m", Frame::default(), &mut arena);
        assert_eq!(modest.get(0, &arena).map(|held| held.0), Some(&b"m"[..]));
        assert!(Ring::new(4, 1, &mut arena).is_none());
        greedy.close(&mut arena);
        assert!(Ring::new(4, 2, &mut arena).is_some());
    }
}
