//! The packet core: transports, producers and consumers, and the way a datagram takes to them.

use crate::api::{
    Command, Config, Counters, Event, Micros, Outbox, PacketCore, Refusal, RoomId, SocketIndex, Transmit,
};
use crate::arena::Arena;
use crate::consumer::Consumer;
use crate::demux::{Protocol, classify};
use crate::hash::{Map, Seeded};
use crate::loudest::Loudest;
use crate::path::Address;
use crate::producer::Producer;
use crate::release::Schedule;
use crate::shedding::Pressure;
use crate::stun;
use crate::table::Table;
use crate::transport::Transport;
use core::net::SocketAddr;
use std::collections::HashMap;

/// Who was proven at an address this recently keeps it.
const ADDRESS_LEASE: u64 = 10_000_000;
/// DTLS datagrams handed up per transport and window: data channels at full speed, and no more.
const MAX_DTLS: u32 = 1024;
const DTLS_WINDOW: u64 = 100_000;
/// Longer than a DTLS datagram on any path.
const MAX_DTLS_SIZE: usize = 4096;

/// See [`PacketCore`].
pub struct Forwarder {
    pub(crate) config: Config,
    pub(crate) arena: Arena,
    pub(crate) hasher: Seeded,
    pub(crate) transports: Table<Transport>,
    pub(crate) producers: Table<Producer>,
    pub(crate) consumers: Table<Consumer>,
    /// Transport by proven address.
    pub(crate) addresses: Map<Address, usize>,
    /// Transport by our ICE user name fragment.
    pub(crate) ufrags: HashMap<Vec<u8>, usize, Seeded>,
    pub(crate) counters: Counters,
    pub(crate) next_tick: Micros,
    pub(crate) last_media: Option<Micros>,
    pub(crate) next_judgement: Micros,
    /// Which of the producers are reviewed next.
    pub(crate) turn: usize,
    /// When consent is next looked at.
    pub(crate) next_consent: Micros,
    pub(crate) schedule: Schedule,
    pub(crate) pressure: Pressure,
    /// By room; only those of which something was heard.
    pub(crate) loudest: Map<RoomId, Loudest>,
    /// Added to our clock where peers are told it: it says nothing of how long the machine has run.
    clock_offset: u64,
    random: u64,
}

impl Forwarder {
    /// A forwarder without transports, which keeps media only in `arena`.
    #[must_use]
    pub fn new(config: Config, arena: Arena) -> Self {
        let mut words = config
            .seed
            .chunks_exact(8)
            .map(|word| word.iter().fold(0_u64, |word, &byte| word << 8 | u64::from(byte)));
        let mut word = || words.next().unwrap_or_default();
        let hasher = Seeded(word());
        let random = word() ^ word().rotate_left(13) ^ word().rotate_left(37);
        let clock_offset = random.rotate_left(29) ^ 0x5851_f42d_4c95_7f2d;
        Self {
            config,
            arena,
            hasher,
            transports: Table::new(hasher),
            producers: Table::new(hasher),
            consumers: Table::new(hasher),
            addresses: Map::with_hasher(hasher),
            ufrags: HashMap::with_hasher(hasher),
            counters: Counters::default(),
            next_tick: Micros(0),
            last_media: None,
            next_judgement: Micros(0),
            turn: 0,
            next_consent: Micros(0),
            schedule: Schedule::default(),
            pressure: Pressure::default(),
            loudest: Map::with_hasher(hasher),
            clock_offset,
            random,
        }
    }

    /// The next number of a splitmix64 sequence: for SSRCs and sequence starts, not for keys.
    pub(crate) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.random;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    /// Our reference time in the form of NTP (RFC 3611 section 4.4): only differences mean something.
    pub(crate) fn reference(&self, now: Micros) -> u64 {
        (((u128::from(now.0) << 32) / 1_000_000) as u64).wrapping_add(self.clock_offset)
    }

    pub(crate) fn refuse(out: &mut Outbox, id: u32, reason: Refusal) {
        out.events.push(Event::Refused { id, reason });
    }

    /// Answers a binding request. False if it is not one, or not authentic.
    fn handle_stun(&mut self, now: Micros, from: Address, datagram: &[u8], out: &mut Outbox) -> bool {
        let Some(request) = stun::Request::parse(datagram) else { return false };
        let Some(&index) = self.ufrags.get(request.local_ufrag) else { return false };
        let Some(transport) = self.transports.get(index) else { return false };
        let Some(key) = transport.credentials.key(request.local_ufrag) else { return false };
        if !request.is_authentic(key) || transport.path.is_copy(from, request.transaction) {
            return false;
        }
        if let Some(owner) = self.addresses.get(&from).copied().filter(|&owner| owner != index) {
            let Some(other) = self.transports.get_mut(owner) else { return false };
            let leased = other.path.last_proof(from).is_some_and(|at| now.0 < at.0 + ADDRESS_LEASE);
            if leased {
                return false;
            }
            other.path.forget(from);
        }
        let Some(transport) = self.transports.get_mut(index) else { return false };
        let Some(key) = transport.credentials.key(request.local_ufrag) else { return false };
        transport.traffic.receive(datagram.len());
        let start = out.bytes.len();
        if request.claims_controlled {
            stun::write_role_conflict(&mut out.bytes, request.transaction, key);
        } else {
            let change = transport.path.prove(now, from, request.transaction, request.nominates);
            if let Some(evicted) = change.evicted {
                self.addresses.remove(&evicted);
            }
            self.addresses.insert(from, index);
            stun::write_success(&mut out.bytes, request.transaction, from.1, key);
            if let Some(before) = transport.credentials.prove(request.local_ufrag) {
                self.ufrags.remove(&before);
            }
            if change.became_reachable {
                out.events.push(Event::Reachable { transport: transport.id });
            }
        }
        let len = out.bytes.len() - start;
        transport.traffic.send(len);
        out.transmits.push(Transmit { socket: from.0, to: from.1, start, len });
        true
    }

    /// Completes what has come into the outbox since it had so many datagrams and bytes, and counts it.
    fn finish(&mut self, (transmits, bytes): (usize, usize), out: &mut Outbox) {
        out.sign();
        self.counters.packets_sent += (out.transmits.len() - transmits) as u64;
        self.counters.bytes_sent += (out.bytes.len() - bytes) as u64;
    }

    /// Hands a DTLS datagram up. False if there are too many.
    fn handle_dtls(&mut self, now: Micros, index: usize, datagram: &[u8], out: &mut Outbox) -> bool {
        let Some(transport) = self.transports.get_mut(index) else { return false };
        let (since, count) = &mut transport.dtls_window;
        if now.0 >= since.0 + DTLS_WINDOW {
            (*since, *count) = (now, 0);
        }
        if *count == MAX_DTLS || datagram.len() > MAX_DTLS_SIZE {
            return false;
        }
        *count += 1;
        transport.traffic.receive(datagram.len());
        out.events.push(Event::Dtls { transport: transport.id, datagram: datagram.to_vec() });
        true
    }
}

impl PacketCore for Forwarder {
    fn handle_command(&mut self, now: Micros, command: Command, out: &mut Outbox) {
        let before = (out.transmits.len(), out.bytes.len());
        self.carry_out(now, command, out);
        self.finish(before, out);
    }

    fn handle_datagram(
        &mut self,
        now: Micros,
        socket: SocketIndex,
        from: SocketAddr,
        datagram: &mut [u8],
        out: &mut Outbox,
    ) {
        let before = (out.transmits.len(), out.bytes.len());
        self.counters.packets_received += 1;
        self.counters.bytes_received += datagram.len() as u64;
        let from = (socket, from);
        let is_taken = match classify(datagram) {
            None => false,
            Some(Protocol::Stun) => self.handle_stun(now, from, datagram, out),
            Some(protocol) => match self.addresses.get(&from).copied() {
                None => false,
                Some(index) => match protocol {
                    Protocol::Dtls => self.handle_dtls(now, index, datagram, out),
                    Protocol::Rtcp => self.handle_rtcp(now, index, datagram, out),
                    Protocol::Rtp | Protocol::Stun => self.handle_rtp(now, index, datagram, out),
                },
            },
        };
        if !is_taken {
            self.counters.packets_dropped += 1;
        }
        // It may hold opened media, which the arena alone keeps between calls.
        datagram.fill(0);
        core::hint::black_box(datagram);
        self.finish(before, out);
    }

    fn note_batch(&mut self, idle: u64, is_behind: bool) {
        self.pressure.note_batch(idle, is_behind);
    }

    fn handle_disconnect(&mut self, socket: SocketIndex, from: SocketAddr) {
        let from = (socket, from);
        let owner = self.addresses.remove(&from);
        if let Some(transport) = owner.and_then(|index| self.transports.get_mut(index)) {
            transport.path.forget(from);
        }
    }

    fn is_proven(&self, socket: SocketIndex, from: SocketAddr) -> bool {
        self.addresses.contains_key(&(socket, from))
    }

    fn handle_timeout(&mut self, now: Micros, out: &mut Outbox) {
        let before = (out.transmits.len(), out.bytes.len());
        self.tick(now, out);
        self.release(now, out);
        self.finish(before, out);
    }

    fn next_timeout(&self) -> Micros {
        self.next_tick.min(self.schedule.next)
    }

    fn counters(&self) -> Counters {
        Counters {
            transports: self.transports.len() as u32,
            producers: self.producers.len() as u32,
            consumers: self.consumers.len() as u32,
            ..self.counters
        }
    }
}
