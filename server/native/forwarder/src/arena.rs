//! The one piece of memory that holds media between calls: fixed slots, wiped when given back.

use zeroize::Zeroize;

/// Bytes of a slot: an Ethernet frame's worth of datagram and to spare.
pub const SLOT_SIZE: usize = 1536;

/// Packet slots in memory that the caller mapped and locked. Wiped as a whole on drop.
pub struct Arena {
    memory: &'static mut [u8],
    free: Vec<u32>,
    /// Slots promised to rings and not yet taken by them.
    promised: usize,
}

/// A taken slot. Not `Clone`: it is given back once.
#[derive(Debug)]
pub(crate) struct Slot(u32);

impl Arena {
    /// Cuts `memory` into slots of [`SLOT_SIZE`]; a remainder stays unused.
    #[must_use]
    pub fn new(memory: &'static mut [u8]) -> Self {
        let slots = u32::try_from(memory.len() / SLOT_SIZE).unwrap_or(u32::MAX);
        Self { memory, free: (0..slots).rev().collect(), promised: 0 }
    }

    /// Promises slots to a ring, which may then take as many at any time. False if there are not
    /// enough.
    pub(crate) fn promise(&mut self, slots: usize) -> bool {
        let enough = self.free.len() >= self.promised + slots;
        if enough {
            self.promised += slots;
        }
        enough
    }

    /// Takes back a promise, of which nothing is taken any more.
    pub(crate) fn release(&mut self, slots: usize) {
        self.promised -= slots;
    }

    /// Stores a packet; `None` if it is too long or nothing is free. `is_promised` says that the
    /// ring holds less than it was promised.
    pub(crate) fn store(&mut self, packet: &[u8], is_promised: bool) -> Option<Slot> {
        if packet.len() > SLOT_SIZE || (!is_promised && self.free.len() <= self.promised) {
            return None;
        }
        let slot = self.free.pop()?;
        if is_promised {
            self.promised -= 1;
        }
        let start = slot as usize * SLOT_SIZE;
        self.memory[start..start + packet.len()].copy_from_slice(packet);
        Some(Slot(slot))
    }

    /// The first bytes of a slot.
    pub(crate) fn bytes(&self, slot: &Slot, length: usize) -> &[u8] {
        &self.memory[slot.0 as usize * SLOT_SIZE..][..length]
    }

    /// Wipes a slot and makes it free. `is_promised` as it will be: the ring holds less than promised.
    pub(crate) fn give_back(&mut self, slot: Slot, length: usize, is_promised: bool) {
        let bytes = &mut self.memory[slot.0 as usize * SLOT_SIZE..][..length];
        bytes.fill(0);
        // As with `zeroize`, the compiler may not take the writes for dead; but that writes byte by
        // byte, which for every packet costs more than forwarding it once.
        core::hint::black_box(bytes);
        if is_promised {
            self.promised += 1;
        }
        self.free.push(slot.0);
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        self.memory.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arena(slots: usize) -> Arena {
        Arena::new(Box::leak(vec![0; slots * SLOT_SIZE + 100].into_boxed_slice()))
    }

    #[test]
    fn a_slot_is_wiped_when_given_back() {
        let mut arena = arena(1);
        let slot = arena.store(b"media", false).unwrap();
        assert_eq!(arena.bytes(&slot, 5), b"media");
        assert!(arena.store(b"more", false).is_none());
        arena.give_back(slot, 5, false);
        assert!(arena.memory.iter().all(|&byte| byte == 0));
        assert!(arena.store(b"more", false).is_some());
    }

    #[test]
    fn promised_slots_are_kept_for_their_ring() {
        let mut arena = arena(3);
        assert!(arena.promise(2));
        assert!(!arena.promise(2));
        let _greedy = arena.store(b"a", false).unwrap();
        assert!(arena.store(b"b", false).is_none());
        let first = arena.store(b"c", true).unwrap();
        let _second = arena.store(b"d", true).unwrap();
        arena.give_back(first, 1, true);
        assert!(arena.store(b"e", false).is_none());
        assert!(arena.store(b"f", true).is_some());
    }

    #[test]
    fn packets_longer_than_a_slot_are_not_stored() {
        assert!(arena(1).store(&[0; SLOT_SIZE + 1], false).is_none());
    }
}
