//! What became of packets.

use core::time::Duration;

use crate::histogram::Histogram;

/// Packets and their bytes, headers of IP and UDP included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub packets: u64,
    /// Of all of them together.
    pub bytes: u64,
}

impl Amount {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes as u64;
    }
}

/// Why a packet was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The law of losses.
    Loss,
    /// A blackout.
    Blackout,
    /// The queue of the bottleneck was full.
    Queue,
    /// The emulator holds as many bytes as it may.
    Memory,
}

/// Of one link, since the last clearing. Offered and duplicated are delivered, dropped or under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Packets that came to the link.
    pub offered: Amount,
    /// Packets that arrived, copies included.
    pub delivered: Amount,
    /// By the law of losses.
    pub lost: Amount,
    /// In a blackout.
    pub blacked_out: Amount,
    /// By a full queue.
    pub overflowed: Amount,
    /// For want of memory in the emulator.
    pub refused: Amount,
    /// Copies made.
    pub duplicated: Amount,
    /// Held back so that others overtook them.
    pub held_back: Amount,
    /// Time at the bottleneck, the packet's own transmission included.
    pub waited: Histogram,
}

impl Counts {
    pub(crate) fn drop(&mut self, cause: Cause, bytes: usize) {
        match cause {
            Cause::Loss => &mut self.lost,
            Cause::Blackout => &mut self.blacked_out,
            Cause::Queue => &mut self.overflowed,
            Cause::Memory => &mut self.refused,
        }
        .add(bytes);
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.waited.record(time);
    }
}
