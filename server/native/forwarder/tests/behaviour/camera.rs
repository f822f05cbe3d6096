//! A publisher of simulcast video at given rates, with key frames where they are asked for.

use crate::peer::{MID, RID, Received, Rtp};
use crate::world::{SECOND, VIDEO, World, repaired_simulcast, vp8};
use offrecord_forwarder::Command;
use offrecord_forwarder::api::Encoding;

const RIDS: [&str; 3] = ["q", "h", "f"];
const INTERVAL: u64 = SECOND / 30;
const PACKET: usize = 1_100;
/// Temporal layer of each picture, and whether it refers to the lowest alone.
const PATTERN: [(u8, bool); 4] = [(0, false), (2, true), (1, true), (2, false)];
/// So much larger is a key frame.
const KEY_FRAME: u64 = 5;

/// See the module.
pub struct Camera {
    peer: usize,
    pub producer: u32,
    /// Bits a second, lowest layer first.
    pub rates: Vec<u64>,
    /// Each encoding is in three temporal layers.
    pub is_layered: bool,
    next_at: u64,
    frame: u64,
    next_index: [u64; 3],
    wanted: [bool; 3],
}

impl Camera {
    /// The peer publishes under the producer's id; its layers have SSRCs from 100 times that on.
    pub fn new(world: &mut World, peer: usize, producer: u32, rates: &[u64]) -> Self {
        let mut options = repaired_simulcast(producer, world.peers[peer].id);
        let encoding =
            |layer: usize| Encoding { rid: RIDS[layer].into(), ssrc: ssrc(producer, layer), rtx_ssrc: 0 };
        options.encodings = (0..rates.len()).map(encoding).collect();
        world.command(Command::CreateProducer(options));
        Self {
            peer,
            producer,
            rates: rates.to_vec(),
            is_layered: false,
            next_at: world.now,
            frame: 0,
            next_index: [0; 3],
            wanted: [true; 3],
        }
    }

    /// Sends what is due by now.
    pub fn step(&mut self, world: &mut World) {
        for (_, what) in world.peers[self.peer].received.drain(..) {
            let Received::Rtcp(compound) = what else { continue };
            for packet in compound.chunks(12).filter(|packet| packet.starts_with(&[0x81, 206])) {
                let media = u32::from_be_bytes(packet[8..12].try_into().unwrap());
                for layer in 0..self.rates.len() {
                    self.wanted[layer] |= media == ssrc(self.producer, layer);
                }
            }
        }
        while self.next_at <= world.now {
            for layer in 0..self.rates.len() {
                if self.rates[layer] > 0 {
                    self.send_frame(world, layer);
                }
            }
            self.frame += 1;
            self.next_at += INTERVAL;
        }
    }

    fn send_frame(&mut self, world: &mut World, layer: usize) {
        let is_key_frame = core::mem::take(&mut self.wanted[layer]);
        let bytes = self.rates[layer] * INTERVAL / SECOND / 8;
        let mut left = if is_key_frame { bytes * KEY_FRAME } else { bytes } as usize;
        let mut is_first = true;
        while left > 0 {
            let size = left.min(PACKET);
            left -= size;
            let mut payload = vp8(is_key_frame, self.frame as u16 & 0x7fff, self.frame as u8);
            if self.is_layered && !is_key_frame {
                let (temporal, is_sync) = PATTERN[self.frame as usize % 4];
                payload[5] = temporal << 6 | u8::from(is_sync) << 5;
            }
            if !is_first {
                payload[0] &= !0x10;
                payload[6] = 1;
            }
            payload.resize(payload.len().max(size), 7);
            let packet = Rtp {
                ssrc: ssrc(self.producer, layer),
                index: self.next_index[layer],
                timestamp: (self.frame * 3_000) as u32,
                payload_type: VIDEO,
                marker: left == 0,
                extensions: vec![(MID, b"1".to_vec()), (RID, RIDS[layer].into())],
                payload,
            };
            self.next_index[layer] += 1;
            is_first = false;
            world.send_rtp(self.peer, &packet);
        }
    }
}

fn ssrc(producer: u32, layer: usize) -> u32 {
    producer * 100 + layer as u32
}
