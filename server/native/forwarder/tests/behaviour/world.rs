//! A forwarder and its peers on a virtual clock.

use crate::peer::{MID, Peer, RID, Rtp, TRANSPORT_CC};
use core::net::SocketAddr;
use core::time::Duration;
use offrecord_forwarder::api::{
    CodecKind, Config, ConsumerOptions, Encoding, ExtensionKind, MediaKind, PacketCore, PayloadCodec,
    ProducerOptions, SocketIndex,
};
use offrecord_forwarder::{Arena, Command, Event, Forwarder, Micros, Outbox, SLOT_SIZE};
use offrecord_netem::{BottleneckId, Change, Counts, HEADERS, Limit, LinkId, Network, Profile, Random};
use std::collections::BTreeMap;

pub const MILLISECOND: u64 = 1_000;
pub const SECOND: u64 = 1_000_000;
pub const AUDIO: u8 = 111;
pub const RED: u8 = 63;
pub const VIDEO: u8 = 96;
pub const RTX: u8 = 97;

/// Between a peer and the forwarder.
#[derive(Clone, Copy)]
struct Path {
    up: LinkId,
    down: LinkId,
    down_bottleneck: BottleneckId,
}

/// Under way. The address is the peer's, at the time when it was sent.
#[derive(Clone)]
struct Datagram {
    address: SocketAddr,
    is_up: bool,
    bytes: Vec<u8>,
}

/// See the module.
pub struct World {
    pub forwarder: Forwarder,
    pub now: u64,
    pub peers: Vec<Peer>,
    pub events: Vec<Event>,
    pub random: Random,
    /// Where datagrams were sent to, and when last; since somebody emptied it.
    pub destinations: BTreeMap<SocketAddr, u64>,
    /// By which socket something was sent last.
    pub last_socket: SocketIndex,
    out: Outbox,
    network: Network<Datagram>,
    paths: Vec<Path>,
}

pub fn config() -> Config {
    Config {
        ring_packets: 512,
        ring_duration: Micros(SECOND),
        consent_timeout: Micros(30 * SECOND),
        max_transports: 64,
        max_streams_per_transport: 64,
        seed: core::array::from_fn(|at| at as u8 * 7 + 1),
    }
}

impl World {
    pub fn new() -> Self {
        Self::with_arena(2048)
    }

    pub fn with_arena(slots: usize) -> Self {
        let memory = Box::leak(vec![0; slots * SLOT_SIZE].into_boxed_slice());
        Self {
            forwarder: Forwarder::new(config(), Arena::new(memory)),
            now: SECOND,
            peers: Vec::new(),
            events: Vec::new(),
            random: Random(1),
            destinations: BTreeMap::new(),
            last_socket: 0,
            out: Outbox::default(),
            network: Network::new(1),
            paths: Vec::new(),
        }
    }

    /// A world with `count` connected peers, whose transports are 1, 2, and so on.
    pub fn connected(count: u32) -> Self {
        let mut world = Self::new();
        (0..count).for_each(|_| world.connect());
        world
    }

    pub fn add_peer(&mut self) -> usize {
        let id = self.peers.len() as u32 + 1;
        let peer = Peer::new(id, SocketAddr::from(([192, 0, 2, id as u8], 50_000)));
        self.command(peer.create_transport());
        self.peers.push(peer);
        let [up_bottleneck, down_bottleneck] =
            core::array::from_fn(|_| self.network.add_bottleneck(Limit::default()));
        let up = self.network.add_link(up_bottleneck, Profile::default());
        let down = self.network.add_link(down_bottleneck, Profile::default());
        self.paths.push(Path { up, down, down_bottleneck });
        self.peers.len() - 1
    }

    /// What the paths of all peers do to datagrams, from now on.
    pub fn set_paths(&mut self, up: Profile, down: Profile) {
        let now = Duration::from_micros(self.now);
        for path in &self.paths {
            self.network.change(now, Change::Profile(path.up, up));
            self.network.change(now, Change::Profile(path.down, down));
        }
    }

    /// How much the forwarder can get through to one peer, from now on.
    pub fn limit_down(&mut self, peer: usize, limit: Limit) {
        let bottleneck = self.paths[peer].down_bottleneck;
        self.network.change(Duration::from_micros(self.now), Change::Limit(bottleneck, limit));
    }

    /// From now on what is sent to these peers passes one bottleneck that they share.
    pub fn share_down(&mut self, peers: &[usize], limit: Limit, profile: Profile) {
        let down_bottleneck = self.network.add_bottleneck(limit);
        for &peer in peers {
            let down = self.network.add_link(down_bottleneck, profile);
            self.paths[peer] = Path { down, down_bottleneck, ..self.paths[peer] };
        }
    }

    /// What became of what was sent to a peer, since counts were last cleared.
    pub fn down_counts(&self, peer: usize) -> &Counts {
        self.network.counts(self.paths[peer].down)
    }

    pub fn clear_counts(&mut self) {
        self.network.clear_counts();
    }

    pub fn connect(&mut self) {
        let at = self.add_peer();
        let check = self.peers[at].check(true);
        self.deliver(self.peers[at].address, check);
        let keys = self.peers[at].set_keys();
        self.command(keys);
    }

    /// All peers tell that they are still there.
    pub fn keep_consent(&mut self) {
        for at in 0..self.peers.len() {
            let check = self.peers[at].check(true);
            self.deliver(self.peers[at].address, check);
        }
    }

    pub fn command(&mut self, command: Command) {
        self.forwarder.handle_command(Micros(self.now), command, &mut self.out);
        self.flush();
    }

    /// A datagram arrives at the forwarder now.
    pub fn deliver(&mut self, from: SocketAddr, datagram: Vec<u8>) {
        self.deliver_by(0, from, datagram);
    }

    /// The same by one of the forwarder's sockets.
    pub fn deliver_by(&mut self, socket: SocketIndex, from: SocketAddr, mut datagram: Vec<u8>) {
        self.forwarder.handle_datagram(Micros(self.now), socket, from, &mut datagram, &mut self.out);
        self.flush();
    }

    fn flush(&mut self) {
        for transmit in &self.out.transmits {
            self.last_socket = transmit.socket;
            let bytes = self.out.datagram(transmit).to_vec();
            let address = transmit.to;
            self.destinations.insert(address, self.now);
            if let Some(peer) = self.peers.iter().position(|peer| peer.address == address) {
                launch(
                    &mut self.network,
                    self.now,
                    self.paths[peer].down,
                    Datagram { address, is_up: false, bytes },
                );
            }
        }
        self.events.append(&mut self.out.events);
        self.out.clear();
        self.land();
    }

    fn land(&mut self) {
        self.network.advance(Duration::from_micros(self.now));
        while let Some(arrival) = self.network.poll() {
            let Datagram { address, is_up, bytes } = arrival.content;
            if is_up {
                self.deliver(address, bytes);
            } else if let Some(peer) = self.peers.iter_mut().find(|peer| peer.address == address) {
                peer.take(self.now, bytes);
            }
        }
    }

    /// A peer sends a datagram through its uplink.
    pub fn send(&mut self, peer: usize, bytes: Vec<u8>) {
        let address = self.peers[peer].address;
        launch(&mut self.network, self.now, self.paths[peer].up, Datagram { address, is_up: true, bytes });
        self.land();
    }

    pub fn send_rtp(&mut self, peer: usize, packet: &Rtp) {
        let datagram = self.peers[peer].seal(packet);
        self.send(peer, datagram);
    }

    pub fn send_rtcp(&mut self, peer: usize, compound: Vec<u8>) {
        let datagram = self.peers[peer].seal_rtcp(compound);
        self.send(peer, datagram);
    }

    /// Lets time pass, with everything that happens in it.
    pub fn advance(&mut self, duration: u64) {
        let end = self.now + duration;
        loop {
            let timeout = self.forwarder.next_timeout().0;
            let arrival =
                self.network.next_timeout().map_or(u64::MAX, |at| at.as_nanos().div_ceil(1_000) as u64);
            let next = timeout.min(arrival);
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            if timeout <= self.now {
                self.forwarder.handle_timeout(Micros(self.now), &mut self.out);
                assert!(self.forwarder.next_timeout().0 > self.now, "a timeout that does not pass");
            }
            self.flush();
        }
        self.now = end;
    }

    /// A track of the peer; see [`video`] and [`audio`].
    pub fn produce(&mut self, options: ProducerOptions) {
        self.command(Command::CreateProducer(options));
    }

    /// The peer receives a producer on the SSRC 1000 and its own number.
    pub fn consume(&mut self, peer: usize, id: u32, producer: u32) -> u32 {
        let options = consumer(id, producer, self.peers[peer].id);
        let ssrc = options.ssrc;
        self.command(Command::CreateConsumer(options));
        ssrc
    }
}

fn launch(network: &mut Network<Datagram>, now: u64, link: LinkId, datagram: Datagram) {
    let size = datagram.bytes.len() + HEADERS;
    network.send(Duration::from_micros(now), link, size, datagram);
}

fn extensions() -> Vec<(ExtensionKind, u8)> {
    vec![
        (ExtensionKind::Mid, MID),
        (ExtensionKind::Rid, RID),
        (ExtensionKind::RepairedRid, crate::peer::REPAIRED_RID),
        (ExtensionKind::AudioLevel, crate::peer::AUDIO_LEVEL),
        (ExtensionKind::TransportCc, TRANSPORT_CC),
        (ExtensionKind::DependencyDescriptor, crate::peer::DEPENDENCY),
    ]
}

fn encoding(rid: &str, ssrc: u32) -> Encoding {
    Encoding { rid: rid.into(), ssrc, rtx_ssrc: 0 }
}

/// An Opus track with a signalled SSRC.
pub fn audio(id: u32, transport: u32, ssrc: u32) -> ProducerOptions {
    ProducerOptions {
        id,
        transport,
        kind: MediaKind::Audio,
        mid: "0".into(),
        codecs: vec![PayloadCodec {
            payload_type: AUDIO,
            codec: CodecKind::Opus,
            clock_rate: 48_000,
            apt: 0,
        }],
        extensions: extensions(),
        encodings: vec![encoding("", ssrc)],
        room: 0,
        most_voices: 0,
    }
}

/// [`audio`] in RED, or in Opus alone.
pub fn red_audio(id: u32, transport: u32, ssrc: u32) -> ProducerOptions {
    let mut track = audio(id, transport, ssrc);
    track.codecs.push(PayloadCodec { payload_type: RED, codec: CodecKind::Red, clock_rate: 48_000, apt: 0 });
    track
}

/// A VP8 track of one encoding with a signalled SSRC.
pub fn video(id: u32, transport: u32, ssrc: u32) -> ProducerOptions {
    let codecs =
        vec![PayloadCodec { payload_type: VIDEO, codec: CodecKind::Vp8, clock_rate: 90_000, apt: 0 }];
    ProducerOptions { kind: MediaKind::Video, mid: "1".into(), codecs, ..audio(id, transport, ssrc) }
}

/// A VP8 track of three encodings that only MID and RID tell.
pub fn simulcast(id: u32, transport: u32) -> ProducerOptions {
    let encodings = vec![encoding("q", 0), encoding("h", 0), encoding("f", 0)];
    ProducerOptions { encodings, ..video(id, transport, 0) }
}

/// [`video`] with retransmissions in a stream of their own; one payload type of them repeats nothing.
pub fn repaired_video(id: u32, transport: u32, ssrc: u32, rtx_ssrc: u32) -> ProducerOptions {
    let mut track = video(id, transport, ssrc);
    let rtx =
        |payload_type, apt| PayloadCodec { payload_type, codec: CodecKind::Rtx, clock_rate: 90_000, apt };
    track.codecs.extend([rtx(RTX, VIDEO), rtx(RTX + 1, 13)]);
    track.encodings[0].rtx_ssrc = rtx_ssrc;
    track
}

/// [`simulcast`] with retransmissions that only MID and repaired RID tell.
pub fn repaired_simulcast(id: u32, transport: u32) -> ProducerOptions {
    ProducerOptions { codecs: repaired_video(id, transport, 0, 0).codecs, ..simulcast(id, transport) }
}

/// A consumer of either kind that knows the audio level as 9 and the dependency descriptor as 12.
pub fn consumer(id: u32, producer: u32, transport: u32) -> ConsumerOptions {
    ConsumerOptions {
        id,
        producer,
        transport,
        ssrc: 1_000 + id,
        payload_types: vec![(AUDIO, 63), (VIDEO, 100)],
        extensions: vec![
            (ExtensionKind::AudioLevel, 9),
            (ExtensionKind::Mid, 10),
            (ExtensionKind::DependencyDescriptor, 12),
        ],
        paused: false,
        rtx_ssrc: 0,
        rtx_payload_types: Vec::new(),
        priority: 0,
        may_pause: true,
        playout_delay: None,
    }
}

/// A VP8 payload: one packet is the whole frame. The descriptor has a 15-bit picture id and a
/// base-layer index.
pub fn vp8(is_key_frame: bool, picture_id: u16, base_layer: u8) -> Vec<u8> {
    let [high, low] = (picture_id | 0x8000).to_be_bytes();
    let mut payload = vec![0x90, 0xe0, high, low, base_layer, 0, u8::from(!is_key_frame)];
    payload.extend(picture_id.to_be_bytes().repeat(20));
    payload
}

/// Picture id and base-layer index of a payload that [`vp8`] made.
pub fn vp8_counters(payload: &[u8]) -> (u16, u8) {
    (u16::from_be_bytes([payload[2], payload[3]]) & 0x7fff, payload[4])
}
