//! A participant's end: keys, streams it sends, what it has received.

use super::crypto::{Direction, binding_request, master};
use core::net::SocketAddr;
use offrecord_forwarder::Command;
use offrecord_forwarder::api::SrtpProfile;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// Identifiers that the test peers' descriptions give to extensions.
pub const MID: u8 = 1;
pub const RID: u8 = 2;
pub const REPAIRED_RID: u8 = 3;
pub const AUDIO_LEVEL: u8 = 4;
pub const TRANSPORT_CC: u8 = 5;
pub const DEPENDENCY: u8 = 7;

/// An RTP packet as a peer makes or sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rtp {
    pub ssrc: u32,
    /// Roll-over counter and sequence number.
    pub index: u64,
    pub timestamp: u32,
    pub payload_type: u8,
    pub marker: bool,
    pub extensions: Vec<(u8, Vec<u8>)>,
    pub payload: Vec<u8>,
}

impl Default for Rtp {
    fn default() -> Self {
        let payload = b"payload".to_vec();
        Self { ssrc: 0, index: 0, timestamp: 0, payload_type: 96, marker: false, extensions: vec![], payload }
    }
}

impl Rtp {
    fn header(&self) -> Vec<u8> {
        let has_extensions = !self.extensions.is_empty();
        let mut bytes =
            vec![0x80 | u8::from(has_extensions) << 4, u8::from(self.marker) << 7 | self.payload_type];
        bytes.extend((self.index as u16).to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.extend(self.ssrc.to_be_bytes());
        if has_extensions {
            let mut block = Vec::new();
            for (id, value) in &self.extensions {
                block.push(id << 4 | (value.len() - 1) as u8);
                block.extend(value);
            }
            block.resize(block.len().next_multiple_of(4), 0);
            bytes.extend([0xbe, 0xde]);
            bytes.extend((block.len() as u16 / 4).to_be_bytes());
            bytes.extend(block);
        }
        bytes
    }

    fn parse(packet: &[u8], header: usize, index: u64) -> Self {
        let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
        let mut extensions = Vec::new();
        let mut at = 16;
        while at < header {
            let length = usize::from(packet[at] & 15) + 1;
            if packet[at] == 0 {
                at += 1;
                continue;
            }
            extensions.push((packet[at] >> 4, packet[at + 1..at + 1 + length].to_vec()));
            at += 1 + length;
        }
        Self {
            ssrc: word(8),
            index,
            timestamp: word(4),
            payload_type: packet[1] & 0x7f,
            marker: packet[1] & 0x80 != 0,
            extensions,
            payload: packet[header..].to_vec(),
        }
    }
}

/// What arrived at a peer.
#[derive(Clone, Debug)]
pub enum Received {
    Rtp {
        packet: Rtp,
        datagram: Vec<u8>,
    },
    /// An opened compound.
    Rtcp(Vec<u8>),
    /// A STUN answer: success or not.
    Stun {
        is_success: bool,
    },
    Other(Vec<u8>),
}

/// See the module.
pub struct Peer {
    pub id: u32,
    pub address: SocketAddr,
    /// How often it has begun ICE anew.
    pub generation: u32,
    pub received: Vec<(u64, Received)>,
    profile: SrtpProfile,
    send: Direction,
    receive: Direction,
    next_rtcp: u32,
    newest: HashMap<u32, u64>,
    transactions: u64,
    rtcp_indices: Vec<u32>,
}

impl Peer {
    /// Every other one has nothing better than AES-CM.
    pub fn new(id: u32, address: SocketAddr) -> Self {
        let profile = [SrtpProfile::AesCm128HmacSha1_80, SrtpProfile::AeadAes128Gcm][id as usize % 2];
        Self::with_profile(id, address, profile)
    }

    pub fn with_profile(id: u32, address: SocketAddr, profile: SrtpProfile) -> Self {
        Self {
            id,
            address,
            generation: 0,
            received: Vec::new(),
            profile,
            send: Direction::new(profile, id as u8),
            receive: Direction::new(profile, (id as u8).wrapping_add(100)),
            next_rtcp: 0,
            newest: HashMap::new(),
            transactions: 0,
            rtcp_indices: Vec::new(),
        }
    }

    pub fn create_transport(&self) -> Command {
        let local_pwd = Zeroizing::new(self.password());
        Command::CreateTransport { id: self.id, local_ufrag: self.ufrag().into_bytes(), local_pwd }
    }

    pub fn set_keys(&self) -> Command {
        let master = |fill: u32| master(self.profile, fill as u8);
        Command::SetKeys {
            id: self.id,
            profile: self.profile,
            rx: master(self.id),
            tx: master(self.id.wrapping_add(100)),
        }
    }

    /// The peer begins ICE anew, and knows what it is told.
    pub fn restart(&mut self) -> Command {
        self.generation += 1;
        let local_pwd = Zeroizing::new(self.password());
        Command::RestartIce { id: self.id, local_ufrag: self.ufrag().into_bytes(), local_pwd }
    }

    fn ufrag(&self) -> String {
        format!("local{}of{}", self.generation, self.id)
    }

    fn password(&self) -> Vec<u8> {
        format!("password {} of transport {}", self.generation, self.id).into_bytes()
    }

    /// A binding request that nominates its path, or not.
    pub fn check(&mut self, nominates: bool) -> Vec<u8> {
        let priority: (u16, &[u8]) = (0x0024, &[0, 0, 1, 0]);
        let controlling: (u16, &[u8]) = (0x802a, &[1; 8]);
        if nominates {
            self.request(&[priority, controlling, (0x0025, &[])])
        } else {
            self.request(&[priority, controlling])
        }
    }

    pub fn request(&mut self, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        self.transactions += 1;
        let mut transaction = [self.id as u8; 12];
        transaction[4..].copy_from_slice(&self.transactions.to_be_bytes());
        binding_request(&format!("{}:remote", self.ufrag()), &self.password(), transaction, attributes)
    }

    pub fn seal(&self, packet: &Rtp) -> Vec<u8> {
        let header = packet.header();
        let length = header.len();
        self.send.seal_rtp([header, packet.payload.clone()].concat(), length, packet.ssrc, packet.index)
    }

    pub fn seal_rtcp(&mut self, compound: Vec<u8>) -> Vec<u8> {
        self.next_rtcp += 1;
        self.send.seal_rtcp(compound, self.next_rtcp)
    }

    /// Takes a datagram as a browser would. Panics on what a browser would refuse.
    pub fn take(&mut self, now: u64, datagram: Vec<u8>) {
        let received = match datagram[..] {
            [1, kind, ..] => Received::Stun { is_success: kind == 1 },
            [128..=191, 192..=223, ..] => {
                let (index, compound) = self.receive.open_rtcp(datagram).expect("authentic RTCP");
                assert!(!self.rtcp_indices.contains(&index), "SRTCP index {index} twice");
                self.rtcp_indices.push(index);
                Received::Rtcp(compound)
            }
            [128..=191, ..] => self.take_rtp(datagram),
            _ => Received::Other(datagram),
        };
        self.received.push((now, received));
    }

    fn take_rtp(&mut self, datagram: Vec<u8>) -> Received {
        let word = |at: usize| u32::from_be_bytes(datagram[at..at + 4].try_into().unwrap());
        let (sequence, ssrc) = (u16::from_be_bytes([datagram[2], datagram[3]]), word(8));
        let index = match self.newest.get(&ssrc) {
            None => sequence.into(),
            Some(newest) => {
                let distance = sequence.wrapping_sub(*newest as u16) as i16;
                newest.checked_add_signed(distance.into()).expect("an index")
            }
        };
        let header = if datagram[0] & 0x10 == 0 { 12 } else { 16 + 4 * (word(12) as u16 as usize) };
        let opened = self.receive.open_rtp(datagram.clone(), header, ssrc, index).expect("authentic RTP");
        let newest = self.newest.entry(ssrc).or_default();
        *newest = index.max(*newest);
        Received::Rtp { packet: Rtp::parse(&opened, header, index), datagram }
    }

    /// RTP packets so far, in order of arrival.
    pub fn rtp(&self) -> Vec<Rtp> {
        self.received
            .iter()
            .filter_map(
                |(_, what)| if let Received::Rtp { packet, .. } = what { Some(packet.clone()) } else { None },
            )
            .collect()
    }

    /// Sealed RTP datagrams so far.
    pub fn sealed(&self) -> Vec<Vec<u8>> {
        self.received
            .iter()
            .filter_map(
                |(_, what)| {
                    if let Received::Rtp { datagram, .. } = what { Some(datagram.clone()) } else { None }
                },
            )
            .collect()
    }

    /// RTCP packets of a type so far, each with its time.
    pub fn rtcp(&self, kind: u8) -> Vec<(u64, Vec<u8>)> {
        let mut packets = Vec::new();
        for (at, what) in &self.received {
            let Received::Rtcp(compound) = what else { continue };
            let mut rest = &compound[..];
            while !rest.is_empty() {
                let length = 4 + 4 * usize::from(u16::from_be_bytes([rest[2], rest[3]]));
                if rest[1] == kind {
                    packets.push((*at, rest[..length].to_vec()));
                }
                rest = &rest[length..];
            }
        }
        packets
    }

    /// Picture loss indications so far: times and media sources.
    pub fn picture_losses(&self) -> Vec<(u64, u32)> {
        let feedback = self.rtcp(206).into_iter().filter(|(_, packet)| packet[0] & 31 == 1);
        feedback.map(|(at, packet)| (at, u32::from_be_bytes(packet[8..12].try_into().unwrap()))).collect()
    }

    /// Sequence numbers asked for again so far.
    pub fn nacked(&self) -> Vec<u16> {
        let feedback = self.rtcp(205).into_iter().filter(|(_, packet)| packet[0] & 31 == 1);
        let entries = feedback.flat_map(|(_, packet)| packet[12..].to_vec());
        let bytes: Vec<u8> = entries.collect();
        let mut sequences = Vec::new();
        for entry in bytes.chunks(4) {
            let (first, mask) =
                (u16::from_be_bytes([entry[0], entry[1]]), u16::from_be_bytes([entry[2], entry[3]]));
            sequences.push(first);
            sequences
                .extend((0..16).filter(|bit| mask >> bit & 1 == 1).map(|bit| first.wrapping_add(bit + 1)));
        }
        sequences
    }
}

/// A PLI or a NACK of one entry.
pub fn picture_loss(media: u32) -> Vec<u8> {
    [&[0x81, 206, 0, 2, 0, 0, 0, 9][..], &media.to_be_bytes()].concat()
}

/// A NACK of single sequence numbers.
pub fn nack(media: u32, sequences: &[u16]) -> Vec<u8> {
    let length = 2 + sequences.len() as u16;
    let mut packet = vec![0x81, 205];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 9]);
    packet.extend(media.to_be_bytes());
    for sequence in sequences {
        packet.extend(sequence.to_be_bytes());
        packet.extend([0, 0]);
    }
    packet
}

/// A sender report without blocks.
pub fn sender_report(ssrc: u32, ntp: u64, timestamp: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(ntp.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend([0; 8]);
    packet
}
