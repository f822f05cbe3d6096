//! A publisher of one stream in layers, and a receiver that refuses what it cannot decode.

use crate::peer::{DEPENDENCY, Rtp};
use crate::scene::{OUT_RTX, OUT_VIDEO};
use crate::world::{VIDEO, consumer};
use offrecord_forwarder::api::ConsumerOptions;
use std::collections::{BTreeMap, BTreeSet};

/// Packets of every frame.
const PARTS: u8 = 2;
/// Temporal layer of each picture, and whether it refers to lower ones alone, by how many there are.
const PATTERNS: [&[(u8, bool)]; 3] = [
    &[(0, false)],
    &[(0, false), (1, true), (0, false), (1, false)],
    &[(0, false), (2, true), (1, true), (2, false), (0, false), (2, false), (1, false), (2, false)],
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Vp8,
    Vp9,
    Av1,
}

/// See the module.
pub struct Encoder {
    pub codec: Codec,
    pub ssrc: u32,
    pub spatial: u8,
    pub temporal: u8,
    pub next_index: u64,
    picture: u32,
    since_key_frame: usize,
    /// Newest frame of each layer.
    newest: BTreeMap<(u8, u8), u32>,
}

/// A picture as it was received: the publisher's count, its highest spatial layer, its temporal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    pub number: u32,
    pub spatial: u8,
    pub temporal: u8,
}

/// A consumer on 1000 and its number, with retransmissions on 2000 and that, whose path is not measured.
pub fn subscriber(id: u32, producer: u32, transport: u32) -> ConsumerOptions {
    let rtx_payload_types = vec![(OUT_VIDEO, OUT_RTX)];
    ConsumerOptions { rtx_ssrc: 2_000 + id, rtx_payload_types, ..consumer(id, producer, transport) }
}

impl Encoder {
    pub fn new(codec: Codec, ssrc: u32, spatial: u8, temporal: u8) -> Self {
        let newest = BTreeMap::new();
        Self { codec, ssrc, spatial, temporal, next_index: 100, picture: 0, since_key_frame: 0, newest }
    }

    /// Whether the next picture begins the pattern of temporal layers again: those after it refer to none before it.
    pub fn is_at_start(&self) -> bool {
        self.since_key_frame.is_multiple_of(PATTERNS[usize::from(self.temporal) - 1].len())
    }

    /// The packets of the next picture, 3000 ticks after the one before.
    pub fn picture(&mut self, is_key_frame: bool) -> Vec<Rtp> {
        if is_key_frame {
            self.since_key_frame = 0;
            self.newest.clear();
        }
        let pattern = PATTERNS[usize::from(self.temporal) - 1];
        let (temporal, is_sync) = pattern[self.since_key_frame % pattern.len()];
        let mut packets = Vec::new();
        for spatial in 0..self.spatial {
            let id = self.picture * 4 + u32::from(spatial);
            let mut references: Vec<u32> = Vec::new();
            if is_key_frame {
                references.extend(spatial.checked_sub(1).map(|_| id - 1));
            } else {
                let most = if is_sync { temporal.saturating_sub(1) } else { temporal };
                let of_layers = (0..=most).filter_map(|layer| self.newest.get(&(spatial, layer)));
                references.extend(of_layers);
            }
            self.newest.insert((spatial, temporal), id);
            for part in 0..PARTS {
                let is_last = part + 1 == PARTS;
                let mut payload = self.descriptor((spatial, temporal), part, is_key_frame, is_sync);
                payload.extend(id.to_be_bytes());
                payload.extend([part, spatial, temporal, references.len() as u8]);
                payload.extend(references.iter().flat_map(|id| id.to_be_bytes()));
                payload.resize(100 + 100 * usize::from(spatial), 0);
                packets.push(Rtp {
                    ssrc: self.ssrc,
                    index: self.next_index,
                    timestamp: self.picture * 3_000,
                    payload_type: VIDEO,
                    marker: is_last && spatial + 1 == self.spatial,
                    extensions: self
                        .dependency((spatial, temporal), part, is_key_frame)
                        .into_iter()
                        .collect(),
                    payload,
                });
                self.next_index += 1;
            }
        }
        self.picture += 1;
        self.since_key_frame += 1;
        packets
    }

    /// The dependency descriptor: a template for each layer, and with a key frame's first packet all of them.
    fn dependency(
        &self,
        (spatial, temporal): (u8, u8),
        part: u8,
        is_key_frame: bool,
    ) -> Option<(u8, Vec<u8>)> {
        if self.codec != Codec::Av1 {
            return None;
        }
        let (is_first, is_last) = (part == 0, part + 1 == PARTS);
        let template = spatial * self.temporal + temporal;
        let number = self.picture * u32::from(self.spatial) + u32::from(spatial);
        let mut bits = format!("{}{}{template:06b}", u8::from(is_first), u8::from(is_last));
        bits += &format!("{:016b}", number as u16);
        if is_key_frame && is_first && spatial == 0 {
            bits += &self.structure();
        }
        let bytes = bits
            .as_bytes()
            .chunks(8)
            .map(|chunk| chunk.iter().fold(0, |byte, bit| byte << 1 | (bit & 1)) << (8 - chunk.len()));
        Some((DEPENDENCY, bytes.collect()))
    }

    /// As encoders say it whose spatial layers refer to each other in key frames alone.
    fn structure(&self) -> String {
        let layers: Vec<(u8, u8)> = (0..self.spatial)
            .flat_map(|spatial| (0..self.temporal).map(move |temporal| (spatial, temporal)))
            .collect();
        let mut bits = format!("10000000000{:05b}", layers.len() - 1);
        for pair in layers.windows(2) {
            bits += if pair[0].0 == pair[1].0 { "01" } else { "10" };
        }
        bits += "11";
        for frame in &layers {
            for target in &layers {
                bits += match frame {
                    (spatial, temporal) if *spatial != target.0 || *temporal > target.1 => "00",
                    (_, temporal) if *temporal == target.1 && *temporal > 0 => "01",
                    _ => "10",
                };
            }
        }
        bits + "0000"
    }

    fn descriptor(&self, layer: (u8, u8), part: u8, is_key_frame: bool, is_sync: bool) -> Vec<u8> {
        let (spatial, temporal) = layer;
        let (is_first, is_last) = (part == 0, part + 1 == PARTS);
        let [high, low] = (self.picture as u16 | 0x8000).to_be_bytes();
        match self.codec {
            Codec::Vp8 => {
                let layer = temporal << 6 | u8::from(is_sync) << 5;
                let start = 0x80 | u8::from(is_first) << 4;
                vec![start, 0xe0, high, low, 0, layer, u8::from(!(is_key_frame && is_first))]
            }
            Codec::Vp9 => {
                let first =
                    0xa0 | u8::from(!is_key_frame) << 6 | u8::from(is_first) << 3 | u8::from(is_last) << 2;
                let depends = u8::from(is_key_frame && spatial > 0);
                let layer = temporal << 5 | u8::from(is_sync) << 4 | spatial << 1 | depends;
                vec![first, high, low, layer, 0, 0, 0]
            }
            Codec::Av1 => vec![0x10, 0, 0, 0, 0, 0, 0],
        }
    }
}

/// The pictures in packets of one stream. Fails if numbers have a gap, a frame is not whole, refers to one that is
/// not there, or its picture does not end with the one marker it has.
pub fn decode(codec: Codec, packets: &[Rtp]) -> Vec<Picture> {
    let mut packets = packets.to_vec();
    packets.sort_by_key(|packet| packet.index);
    assert!(packets.windows(2).all(|pair| pair[1].index == pair[0].index + 1), "numbers are contiguous");
    packets.retain(|packet| !packet.payload.is_empty());
    let mut pictures: Vec<Picture> = Vec::new();
    let mut known = BTreeSet::new();
    for picture in packets.chunk_by(|a, b| a.timestamp == b.timestamp) {
        let (last, others) = picture.split_last().unwrap();
        assert!(last.marker && others.iter().all(|packet| !packet.marker), "one marker, at the end");
        for frame in picture.chunk_by(|a, b| id_of(a) == id_of(b)) {
            let parts: Vec<u8> = frame.iter().map(|packet| packet.payload[11]).collect();
            assert_eq!(parts, (0..PARTS).collect::<Vec<_>>(), "a frame is whole");
            let body = &frame[0].payload[11..];
            let references = body[4..][..4 * usize::from(body[3])].chunks(4);
            for reference in references.map(|id| u32::from_be_bytes(id.try_into().unwrap())) {
                assert!(known.contains(&reference), "{} refers to {reference}", id_of(&frame[0]));
            }
            known.insert(id_of(&frame[0]));
        }
        let number = id_of(last) / 4;
        pictures.push(Picture { number, spatial: last.payload[12], temporal: last.payload[13] });
        check_picture_id(codec, &pictures, picture);
    }
    pictures
}

fn id_of(packet: &Rtp) -> u32 {
    u32::from_be_bytes(packet.payload[7..11].try_into().unwrap())
}

/// Of VP8 they count what is received, of VP9 what was sent: references are told as distances.
fn check_picture_id(codec: Codec, pictures: &[Picture], packets: &[Rtp]) {
    if codec == Codec::Av1 {
        return check_frame_numbers(packets);
    }
    let at = if codec == Codec::Vp8 { 2 } else { 1 };
    let first = pictures[0].number as u16;
    let expected = match codec {
        Codec::Vp8 => first + pictures.len() as u16 - 1,
        _ => pictures[pictures.len() - 1].number as u16,
    };
    for packet in packets {
        let id = u16::from_be_bytes([packet.payload[at], packet.payload[at + 1]]) & 0x7fff;
        assert_eq!(id, expected);
    }
}

/// They count what was sent, of two spatial layers.
fn check_frame_numbers(packets: &[Rtp]) {
    for packet in packets {
        let [(12, value)] = &packet.extensions[..] else { panic!("{packet:?}") };
        let id = id_of(packet);
        assert_eq!(u16::from_be_bytes([value[1], value[2]]), (id / 4 * 2 + id % 4) as u16);
    }
}
