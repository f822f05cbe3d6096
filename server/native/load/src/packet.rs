//! VP8 over RTP under AEAD_AES_128_GCM, as a browser sends it (RFC 3550, RFC 7741, RFC 7714).

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;

use crate::plan::{Plan, Publisher};

/// Packets per frame; the last has the marker bit.
const FRAME_PACKETS: u64 = 4;
/// A key frame every so many frames, since requests for one are not read.
const KEY_FRAME_INTERVAL: u64 = 60;
/// 90 kHz over 30 frames a second.
const FRAME_TICKS: u64 = 3000;
/// Fixed header, extension header and one extension element with its padding.
const HEADER_BYTES: usize = 12 + 4 + 4;
/// What SRTP adds to a packet.
pub const TAG_BYTES: usize = 16;

/// Makes one stream, packet after packet.
pub struct Stream {
    key: LessSafeKey,
    salt: [u8; 12],
    ssrc: u32,
    payload_type: u8,
    extension: u8,
    bytes: usize,
    sent: u64,
    buffer: Vec<u8>,
}

impl Stream {
    /// Sets the cipher up once.
    pub fn new(plan: &Plan, publisher: &Publisher, ssrc: u32) -> Result<Self, Unspecified> {
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &publisher.key)?),
            salt: publisher.salt,
            ssrc,
            payload_type: plan.payload_type,
            extension: plan.extension,
            bytes: plan.bytes,
            sent: 0,
            buffer: Vec::with_capacity(plan.bytes + TAG_BYTES),
        })
    }

    /// The next protected packet.
    pub fn next(&mut self) -> Result<&[u8], Unspecified> {
        let (frame, place) = (self.sent / FRAME_PACKETS, self.sent % FRAME_PACKETS);
        let sequence = (self.sent & 0xFFFF) as u16;
        let rollover = (self.sent >> 16) as u32;
        let marker = if place == FRAME_PACKETS - 1 { 0x80 } else { 0 };
        let timestamp = (frame * FRAME_TICKS) as u32;

        self.buffer.clear();
        self.buffer.extend_from_slice(&[0x90, marker | self.payload_type]);
        self.buffer.extend_from_slice(&sequence.to_be_bytes());
        self.buffer.extend_from_slice(&timestamp.to_be_bytes());
        self.buffer.extend_from_slice(&self.ssrc.to_be_bytes());
        self.buffer.extend_from_slice(&[0xBE, 0xDE, 0, 1, self.extension << 4 | 1]);
        self.buffer.extend_from_slice(&sequence.to_be_bytes());
        self.buffer.push(0);
        self.describe(frame, place);
        self.buffer.resize(self.bytes, 0x55);

        // RFC 7714 section 8.1: 00 00 SSRC ROC SEQ, exclusive-or the salt.
        let mut nonce = [0; 12];
        nonce[2..6].copy_from_slice(&self.ssrc.to_be_bytes());
        nonce[6..10].copy_from_slice(&rollover.to_be_bytes());
        nonce[10..].copy_from_slice(&sequence.to_be_bytes());
        for (byte, salt) in nonce.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        let (header, payload) = self.buffer.split_at_mut(HEADER_BYTES);
        let tag = self.key.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&*header),
            payload,
        )?;
        self.buffer.extend_from_slice(tag.as_ref());
        self.sent += 1;
        Ok(&self.buffer)
    }

    /// VP8 payload descriptor with a 15-bit picture id, then the first byte of a frame.
    fn describe(&mut self, frame: u64, place: u64) {
        let start = if place == 0 { 0x10 } else { 0 };
        let picture = 0x8000 | (frame & 0x7FFF) as u16;
        self.buffer.extend_from_slice(&[0x80 | start, 0x80]);
        self.buffer.extend_from_slice(&picture.to_be_bytes());
        let delta = u8::from(!frame.is_multiple_of(KEY_FRAME_INTERVAL));
        if place == 0 {
            // A key frame goes on with its start code and size.
            self.buffer.extend_from_slice(&[delta, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00]);
        }
    }

    /// How many packets were made.
    pub fn sent(&self) -> u64 {
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn stream() -> Stream {
        let plan = Plan {
            publishers: vec![],
            subscribers: vec![],
            ssrc: 0x0102_0304,
            payload_type: 96,
            extension: 5,
            bytes: 1200,
            rate: 1,
            burst: 1,
            is_cut: false,
            duration: Duration::ZERO,
            settle: Duration::ZERO,
            each: false,
        };
        let publisher = Publisher { socket: 0, key: [1; 16], salt: [2; 12] };
        Stream::new(&plan, &publisher, plan.ssrc).expect("a stream")
    }

    #[test]
    fn packets_have_the_size_asked_for_and_open_again() {
        let mut stream = stream();
        let mut packet = stream.next().expect("a packet").to_vec();
        assert_eq!(packet.len(), 1200 + 16);
        assert_eq!(packet[1], 96);
        let mut nonce = [2, 2, 3, 0, 1, 6, 2, 2, 2, 2, 2, 2];
        nonce[4] = 0x03 ^ 2;
        nonce[5] = 0x04 ^ 2;
        nonce[2] = 0x01 ^ 2;
        nonce[3] = 0x02 ^ 2;
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[1; 16]).expect("a key"));
        let (header, sealed) = packet.split_at_mut(HEADER_BYTES);
        let opened = key
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&*header), sealed)
            .expect("authentic");
        assert_eq!(opened[..5], [0x90, 0x80, 0x80, 0x00, 0x00]);
    }

    #[test]
    fn the_marker_ends_each_frame() {
        let mut stream = stream();
        let markers: Vec<bool> = (0..8).map(|_| stream.next().expect("a packet")[1] & 0x80 != 0).collect();
        assert_eq!(markers, [false, false, false, true, false, false, false, true]);
    }
}
