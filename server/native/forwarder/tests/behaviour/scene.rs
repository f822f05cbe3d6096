//! Cameras and microphones, and subscribers behind bottlenecks that say what arrives.

use crate::camera::Camera;
use crate::peer::{AUDIO_LEVEL, Received, Rtp};
use crate::viewer::Viewer;
use crate::world::{AUDIO, MILLISECOND, SECOND, World, audio, consumer};
use core::time::Duration;
use offrecord_forwarder::api::{ConsumerOptions, ExtensionKind};
use offrecord_forwarder::{Command, Event};
use offrecord_netem::{Limit, Profile};
use std::collections::BTreeMap;

const STEP: u64 = 5 * MILLISECOND;
const FEEDBACK_SPACING: u64 = 50 * MILLISECOND;
/// As subscribers know transport-wide numbers.
pub const NUMBER: u8 = 11;
pub const OUT_VIDEO: u8 = 100;
pub const OUT_RTX: u8 = 101;

/// How a subscriber tells what it receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    TransportCc,
    /// A receiver's estimate in bits a second, each second.
    Remb(u64),
    None,
}

/// What came under one SSRC.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stream {
    pub packets: u64,
    pub bytes: u64,
    pub newest: u64,
    pub last_at: u64,
    pub longest_gap: u64,
    pub out_of_order: u64,
    /// As many as were ended.
    pub pictures: u64,
}

pub struct Subscriber {
    pub peer: usize,
    pub feedback: Feedback,
    pub streams: BTreeMap<u32, Stream>,
    /// Every transport-wide number that arrived, and when, of the time since the last report.
    pub arrivals: Vec<(u16, u64)>,
    pub numbers: Vec<u16>,
    /// By the number of their consumer.
    pub viewers: BTreeMap<u32, Viewer>,
    next_report: u64,
    reports: u8,
}

pub struct Microphone {
    /// In -dBov; `None`: it is not told.
    pub level: Option<u8>,
    peer: usize,
    producer: u32,
    next_at: u64,
    index: u64,
}

pub struct Scene {
    pub world: World,
    pub cameras: Vec<Camera>,
    pub microphones: Vec<Microphone>,
    pub subscribers: Vec<Subscriber>,
    next_check: u64,
}

impl Scene {
    /// A world with so many peers; 20 ms to each subscriber.
    pub fn new(peers: u32) -> Self {
        let mut world = World::with_arena(8192);
        (0..peers).for_each(|_| world.connect());
        let down = Profile { delay: Duration::from_millis(20), ..Profile::default() };
        world.set_paths(Profile::default(), down);
        Self { world, cameras: Vec::new(), microphones: Vec::new(), subscribers: Vec::new(), next_check: 0 }
    }

    pub fn camera(&mut self, peer: usize, producer: u32, rates: &[u64]) {
        let camera = Camera::new(&mut self.world, peer, producer, rates);
        self.cameras.push(camera);
    }

    pub fn microphone(&mut self, peer: usize, producer: u32) {
        self.world.produce(audio(producer, self.world.peers[peer].id, producer * 100));
        self.microphones.push(Microphone { level: None, peer, producer, next_at: self.world.now, index: 0 });
    }

    /// The peer tells by transport-wide feedback what it receives; 0 bits a second are no bottleneck.
    pub fn subscriber(&mut self, peer: usize, rate: u64, feedback: Feedback) -> usize {
        self.limit(peer, rate);
        self.subscribers.push(Subscriber {
            peer,
            feedback,
            streams: BTreeMap::new(),
            arrivals: Vec::new(),
            numbers: Vec::new(),
            viewers: BTreeMap::new(),
            next_report: self.world.now,
            reports: 0,
        });
        self.subscribers.len() - 1
    }

    /// A consumer with retransmissions, on the SSRCs 1000 and 2000 and its own number.
    pub fn consume(&mut self, peer: usize, id: u32, producer: u32) {
        let options = repaired(id, producer, self.world.peers[peer].id);
        self.world.command(Command::CreateConsumer(options));
    }

    /// The same, for a video that is watched: what is missing is asked for.
    pub fn watch(&mut self, subscriber: usize, id: u32, producer: u32) {
        self.consume(self.subscribers[subscriber].peer, id, producer);
        self.subscribers[subscriber].viewers.insert(id, Viewer::new(1_000 + id, self.world.now));
    }

    /// From now on so many bits a second pass to a peer, and wait for a second at most; 0: no limit.
    pub fn limit(&mut self, peer: usize, rate: u64) {
        let limit = if rate == 0 { Limit::default() } else { Limit::new(rate, Duration::from_secs(1)) };
        self.world.limit_down(peer, limit);
    }

    pub fn stream(&self, subscriber: usize, ssrc: u32) -> Stream {
        self.subscribers[subscriber].streams.get(&ssrc).copied().unwrap_or_default()
    }

    pub fn run(&mut self, duration: u64) {
        let end = self.world.now + duration;
        while self.world.now < end {
            if self.world.now >= self.next_check {
                self.next_check = self.world.now + 10 * SECOND;
                self.world.keep_consent();
            }
            self.cameras.iter_mut().for_each(|camera| camera.step(&mut self.world));
            self.microphones.iter_mut().for_each(|microphone| microphone.step(&mut self.world));
            self.world.advance(STEP);
            for subscriber in &mut self.subscribers {
                subscriber.take(&mut self.world);
            }
        }
    }
}

impl Scene {
    /// What was told of a consumer, in order: the layer, or `None` while the path does not carry it.
    pub fn states(&self, consumer: u32) -> Vec<Option<u8>> {
        let of_consumer = |event: &Event| match *event {
            Event::ConsumerState { consumer: id, layer, congested, .. } if id == consumer => {
                Some((!congested).then_some(layer))
            }
            _ => None,
        };
        self.world.events.iter().filter_map(of_consumer).collect()
    }

    /// Runs until a consumer is in a state; how long that took. Fails after `most`.
    pub fn run_until(&mut self, consumer: u32, state: Option<u8>, most: u64) -> u64 {
        let start = self.world.now;
        while self.states(consumer).last() != Some(&state) {
            assert!(self.world.now < start + most, "still {:?} after {most}", self.states(consumer));
            self.run(50 * MILLISECOND);
        }
        self.world.now - start
    }

    /// What arrived under an SSRC in so much time, in bits a second.
    pub fn measure(&mut self, subscriber: usize, ssrc: u32, duration: u64) -> u64 {
        let before = self.stream(subscriber, ssrc).bytes;
        self.run(duration);
        (self.stream(subscriber, ssrc).bytes - before) * 8 * SECOND / duration
    }
}

pub fn repaired(id: u32, producer: u32, transport: u32) -> ConsumerOptions {
    let mut options = consumer(id, producer, transport);
    options.extensions.push((ExtensionKind::TransportCc, NUMBER));
    ConsumerOptions { rtx_ssrc: 2_000 + id, rtx_payload_types: vec![(OUT_VIDEO, OUT_RTX)], ..options }
}

impl Microphone {
    fn step(&mut self, world: &mut World) {
        while self.next_at <= world.now {
            let packet = Rtp {
                ssrc: self.producer * 100,
                index: self.index,
                timestamp: self.index as u32 * 960,
                payload_type: AUDIO,
                extensions: self.level.map(|level| (AUDIO_LEVEL, vec![0x80 | level])).into_iter().collect(),
                payload: vec![1; 80],
                ..Rtp::default()
            };
            world.send_rtp(self.peer, &packet);
            self.index += 1;
            self.next_at += 20 * MILLISECOND;
        }
    }
}

impl Subscriber {
    fn take(&mut self, world: &mut World) {
        for (at, what) in world.peers[self.peer].received.drain(..) {
            if let Received::Rtp { packet, datagram } = what {
                self.note(at, &packet, datagram.len());
                if let Some(viewer) = self.viewers.get_mut(&(packet.ssrc % 1_000)) {
                    viewer.take(at, &packet);
                }
            }
        }
        for said in self.viewers.values_mut().flat_map(|viewer| viewer.speak(world.now)).collect::<Vec<_>>() {
            world.send_rtcp(self.peer, said);
        }
        if world.now < self.next_report {
            return;
        }
        match self.feedback {
            Feedback::TransportCc => {
                self.next_report = world.now + FEEDBACK_SPACING;
                if let Some(report) = transport_cc(&mut self.arrivals, &mut self.reports) {
                    world.send_rtcp(self.peer, report);
                }
            }
            Feedback::Remb(rate) => {
                self.next_report = world.now + SECOND;
                world.send_rtcp(self.peer, remb(rate));
            }
            Feedback::None => {}
        }
    }

    fn note(&mut self, at: u64, packet: &Rtp, bytes: usize) {
        let stream = self.streams.entry(packet.ssrc).or_default();
        if stream.packets > 0 {
            stream.longest_gap = stream.longest_gap.max(at - stream.last_at);
            stream.out_of_order += u64::from(packet.index < stream.newest);
        }
        stream.packets += 1;
        stream.pictures += u64::from(packet.marker);
        stream.bytes += bytes as u64;
        stream.newest = stream.newest.max(packet.index);
        stream.last_at = at;
        if let Some((_, value)) = packet.extensions.iter().find(|(id, _)| *id == NUMBER) {
            let number = u16::from_be_bytes(value[..].try_into().unwrap());
            self.arrivals.push((number, at));
            self.numbers.push(number);
        }
    }
}

/// Bits a second as a receiver's estimate.
pub fn remb(rate: u64) -> Vec<u8> {
    let shift = (64 - rate.leading_zeros()).saturating_sub(18);
    let value = shift << 18 | (rate >> shift) as u32;
    let mut packet = vec![0x8f, 206, 0, 5, 0, 0, 0, 9, 0, 0, 0, 0];
    packet.extend(b"REMB");
    packet.push(1);
    packet.extend(&value.to_be_bytes()[1..]);
    packet.extend([0, 0, 0, 7]);
    packet
}

/// A report of what arrived, which is forgotten.
pub fn transport_cc(arrivals: &mut Vec<(u16, u64)>, reports: &mut u8) -> Option<Vec<u8>> {
    let &(newest, _) = arrivals.last()?;
    arrivals.sort_by_key(|&(number, _)| number.wrapping_sub(newest) as i16);
    let first = arrivals[0].0;
    let count = arrivals.last()?.0.wrapping_sub(first) + 1;
    let reference = arrivals.iter().map(|&(_, at)| at).min()? / 64_000;
    let mut packet = vec![0xaf, 205, 0, 0, 0, 0, 0, 9, 0, 0, 0, 7];
    packet.extend(first.to_be_bytes());
    packet.extend(count.to_be_bytes());
    packet.extend(&(reference as u32).to_be_bytes()[1..]);
    packet.push(*reports);
    *reports = reports.wrapping_add(1);
    let by_number: BTreeMap<u16, u64> =
        arrivals.drain(..).map(|(number, at)| (number.wrapping_sub(first), at)).collect();
    let symbols: Vec<u16> = (0..count).map(|at| 2 * u16::from(by_number.contains_key(&at))).collect();
    for seven in symbols.chunks(7) {
        let bits = |word, (at, symbol): (usize, &u16)| word | symbol << (12 - 2 * at);
        packet.extend(seven.iter().enumerate().fold(0xc000_u16, bits).to_be_bytes());
    }
    let mut before = reference * 256;
    for at in by_number.into_values() {
        let ticks = at / 250;
        packet.extend(((ticks as i64 - before as i64) as i16).to_be_bytes());
        before = ticks;
    }
    let padding = 4 - packet.len() % 4;
    packet.resize(packet.len() + padding - 1, 0);
    packet.push(padding as u8);
    let words = (packet.len() / 4 - 1) as u16;
    packet[2..4].copy_from_slice(&words.to_be_bytes());
    Some(packet)
}
