//! Data channels: the records of DTLS, and what of SCTP goes as it always goes.
//!
//! A handshake, an association and whatever is out of the ordinary are another's: here one message becomes a
//! datagram for each who gets it, and an acknowledgement is taken off what is under way.

mod lane;
mod packet;
mod record;

use std::sync::Arc;

pub use lane::{Channel, Given, LONGEST, MOST_UNDER_WAY, Sent, Terms};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use packet::write_plain_sack;
pub use record::Secrets;

use crate::api::Micros;
use lane::Lane;
use record::{ALERT, APPLICATION_DATA, CLOSE_NOTIFY, Records};

/// What a peer sent that somebody else has to do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// One packet of SCTP.
    Packet(&'a [u8]),
    /// The peer has closed the connection, or says that it is broken. Nothing comes after it.
    Goodbye,
}

/// One DTLS connection after its handshake, with what is under way on its association.
pub struct Session {
    records: Records,
    lane: Option<Lane>,
}

impl Session {
    /// Of the connection whose handshake ended with `secrets`.
    #[must_use]
    pub fn new(secrets: &Secrets<'_>) -> Option<Self> {
        Some(Self { records: Records::new(secrets)?, lane: None })
    }

    /// One packet of SCTP as a datagram; `None` when there are no more numbers for records.
    pub fn seal(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        self.records.seal(APPLICATION_DATA, packet.len(), |out| out.extend_from_slice(packet))
    }

    /// The datagram that tells the peer that nothing comes any more (RFC 5246 section 7.2.1).
    pub fn goodbye(&mut self) -> Option<Vec<u8>> {
        self.records.seal(ALERT, CLOSE_NOTIFY.len(), |out| out.extend_from_slice(&CLOSE_NOTIFY))
    }

    /// Takes a datagram, of which the bytes are undefined afterwards; true if any of it came from the peer. What is
    /// not authentic or came before is nothing; acknowledgements of what the lane has sent are done with.
    pub fn receive(&mut self, datagram: &mut [u8], now: Micros, mut left: impl FnMut(Received<'_>)) -> bool {
        let mut is_from_peer = false;
        let mut rest = datagram;
        while let Some((record, after)) = record::split(rest) {
            rest = after;
            let Some((kind, text)) = self.records.unseal(record) else { continue };
            is_from_peer = true;
            if kind == APPLICATION_DATA {
                if !self.lane.as_mut().is_some_and(|lane| lane.acknowledge(text, now)) {
                    left(Received::Packet(text));
                }
            } else if record::is_last(text) {
                left(Received::Goodbye);
                break;
            }
        }
        is_from_peer
    }

    /// From now on what is sent is numbered here, until [`Session::give_back`].
    pub fn take_over(&mut self, terms: Terms) {
        self.lane = Some(Lane::new(terms));
    }

    /// What the lane has come to; `None` if there is none.
    pub fn give_back(&mut self) -> Option<Given> {
        self.lane.take().map(Lane::give_back)
    }

    /// A whole binary message as a datagram; `None`, and nothing done, where it has to wait for something or goes
    /// another way.
    pub fn send(&mut self, reliable: bool, message: &Arc<[u8]>, now: Micros) -> Option<Vec<u8>> {
        let lane = self.lane.as_mut()?;
        let chunk = lane.next(reliable, message)?;
        let datagram =
            self.records.seal(APPLICATION_DATA, chunk.length(), |out| chunk.write(lane.peer_tag(), out))?;
        lane.sent(reliable, message, now);
        Some(datagram)
    }

    /// Whether something is under way that the lane has sent.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.lane.as_ref().is_some_and(Lane::is_waiting)
    }

    /// Whether it should have been acknowledged by now.
    #[must_use]
    pub fn is_overdue(&self, now: Micros) -> bool {
        self.lane.as_ref().is_some_and(|lane| lane.is_overdue(now))
    }
}

#[cfg(test)]
mod tests;
