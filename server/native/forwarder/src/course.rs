//! What one incoming track has been through, in plain counts that outlive the SSRCs of its streams.

use crate::reception::Reception;

/// Packets as they came on the path; what was sent again is counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Course {
    pub packets: u64,
    /// Headers included, opened.
    pub bytes: u64,
    /// Packets that came only when they were sent again.
    pub repaired: u64,
    pub key_frames: u32,
    /// Of streams that have begun anew since.
    lost_before: u64,
    /// Sum of what receiver reports said, in microseconds.
    jitter: u64,
    reports: u64,
}

impl Course {
    /// A packet came on its own.
    pub fn receive(&mut self, length: usize) {
        self.packets += 1;
        self.bytes += length as u64;
    }

    /// A packet came when it was sent again.
    pub fn repair(&mut self, length: usize) {
        self.repaired += 1;
        self.bytes += length as u64;
    }

    /// A stream begins anew: what it had lost is kept.
    pub fn turn(&mut self, reception: &Reception) {
        self.lost_before += reception.lost();
    }

    /// A receiver report said so much jitter, in units of a clock.
    pub fn note_jitter(&mut self, jitter: u32, clock_rate: u32) {
        self.jitter += u64::from(jitter) * 1_000_000 / u64::from(clock_rate.max(1));
        self.reports += 1;
    }

    /// Packets that were lost on the way, sent again or not, with those that streams have lost since.
    pub fn lost<'a>(&self, streams: impl Iterator<Item = &'a Reception>) -> u64 {
        self.lost_before + streams.map(Reception::lost).sum::<u64>()
    }

    /// Mean jitter, in microseconds.
    pub fn mean_jitter(&self) -> u64 {
        self.jitter.checked_div(self.reports).unwrap_or(0)
    }
}
