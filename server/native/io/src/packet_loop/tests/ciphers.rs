//! Each of many opens what it is sent, whatever its cipher and its publisher's are, and whether the kernel cuts what
//! leaves, joins what comes, or does neither: tags of AES-CM are made when packets are in the outbox already.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use super::*;
use offrecord_forwarder::api::SrtpProfile::{AeadAes128Gcm, AeadAes256Gcm, AesCm128HmacSha1_80};
use offrecord_forwarder::api::{
    CodecKind, Config, ConsumerOptions, Encoding, ExtensionKind, MediaKind, PayloadCodec, ProducerOptions,
    SrtpProfile,
};
use offrecord_forwarder::{Arena, Forwarder};
use peer::{AUDIO_LEVEL, Peer, Received, Rtp};

#[path = "../../../../forwarder/tests/behaviour/crypto.rs"]
mod crypto;
#[allow(dead_code, reason = "peers can do more than is asked of them here")]
#[path = "../../../../forwarder/tests/behaviour/peer.rs"]
mod peer;

const PROFILES: [SrtpProfile; 3] = [AeadAes128Gcm, AeadAes256Gcm, AesCm128HmacSha1_80];
/// One of each profile.
const PUBLISHERS: u32 = PROFILES.len() as u32;
/// Eleven of each profile: a group whose tags are made at once, and what is left.
const RECEIVERS: u32 = 33;
/// Datagrams that come at once: no more than one batch takes.
const BURST: usize = 20;
/// Bytes of each but the last, which is shorter.
const PAYLOAD: usize = 500;
const OPUS: u8 = 111;
/// The receivers' number of the extension that is the publishers' [`AUDIO_LEVEL`].
const LEVEL: u8 = 9;
const UDP_NO_CHECK6_TX: libc::c_int = 101;
const UDP_NO_CHECK6_RX: libc::c_int = 102;

#[derive(Clone, Copy, Debug)]
struct Course {
    host: &'static str,
    /// The relay's kernel cuts what leaves.
    cuts: bool,
    /// The relay's kernel joins what comes.
    joins: bool,
}

impl Course {
    fn all() -> impl Iterator<Item = Self> {
        let switches = [(false, false), (false, true), (true, false), (true, true)];
        let of = move |host| switches.map(|(cuts, joins)| Self { host, cuts, joins });
        ["127.0.0.1", "::1"].into_iter().flat_map(of)
    }

    fn is_ipv6(&self) -> bool {
        self.host == "::1"
    }
}

/// The packet loop, a round at a time: how much comes at once does not depend on the scheduler.
struct Relay {
    packet_loop: PacketLoop<Forwarder>,
    index: usize,
    address: SocketAddr,
}

impl Relay {
    /// None where the machine has no such family.
    fn new(course: Course) -> Option<Self> {
        let socket = UdpSocket::bind((course.host, 0)).ok()?;
        let address = socket.local_addr().expect("bound");
        let on = |level, name| assert!(switch_on(socket.as_raw_fd(), level, name));
        on(libc::SOL_SOCKET, libc::SO_TIMESTAMPNS);
        // Without checksums the kernel refuses to cut.
        match course {
            Course { cuts: true, .. } => {}
            _ if course.is_ipv6() => on(libc::IPPROTO_UDP, UDP_NO_CHECK6_TX),
            _ => on(libc::SOL_SOCKET, libc::SO_NO_CHECK),
        }
        let index = usize::from(course.is_ipv6());
        let mut sockets: Sockets = [None, None];
        sockets[index] = Some(socket.into());
        let media_bytes = if course.joins { 8 << 20 } else { 4 << 20 };
        let core = |memory: &'static mut [u8]| Forwarder::new(config(), Arena::new(memory));
        let packet_loop = PacketLoop::new(sockets, None, media_bytes, core).expect("memory");
        Some(Self { packet_loop, index, address })
    }

    fn run_commands(&mut self, commands: impl IntoIterator<Item = Command>) {
        commands
            .into_iter()
            .for_each(|command| self.packet_loop.mailbox.push(command).expect("there is room"));
        self.packet_loop.run_commands();
        self.packet_loop.finish_round();
        let events = self.packet_loop.mailbox.take_events();
        assert!(!events.iter().any(|event| matches!(event, Event::Refused { .. })), "{events:?}");
    }

    /// Datagrams so far that were good for something: strangers may still send to who had the port before.
    fn taken(&self) -> u64 {
        let Counters { packets_received, packets_dropped, .. } = self.packet_loop.core.counters();
        packets_received - packets_dropped
    }

    /// Takes so many datagrams that are on their way, and sends what becomes of them; returns in how many messages the
    /// last of them came.
    fn take(&mut self, count: usize) -> usize {
        let expected = self.taken() + count as u64;
        let (end, mut messages) = (Instant::now() + Duration::from_secs(5), 0);
        while self.taken() < expected {
            let packet_loop = &mut self.packet_loop;
            assert!(Instant::now() < end, "what was sent does not come");
            let mut ready = [libc::epoll_event { events: 0, u64: 0 }; READY];
            packet_loop.watch.wait(Micros(clock::now().0 + 1_000_000), &mut ready);
            packet_loop.run_socket(self.index);
            packet_loop.finish_round();
            messages = packet_loop.receive.received;
        }
        assert_eq!((self.taken(), self.packet_loop.refused_by_sockets), (expected, 0));
        messages
    }
}

struct Client {
    peer: Peer,
    socket: UdpSocket,
}

impl Client {
    /// Hears nobody but the relay.
    fn new(id: u32, course: Course, relay: SocketAddr) -> Self {
        let socket = peer(course.host);
        socket.connect(relay).expect("loopback");
        // Datagrams without checksums are taken by IPv4 anyway, and by IPv6 where that is asked for.
        switch_on(socket.as_raw_fd(), libc::IPPROTO_UDP, UDP_NO_CHECK6_RX);
        // To every other one a message of the relay comes uncut: it can be told from datagrams that were sent singly.
        assert!(!id.is_multiple_of(2) || join(socket.as_raw_fd()), "Linux joins since 5.0");
        let address = socket.local_addr().expect("bound");
        let peer = Peer::with_profile(id, address, PROFILES[number_of_profile(id)]);
        Self { peer, socket }
    }

    /// Takes so many datagrams, as a browser would, and none that are more; returns in how many messages they came.
    fn take(&mut self, count: usize, receive: &mut ReceiveBatch) -> usize {
        self.peer.received.clear();
        let mut messages = 0;
        while self.peer.received.len() < count {
            self.socket.peek(&mut [0]).expect("what was sent comes");
            messages += receive.receive(self.socket.as_raw_fd()).expect("a live socket");
            while let Some((_, datagram)) = receive.datagram() {
                self.peer.take(0, datagram.to_vec());
            }
        }
        assert_eq!(receive.receive(self.socket.as_raw_fd()).expect("a live socket"), 0);
        assert_eq!(self.peer.received.len(), count);
        messages
    }

    fn publish(&self, relay: SocketAddr, packets: &[Rtp], is_cut: bool) {
        let mut outbox = Outbox::default();
        for packet in packets {
            let (start, datagram) = (outbox.bytes.len(), self.peer.seal(packet));
            outbox.bytes.extend_from_slice(&datagram);
            outbox.transmits.push(Transmit { socket: 0, to: relay, start, len: datagram.len() });
        }
        if is_cut {
            assert_eq!(SendBatch::new(BURST).send(self.socket.as_raw_fd(), 0, &outbox), 0);
            return;
        }
        for transmit in &outbox.transmits {
            let sent = self.socket.send(outbox.datagram(transmit)).expect("loopback");
            assert_eq!(sent, transmit.len);
        }
    }
}

fn number_of_profile(id: u32) -> usize {
    id as usize % PROFILES.len()
}

fn config() -> Config {
    Config {
        ring_packets: 64,
        ring_duration: Micros(1_000_000),
        consent_timeout: Micros(30_000_000),
        max_transports: 64,
        max_streams_per_transport: 64,
        seed: [7; 32],
    }
}

/// What a publisher sends, under its own number.
fn producer(publisher: u32) -> ProducerOptions {
    let codec = PayloadCodec { payload_type: OPUS, codec: CodecKind::Opus, clock_rate: 48_000, apt: 0 };
    ProducerOptions {
        id: publisher,
        transport: publisher,
        kind: MediaKind::Audio,
        mid: "0".into(),
        codecs: vec![codec],
        extensions: vec![(ExtensionKind::AudioLevel, AUDIO_LEVEL)],
        encodings: vec![Encoding { rid: String::new(), ssrc: publisher, rtx_ssrc: 0 }],
        room: 0,
        most_voices: 0,
    }
}

/// Every third receiver of each profile has no extensions, so that lengths differ among those that are signed at once.
fn has_level(receiver: u32) -> bool {
    !(receiver / PUBLISHERS).is_multiple_of(3)
}

fn ssrc(receiver: u32, publisher: u32) -> u32 {
    1_000 * receiver + publisher
}

fn consumer(receiver: u32, publisher: u32) -> ConsumerOptions {
    let ssrc = ssrc(receiver, publisher);
    ConsumerOptions {
        id: ssrc,
        producer: publisher,
        transport: receiver,
        ssrc,
        payload_types: vec![(OPUS, OPUS)],
        extensions: has_level(receiver).then_some((ExtensionKind::AudioLevel, LEVEL)).into_iter().collect(),
        ..ConsumerOptions::default()
    }
}

fn burst(publisher: u32, first: u64) -> Vec<Rtp> {
    let packet = |number: usize| {
        let (index, length) =
            (first + number as u64, if number + 1 == BURST { PAYLOAD / 2 } else { PAYLOAD });
        let payload = (0..length).map(|at| (at as u64 + index) as u8 ^ publisher as u8).collect();
        let extensions = vec![(AUDIO_LEVEL, vec![0x85])];
        Rtp { ssrc: publisher, index, payload_type: OPUS, extensions, payload, ..Rtp::default() }
    };
    (0..BURST).map(packet).collect()
}

/// All that there are, with keys and a path, the publishers first.
fn connected(course: Course, relay: &mut Relay, receive: &mut ReceiveBatch) -> Vec<Client> {
    let ids = 1..=PUBLISHERS + RECEIVERS;
    let mut clients: Vec<_> = ids.map(|id| Client::new(id, course, relay.address)).collect();
    relay.run_commands(clients.iter().map(|client| client.peer.create_transport()));
    for client in &mut clients {
        client.socket.send(&client.peer.check(true)).expect("loopback");
    }
    relay.take(clients.len());
    for client in &mut clients {
        client.take(1, receive);
        assert!(matches!(client.peer.received[..], [(_, Received::Stun { is_success: true })]));
    }
    relay.run_commands(clients.iter().map(|client| client.peer.set_keys()));
    relay.run_commands((1..=PUBLISHERS).map(|publisher| Command::CreateProducer(producer(publisher))));
    for client in &clients[PUBLISHERS as usize..] {
        let consumers = (1..=PUBLISHERS).map(|publisher| consumer(client.peer.id, publisher));
        relay.run_commands(consumers.map(Command::CreateConsumer));
    }
    clients
}

#[test]
fn each_opens_all_that_it_is_sent_whatever_the_kernel_cuts_and_joins() {
    let buffers = Box::leak(vec![0; Shape::JOINED.bytes()].into_boxed_slice());
    let mut receive = ReceiveBatch::new(Shape::JOINED, buffers);
    for course in Course::all() {
        let Some(mut relay) = Relay::new(course) else {
            assert!(course.is_ipv6(), "only IPv6 may be missing on a machine");
            continue;
        };
        let mut clients = connected(course, &mut relay, &mut receive);
        let (publishers, receivers) = clients.split_at_mut(PUBLISHERS as usize);
        for (publisher, is_cut) in
            publishers.iter().flat_map(|publisher| [(publisher, true), (publisher, false)])
        {
            let sent = burst(publisher.peer.id, if is_cut { 1 } else { 1 + BURST as u64 });
            publisher.publish(relay.address, &sent, is_cut);
            // The last, which is shorter, is joined too.
            assert_eq!(relay.take(BURST) == 1, is_cut && course.joins, "{course:?} {is_cut}");
            // Receivers with each profile to whom several came joined. Not all need be: see `Runs`.
            let mut joined = [0; PROFILES.len()];
            for client in &mut *receivers {
                let id = client.peer.id;
                let messages = client.take(BURST, &mut receive);
                joined[number_of_profile(id)] += usize::from(messages < BURST);
                let received = client.peer.rtp();
                let level = has_level(id).then(|| (LEVEL, vec![0x85]));
                let expected = sent.iter().zip(received[0].index..).map(|(packet, index)| Rtp {
                    ssrc: ssrc(id, publisher.peer.id),
                    index,
                    timestamp: received[0].timestamp,
                    extensions: level.clone().into_iter().collect(),
                    ..packet.clone()
                });
                assert!(received.iter().cloned().eq(expected), "{course:?} {is_cut} {id}");
            }
            assert_eq!(joined.map(|receivers| receivers > 0), [course.cuts; _], "{course:?} {is_cut}");
        }
    }
}
