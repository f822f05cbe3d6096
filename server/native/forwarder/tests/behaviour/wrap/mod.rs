//! Sequence numbers wrap, and SRTP's roll-over counters with them: of publishers, of subscribers, and of either's
//! retransmissions, where packets are lost and overtake each other.

mod first_packet;
mod layer_switch;
mod publishers_losses;
mod publishers_repairs;
mod roll_over;
mod subscribers_losses;
mod subscribers_repairs;

use crate::peer::{Received, Rtp, nack};
use crate::world::{MILLISECOND, RTX, SECOND, VIDEO, World, vp8};
use core::time::Duration;
use offrecord_netem::{Loss, Profile};
use std::collections::BTreeMap;

/// The first packet whose sequence number is 0 again.
pub const WRAP: u64 = 1 << 16;
/// Between two packets.
const SPACING: u64 = 4 * MILLISECOND;
/// Between two requests of the subscriber.
const REQUESTS: u64 = 40 * MILLISECOND;
/// So far back a subscriber asks.
const REACH: u64 = 300;

/// A path that loses one packet in so many hundreds, and lets others overtake.
pub fn lossy(percent: u8) -> Profile {
    Profile {
        loss: Loss::Random { share: f64::from(percent) / 100.0 },
        delay: Duration::from_millis(15),
        jitter: Duration::from_millis(8),
        jitter_reorders: true,
        duplicates: 0.01,
        ..Profile::default()
    }
}

/// A frame of one packet.
pub fn frame(ssrc: u32, index: u64, is_key_frame: bool) -> Rtp {
    let mut payload = vp8(is_key_frame, index as u16 & 0x7fff, index as u8);
    payload.extend(index.to_be_bytes());
    let timestamp = (index as u32).wrapping_mul(3_000);
    Rtp { ssrc, index, timestamp, payload_type: VIDEO, marker: true, payload, ..Rtp::default() }
}

/// The publisher's index, as [`frame`] wrote it into the payload.
pub fn source(packet: &Rtp) -> u64 {
    u64::from_be_bytes(packet.payload.last_chunk().copied().unwrap())
}

/// A publisher, peer 0, that sends again what it is asked for, and a subscriber, peer 1, that asks for what it misses.
pub struct Call {
    pub world: World,
    /// SSRC of the publisher's retransmissions and the index of the next; without them it repeats to the byte.
    pub repairs: Option<(u32, u64)>,
    /// The subscriber's SSRC.
    pub media: u32,
    /// What the subscriber has, by its own index. Retransmissions are unwrapped.
    pub seen: BTreeMap<u64, Rtp>,
    /// How much was sent again: by the publisher, to the subscriber in a stream of its own, and there the newest index.
    pub repaired: u64,
    pub resent: u64,
    pub newest_repair: u64,
    sent: BTreeMap<(u32, u16), Rtp>,
    next_request: u64,
    next_check: u64,
}

impl Call {
    pub fn new(world: World, media: u32) -> Self {
        Self {
            world,
            repairs: None,
            media,
            seen: BTreeMap::new(),
            repaired: 0,
            resent: 0,
            newest_repair: 0,
            sent: BTreeMap::new(),
            next_request: 0,
            next_check: 0,
        }
    }

    /// The publisher sends a packet, and time passes.
    pub fn send(&mut self, packet: Rtp) {
        self.world.send_rtp(0, &packet);
        self.sent.insert((packet.ssrc, packet.index as u16), packet);
        self.pass(SPACING);
    }

    /// The publisher sends packets fast, of which none is lost.
    pub fn send_fast(&mut self, packets: impl Iterator<Item = Rtp>) {
        for packet in packets {
            self.world.send_rtp(0, &packet);
            self.world.advance(MILLISECOND);
            self.stay();
        }
        self.pass(MILLISECOND);
    }

    fn stay(&mut self) {
        if self.world.now >= self.next_check {
            self.next_check = self.world.now + 10 * SECOND;
            self.world.keep_consent();
        }
    }

    /// Time passes, and both do what they have to.
    pub fn pass(&mut self, duration: u64) {
        self.world.advance(duration);
        self.stay();
        self.answer();
        self.take();
        if self.world.now >= self.next_request {
            self.next_request = self.world.now + REQUESTS;
            for missing in self.missing().chunks(64) {
                self.world.send_rtcp(1, nack(self.media, missing));
            }
        }
    }

    /// Nothing is lost any more, and what is missing comes.
    pub fn settle(&mut self) {
        self.world.set_paths(Profile::default(), Profile::default());
        (0..50).for_each(|_| self.pass(20 * MILLISECOND));
    }

    fn answer(&mut self) {
        for (_, what) in self.world.peers[0].received.split_off(0) {
            let Received::Rtcp(compound) = what else { continue };
            if !compound.starts_with(&[0x81, 205]) {
                continue;
            }
            let media = u32::from_be_bytes(compound[8..12].try_into().unwrap());
            for entry in compound[12..].chunks(4) {
                let [first, mask] = [0, 2].map(|at| u16::from_be_bytes([entry[at], entry[at + 1]]));
                let behind =
                    (0..16).filter(|bit| mask >> bit & 1 == 1).map(|bit| first.wrapping_add(bit + 1));
                for sequence in core::iter::once(first).chain(behind) {
                    // What was left out, or sent fast, is not there any more.
                    if let Some(packet) = self.sent.get(&(media, sequence)).cloned() {
                        self.send_again(&packet);
                    }
                }
            }
        }
    }

    fn send_again(&mut self, packet: &Rtp) {
        self.repaired += 1;
        let Some((ssrc, index)) = &mut self.repairs else { return self.world.send_rtp(0, packet) };
        let payload = [&(packet.index as u16).to_be_bytes()[..], &packet.payload].concat();
        let repair = Rtp { ssrc: *ssrc, index: *index, payload_type: RTX, payload, ..packet.clone() };
        *index += 1;
        self.world.send_rtp(0, &repair);
    }

    fn take(&mut self) {
        for (_, what) in self.world.peers[1].received.split_off(0) {
            let Received::Rtp { packet, .. } = what else { continue };
            let index = if packet.ssrc == self.media {
                packet.index
            } else {
                self.resent += 1;
                self.newest_repair = self.newest_repair.max(packet.index);
                let sequence = u16::from_be_bytes([packet.payload[0], packet.payload[1]]);
                let newest = self.newest();
                newest.checked_add_signed((sequence.wrapping_sub(newest as u16) as i16).into()).unwrap()
            };
            let payload = packet.payload[if packet.ssrc == self.media { 0 } else { 2 }..].to_vec();
            let packet = Rtp { payload, ..packet };
            if let Some(before) = self.seen.get(&index) {
                assert_eq!(source(before), source(&packet), "one number, one packet");
            }
            self.seen.insert(index, packet);
        }
    }

    fn newest(&self) -> u64 {
        self.seen.last_key_value().map_or(0, |(&index, _)| index)
    }

    fn missing(&self) -> Vec<u16> {
        let Some((&first, _)) = self.seen.first_key_value() else { return Vec::new() };
        let newest = self.newest();
        let reach = newest.saturating_sub(REACH).max(first)..newest;
        reach.filter(|index| !self.seen.contains_key(index)).map(|index| index as u16).collect()
    }

    /// Fails unless the subscriber has all that the publisher sent from this index on, each under the number that is as
    /// far from the first as the publisher's is.
    pub fn assert_whole(&self, indices: core::ops::Range<u64>) {
        let (&first, packet) = self.seen.first_key_value().unwrap();
        assert_eq!(source(packet), indices.start);
        let received: Vec<u64> = self.seen.keys().map(|index| index - first).collect();
        let sources: Vec<u64> = self.seen.values().map(|packet| source(packet) - indices.start).collect();
        assert_eq!(received, sources);
        assert_eq!(received, (0..indices.end - indices.start).collect::<Vec<_>>());
    }
}
