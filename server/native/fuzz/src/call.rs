//! A whole forwarder in a call of three, under a script of datagrams, commands and time.
//!
//! Peers are authenticated and hostile: what they say is the script's, sealed with their own keys.

use crate::script::Script;
use core::cell::RefCell;
use core::net::SocketAddr;
use offrecord_forwarder::api::{
    CodecKind, Config, ConsumerOptions, Encoding, Event, ExtensionKind, MasterKey, MediaKind, PacketCore,
    PayloadCodec, ProducerOptions, SocketIndex, SrtpProfile, TCP,
};
use offrecord_forwarder::fuzzing::{PASSWORD, Seal, UFRAG, binding_request};
use offrecord_forwarder::{
    Arena, Candidate, CandidateKind, Command, Forwarder, Micros, Outbox, PlayoutDelay, SLOT_SIZE,
};
use std::collections::HashSet;
use zeroize::Zeroizing;

const PEERS: u8 = 3;
const SLOTS: usize = 48;
const RING: usize = 16;
const STEPS: usize = 256;
const PROFILES: [SrtpProfile; 3] =
    [SrtpProfile::AeadAes128Gcm, SrtpProfile::AesCm128HmacSha1_80, SrtpProfile::AeadAes256Gcm];
const CODECS: [CodecKind; 8] = [
    CodecKind::Opus,
    CodecKind::Vp8,
    CodecKind::H264,
    CodecKind::Vp9,
    CodecKind::Av1,
    CodecKind::H265,
    CodecKind::Red,
    CodecKind::Rtx,
];
const EXTENSIONS: [ExtensionKind; 7] = [
    ExtensionKind::Mid,
    ExtensionKind::Rid,
    ExtensionKind::RepairedRid,
    ExtensionKind::AudioLevel,
    ExtensionKind::TransportCc,
    ExtensionKind::DependencyDescriptor,
    ExtensionKind::AbsSendTime,
];
/// Longer than what the packet thread receives into.
const MAX_DATAGRAM: usize = 2048;

thread_local! {
    static MEMORY: RefCell<Box<[u8]>> = RefCell::new(vec![0; SLOTS * SLOT_SIZE].into_boxed_slice());
}

/// Runs the script and asserts, step by step, what must always hold.
pub fn run(data: &[u8]) {
    MEMORY.with_borrow_mut(|memory| {
        // SAFETY: the arena, and the call that owns it, end before the borrow does.
        let memory: &'static mut [u8] = unsafe { &mut *core::ptr::from_mut::<[u8]>(memory) };
        let mut script = Script(data);
        let mut call = Call::new(Arena::new(memory), script.byte());
        for _ in 0..STEPS {
            if script.is_over() {
                break;
            }
            call.step(&mut script);
        }
        call.end();
    });
    MEMORY.with_borrow(|memory| assert!(memory.iter().all(|&byte| byte == 0), "media outlived the call"));
}

struct Call {
    forwarder: Forwarder,
    now: u64,
    out: Outbox,
    seals: Vec<Seal>,
    /// Where somebody with the password has been.
    proven: HashSet<SocketAddr>,
    created: Vec<u32>,
}

impl Call {
    fn new(arena: Arena, choice: u8) -> Self {
        let config = Config {
            ring_packets: RING,
            ring_duration: Micros(500_000),
            consent_timeout: Micros(30_000_000),
            max_transports: 6,
            max_streams_per_transport: 6,
            seed: [choice; 32],
        };
        let profile = PROFILES[usize::from(choice) % PROFILES.len()];
        let mut call = Self {
            forwarder: Forwarder::new(config, arena),
            now: 1_000_000,
            out: Outbox::default(),
            seals: (0..PEERS).filter_map(|peer| Seal::new(profile, &master(profile, peer))).collect(),
            proven: HashSet::new(),
            created: Vec::new(),
        };
        for peer in 0..PEERS {
            call.command(create_transport(peer));
            call.check(peer, peer, 0, &[0, 0x25, 0, 0]);
            let (rx, tx) = (master(profile, peer), master(profile, peer + 100));
            call.command(Command::SetKeys { id: peer.into(), profile, rx, tx });
        }
        for (id, codec) in [(0, CodecKind::Opus), (1, CodecKind::Vp8), (2, CodecKind::H264)] {
            call.command(Command::CreateProducer(producer(id, 0, codec, u8::from(id == 1) * 2 + 1)));
            call.command(Command::CreateConsumer(consumer(id, id, 1)));
            call.command(Command::CreateConsumer(consumer(10 + id, id, 2)));
        }
        call
    }

    fn step(&mut self, script: &mut Script<'_>) {
        let choice = script.byte();
        let peer = choice >> 4 & 3;
        match choice & 15 {
            0 => self.datagram(peer, script.block().to_vec()),
            1 => {
                let (sender, transaction) = (script.byte(), script.byte());
                self.check(peer, sender & 7, transaction, script.block());
            }
            2..=5 => self.rtp(peer, script, choice & 1 == 1),
            6 => {
                let mut packet = script.block().to_vec();
                self.sealed(peer, |seal| seal.rtp(&mut packet, 0));
                self.datagram(peer, packet);
            }
            7 => self.rtcp(peer, script.block().to_vec()),
            8 => self.nack(peer, script),
            9 => self.advance(u64::from(script.half())),
            10 => self.advance(u64::from(script.half()) << 10),
            11 => self.report(peer, script),
            12 if choice >= 0x80 => self.disconnect(script.byte() & 7),
            _ => self.any_command(script),
        }
        self.inspect();
    }

    fn sealed(&mut self, peer: u8, act: impl FnOnce(&mut Seal)) {
        if let Some(seal) = self.seals.get_mut(usize::from(peer)) {
            act(seal);
        }
    }

    /// A packet of a stream that is, or nearly is, one of the call's.
    fn rtp(&mut self, peer: u8, script: &mut Script<'_>, has_extensions: bool) {
        let (stream, payload_type) = (script.byte(), script.byte());
        let (sequence, timestamp) = (script.half(), script.half());
        let mut packet = vec![0x80 | u8::from(has_extensions) << 4 | stream >> 7 << 5, payload_type];
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(timestamp) << 8).to_be_bytes());
        packet.extend((100 + u32::from(stream & 15)).to_be_bytes());
        if has_extensions {
            let mut block = script.block().to_vec();
            block.resize(block.len().next_multiple_of(4), 0);
            packet.extend([0xbe, 0xde, 0, (block.len() / 4) as u8]);
            packet.extend(block);
        }
        packet.extend(script.block());
        if stream & 0x10 != 0 {
            packet.resize(1200, stream);
        }
        self.sealed(peer, |seal| seal.rtp(&mut packet, (stream >> 5 & 3).into()));
        self.datagram(peer, packet);
    }

    fn rtcp(&mut self, peer: u8, mut compound: Vec<u8>) {
        self.sealed(peer, |seal| seal.rtcp(&mut compound));
        self.datagram(peer, compound);
    }

    /// Asks for packets that went out lately, as far as their clear headers tell.
    fn nack(&mut self, peer: u8, script: &mut Script<'_>) {
        let mut compound = vec![0x81, 205, 0, 3, 0, 0, 0, 1];
        compound.extend((1000 + u32::from(script.below(16))).to_be_bytes());
        compound.extend(script.word().to_be_bytes());
        self.rtcp(peer, compound);
    }

    /// Tells arrivals of packets that went out lately, or nearly.
    fn report(&mut self, peer: u8, script: &mut Script<'_>) {
        let mut compound = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
        compound.extend(u16::from(script.byte()).to_be_bytes());
        compound.extend(u16::from(script.byte()).to_be_bytes());
        compound.extend([0, 0, script.byte(), 0]);
        compound.extend(script.block());
        compound.resize(compound.len().next_multiple_of(4), 0);
        let words = (compound.len() / 4 - 1) as u16;
        compound[2..4].copy_from_slice(&words.to_be_bytes());
        self.rtcp(peer, compound);
    }

    /// A binding request for the transport of `peer` from the address of `sender`.
    fn check(&mut self, peer: u8, sender: u8, transaction: u8, attributes: &[u8]) {
        let name = format!("{UFRAG}{peer}:x");
        let mut all = vec![0, 6, 0, name.len() as u8];
        all.extend(name.as_bytes());
        all.resize(all.len().next_multiple_of(4), 0);
        all.extend(attributes);
        let mut message = binding_request([transaction; 12], &all);
        self.proven.insert(address(sender));
        let from = (socket(sender), address(sender));
        self.forwarder.handle_datagram(Micros(self.now), from.0, from.1, &mut message, &mut self.out);
        self.inspect();
    }

    fn datagram(&mut self, sender: u8, mut datagram: Vec<u8>) {
        datagram.truncate(MAX_DATAGRAM);
        let from = (socket(sender), address(sender));
        self.forwarder.handle_datagram(Micros(self.now), from.0, from.1, &mut datagram, &mut self.out);
        assert!(datagram.iter().all(|&byte| byte == 0), "the buffer is wiped");
    }

    /// The connection of a sender is over: nothing is sent there before it proves itself again.
    fn disconnect(&mut self, sender: u8) {
        if socket(sender) == TCP {
            self.forwarder.handle_disconnect(TCP, address(sender));
            assert!(!self.forwarder.is_proven(TCP, address(sender)));
            self.proven.remove(&address(sender));
        }
    }

    fn any_command(&mut self, script: &mut Script<'_>) {
        let (kind, id) = (script.below(16), u32::from(script.below(16)));
        let other = script.byte();
        let codec = CODECS[usize::from(other & 7)];
        let paused = other & 1 == 1;
        self.command(match kind {
            0 if other >= 0x80 => {
                let local_ufrag = format!("{UFRAG}{}", script.below(16)).into_bytes();
                Command::RestartIce { id: id & 7, local_ufrag, local_pwd: Zeroizing::new(PASSWORD.to_vec()) }
            }
            0 => create_transport(script.below(8)),
            1 if paused => Command::EndStreams { id: id & 7 },
            1 => Command::CloseTransport { id: id & 7 },
            2 => {
                let profile = PROFILES[usize::from(other) % PROFILES.len()];
                let (rx, tx) = (master(profile, id as u8), master(profile, id as u8 + 100));
                Command::SetKeys { id, profile, rx, tx }
            }
            3 => Command::SendDtls { id, datagram: script.block().to_vec() },
            4 | 5 => Command::CreateProducer(producer(id, other >> 6, codec, other >> 3 & 7)),
            6 => Command::PauseProducer { id, paused },
            7 => Command::CloseProducer { id },
            8 | 9 => Command::CreateConsumer(ConsumerOptions {
                paused: other & 0x80 != 0,
                ..consumer(id, (other & 15).into(), other >> 4 & 3)
            }),
            10 | 11 => Command::PauseConsumer { id, paused },
            12 => Command::SetPriority { id, priority: other },
            13 => Command::SetPreferredLayer { id, layer: other & 15, frame_rate: other >> 4 },
            14 => Command::CloseConsumer { id },
            _ if other >> 6 == 3 => {
                let (address, port) = (Some([192, 0, 2, script.byte()].into()), 5000);
                let address = address.filter(|_| paused);
                let kind = CandidateKind::Host;
                let candidates = vec![Candidate { address, port, kind }; script.byte().into()];
                Command::AddCandidates { id: id & 7, candidates }
            }
            _ if paused => Command::ListReceivers { id: id & 7, sequence: other.into() },
            _ => Command::RequestKeyFrame { id },
        });
    }

    fn command(&mut self, command: Command) {
        if let Command::CreateTransport { id, .. } = command {
            self.created.push(id);
        }
        self.forwarder.handle_command(Micros(self.now), command, &mut self.out);
    }

    fn advance(&mut self, duration: u64) {
        let end = self.now + duration;
        for _ in 0..64 {
            let due = self.forwarder.next_timeout().0;
            if due > end {
                break;
            }
            self.now = self.now.max(due);
            self.forwarder.handle_timeout(Micros(self.now), &mut self.out);
            assert!(self.forwarder.next_timeout().0 > self.now, "a timeout that does not pass");
            self.inspect();
        }
        self.now = end;
    }

    /// What came out of the last step.
    fn inspect(&mut self) {
        for transmit in &self.out.transmits {
            assert!(self.out.datagram(transmit).len() <= MAX_DATAGRAM + 64, "a datagram grew");
            assert!(self.proven.contains(&transmit.to), "sent where nobody proved to be");
        }
        for event in &self.out.events {
            match event {
                Event::Dtls { datagram, .. } => assert!(datagram.len() <= MAX_DATAGRAM),
                Event::TransportEnded { numbers, .. } => {
                    assert!(numbers.round_trip_last <= numbers.round_trip_worst);
                    assert!(numbers.round_trip_worst <= 10_000_000);
                    assert!(numbers.packets_resent <= numbers.packets_sent + numbers.packets_received);
                }
                Event::ProducerEnded { numbers, .. } => {
                    assert!(numbers.layers <= 8 && numbers.packets_resent <= numbers.packets);
                }
                _ => {}
            }
        }
        let counters = self.forwarder.counters();
        assert!(counters.transports <= 6 && counters.producers <= 36 && counters.consumers <= 36);
        self.out.clear();
    }

    fn end(mut self) {
        for id in core::mem::take(&mut self.created) {
            self.command(Command::CloseTransport { id });
        }
        let counters = self.forwarder.counters();
        assert_eq!((counters.transports, counters.producers, counters.consumers), (0, 0, 0));
    }
}

/// Some senders have connections.
fn socket(sender: u8) -> SocketIndex {
    if sender >= 6 { TCP } else { 0 }
}

fn address(sender: u8) -> SocketAddr {
    ([192, 0, 2, sender], 5000).into()
}

fn master(profile: SrtpProfile, fill: u8) -> MasterKey {
    let (key, salt) = match profile {
        SrtpProfile::AesCm128HmacSha1_80 => (16, 14),
        SrtpProfile::AeadAes128Gcm => (16, 12),
        SrtpProfile::AeadAes256Gcm => (32, 12),
    };
    MasterKey { key: Zeroizing::new(vec![fill; key]), salt: Zeroizing::new(vec![!fill; salt]) }
}

fn create_transport(peer: u8) -> Command {
    let local_ufrag = format!("{UFRAG}{peer}").into_bytes();
    Command::CreateTransport { id: peer.into(), local_ufrag, local_pwd: Zeroizing::new(PASSWORD.to_vec()) }
}

/// Payload type 96 and, as retransmission, 97; RED is 100, of Opus in 99. Layers have signalled and unknown
/// SSRCs in turn.
fn producer(id: u32, transport: u8, codec: CodecKind, layers: u8) -> ProducerOptions {
    let is_audio = matches!(codec, CodecKind::Opus | CodecKind::Red);
    let clock_rate = if is_audio { 48_000 } else { 90_000 };
    let encoding = |layer: u8| Encoding {
        rid: if layers > 1 { layer.to_string() } else { String::new() },
        ssrc: if layer & 1 == 0 { 100 + id * 2 + u32::from(layer) } else { 0 },
        rtx_ssrc: if layer & 1 == 0 { 110 + id } else { 0 },
    };
    ProducerOptions {
        id,
        transport: transport.into(),
        kind: if is_audio { MediaKind::Audio } else { MediaKind::Video },
        mid: id.to_string(),
        codecs: vec![
            PayloadCodec { payload_type: 96, codec, clock_rate, apt: 0 },
            PayloadCodec { payload_type: 97, codec: CodecKind::Rtx, clock_rate, apt: 96 },
            PayloadCodec { payload_type: 98, codec: CodecKind::Vp9, clock_rate, apt: 0 },
            PayloadCodec { payload_type: 99, codec: CodecKind::Opus, clock_rate, apt: 0 },
            PayloadCodec { payload_type: 100, codec: CodecKind::Red, clock_rate, apt: 0 },
        ],
        extensions: EXTENSIONS.into_iter().zip(1..).collect(),
        encodings: (0..layers).map(encoding).collect(),
        room: id & 2,
        most_voices: usize::from(id & 1 == 0),
    }
}

/// Half of the consumers get RED (100) stripped to its Opus (99), the other half get it whole.
fn red_payload_types(id: u32) -> Vec<(u8, u8)> {
    let mut payload_types = vec![(96, 120), (98, 121), (99, 123)];
    payload_types.extend((id & 1 == 0).then_some((100, 124)));
    payload_types
}

fn consumer(id: u32, producer: u32, transport: u8) -> ConsumerOptions {
    ConsumerOptions {
        id,
        producer,
        transport: transport.into(),
        ssrc: 1000 + id,
        payload_types: red_payload_types(id),
        extensions: EXTENSIONS.into_iter().rev().zip([1, 3, 5, 7, 9, 11, 15]).collect(),
        paused: false,
        rtx_ssrc: 5000 + id,
        rtx_payload_types: vec![(120, 122)],
        priority: id as u8 & 3,
        may_pause: id & 1 == 0,
        playout_delay: PlayoutDelay::new(id as u16 & 1, id as u16 & 3),
    }
}
