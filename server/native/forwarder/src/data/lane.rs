//! The sending side of an association while nothing is lost and nothing waits: messages of one packet, numbered, kept
//! until they are acknowledged. Anything else is for whoever gave it away, who takes it back for that.

use super::packet::{Chunk, plain_sack};
use crate::api::Micros;
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes of a message that fits into a packet, as aiortc cuts them.
pub const LONGEST: usize = 1160;
/// Messages that were sent and not acknowledged.
pub const MOST_UNDER_WAY: usize = 32;

/// A stream that messages go out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its number.
    pub stream: u16,
    /// What the next message has, of an ordered one.
    pub sequence: u16,
    /// Whether messages are told in the order in which they were sent.
    pub ordered: bool,
}

/// With what a lane begins.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// What the peer's packets carry.
    pub own_tag: u32,
    /// What ours carry.
    pub peer_tag: u32,
    /// Of the next chunk; all before are acknowledged.
    pub next_tsn: u32,
    /// Bytes that may be under way: nothing is sent once there are as many.
    pub window: usize,
    /// How long an acknowledgement may take.
    pub patience: Micros,
    /// The channel for what may be lost, and the one for what may not.
    pub channels: [Option<Channel>; 2],
}

/// A message that was sent and not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its chunk's number.
    pub tsn: u32,
    /// On which of the two channels.
    pub reliable: bool,
    /// Its number in the stream.
    pub sequence: u16,
    /// Shared by all who get it.
    pub message: Arc<[u8]>,
    /// When.
    pub at: Micros,
}

/// What a lane has come to.
#[derive(Clone, Debug)]
pub struct Given {
    /// Of the next chunk.
    pub next_tsn: u32,
    /// With the sequence numbers of what comes next.
    pub channels: [Option<Channel>; 2],
    /// The last round trip that was measured, if any.
    pub round_trip: Option<Micros>,
    /// What is under way, oldest first.
    pub sent: VecDeque<Sent>,
}

/// See the module.
pub(super) struct Lane {
    terms: Terms,
    sent: VecDeque<Sent>,
    bytes: usize,
    round_trip: Option<Micros>,
}

impl Lane {
    /// With nothing under way.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        Self { terms, sent: VecDeque::new(), bytes: 0, round_trip: None }
    }

    pub(super) fn peer_tag(&self) -> u32 {
        self.terms.peer_tag
    }

    /// The chunk that a message becomes, if it may leave now.
    pub(super) fn next<'a>(&self, reliable: bool, message: &'a [u8]) -> Option<Chunk<'a>> {
        let Channel { stream, sequence, ordered } = self.terms.channels[usize::from(reliable)]?;
        let is_free = self.sent.len() < MOST_UNDER_WAY && self.bytes < self.terms.window;
        if !is_free || message.is_empty() || message.len() > LONGEST {
            return None;
        }
        Some(Chunk { tsn: self.terms.next_tsn, stream, sequence, ordered, message })
    }

    /// [`Lane::next`] has left.
    pub(super) fn sent(&mut self, reliable: bool, message: &Arc<[u8]>, now: Micros) {
        let Some(channel) = &mut self.terms.channels[usize::from(reliable)] else { return };
        let sent = Sent {
            tsn: self.terms.next_tsn,
            reliable,
            sequence: channel.sequence,
            message: Arc::clone(message),
            at: now,
        };
        if channel.ordered {
            channel.sequence = channel.sequence.wrapping_add(1);
        }
        self.terms.next_tsn = self.terms.next_tsn.wrapping_add(1);
        self.bytes += message.len();
        self.sent.push_back(sent);
    }

    /// Takes a plain acknowledgement; false, and nothing done, where a packet is anything else, or acknowledges what
    /// was never sent.
    pub(super) fn acknowledge(&mut self, packet: &[u8], now: Micros) -> bool {
        let Some(cumulative) = plain_sack(packet, self.terms.own_tag) else { return false };
        let outstanding = self.terms.next_tsn.wrapping_sub(1).wrapping_sub(cumulative);
        if outstanding >= 1 << 31 {
            return false;
        }
        while self.sent.len() > outstanding as usize
            && let Some(sent) = self.sent.pop_front()
        {
            self.bytes -= sent.message.len();
            self.round_trip = Some(Micros(now.0.saturating_sub(sent.at.0)));
        }
        true
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.sent.is_empty()
    }

    pub(super) fn is_overdue(&self, now: Micros) -> bool {
        self.sent.front().is_some_and(|sent| sent.at.0 + self.terms.patience.0 <= now.0)
    }

    pub(super) fn give_back(self) -> Given {
        let Self { terms, sent, round_trip, .. } = self;
        Given { next_tsn: terms.next_tsn, channels: terms.channels, round_trip, sent }
    }
}
