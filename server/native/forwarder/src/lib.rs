//! The sans-IO packet core of the relay: no socket, no clock, no file.
//!
//! `Forwarder` takes datagrams, commands and the time, and fills an [`Outbox`] with datagrams to send
//! and events to tell. Everything a peer sends is hostile input: nothing here panics on it.

pub mod api;
mod arena;
mod bucket;
mod candidates;
mod codec;
mod commands;
mod consumer;
mod course;
mod credentials;
pub mod data;
mod demux;
mod downlink;
mod ending;
mod feedback;
mod forwarder;
pub mod framing;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod hash;
mod incoming;
mod key_frames;
mod layers;
mod loudest;
mod media;
mod missing;
mod outgoing;
mod path;
mod playout;
mod producer;
mod quality;
mod rate;
mod receivers;
mod reception;
mod release;
mod ring;
mod rtcp;
mod rtp;
mod rtx;
mod shedding;
mod srtp;
mod stun;
mod table;
mod tick;
mod traffic;
mod transport;
mod transport_cc;
mod voice;

pub use api::{Command, Event, Micros, Outbox};
pub use arena::{Arena, SLOT_SIZE};
pub use candidates::{Candidate, CandidateKind, MAX_CANDIDATES};
pub use downlink::Bandwidth;
pub use ending::{PathKind, ProducerEnding, TransportEnding};
pub use forwarder::Forwarder;
pub use playout::PlayoutDelay;
pub use quality::Quality;

/// The bytes of a test vector.
#[cfg(test)]
fn hex(digits: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    digits.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
