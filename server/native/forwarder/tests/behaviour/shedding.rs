//! A relay that cannot keep up: rooms that cost little lose nothing, sound goes on, and video gives way.

use crate::camera::Camera;
use crate::peer::Rtp;
use crate::world::{AUDIO, MILLISECOND, VIDEO, World, audio, video, vp8};
use offrecord_forwarder::api::{Counters, PacketCore, ProducerOptions};
use std::collections::VecDeque;

/// Datagrams, of both directions, that the machine gets done in a millisecond.
const CAPACITY: u64 = 60;
/// As many are received at a time.
const BATCH: usize = 64;
const CROWD: usize = 20;
/// So many packets of the large video come in a millisecond, when it is too much.
const TOO_MUCH: u64 = 6;
/// Peers of the large room, and of the small one.
const PUBLISHER: usize = 0;
const FIRST_VIEWER: usize = 1;
const SMALL: usize = FIRST_VIEWER + CROWD;
const BIG_ROOM: u32 = 1;
const SMALL_ROOM: u32 = 2;

/// A track that sends packets without a key frame but the first.
#[derive(Clone, Copy)]
struct Track {
    peer: usize,
    ssrc: u32,
    is_video: bool,
    sent: u64,
}

/// A machine with a queue before it, as a socket has one.
struct Machine {
    world: World,
    queue: VecDeque<(u64, usize, Vec<u8>)>,
    tracks: [Track; 4],
    millisecond: u64,
    idle: u64,
    /// Of the small room's packets, in milliseconds, since somebody emptied it.
    waits: Vec<u64>,
    owed: u64,
}

fn work(counters: &Counters) -> u64 {
    counters.packets_received + counters.packets_sent
}

impl Machine {
    fn new() -> Self {
        let mut world = World::connected(SMALL as u32 + 2);
        let of = |room, options| ProducerOptions { room, ..options };
        world.produce(of(BIG_ROOM, video(1, 1, 10)));
        world.produce(of(BIG_ROOM, audio(2, 1, 20)));
        world.produce(of(SMALL_ROOM, video(3, SMALL as u32 + 1, 30)));
        world.produce(of(SMALL_ROOM, audio(4, SMALL as u32 + 1, 40)));
        for viewer in 0..CROWD {
            for producer in [1, 2] {
                world.consume(FIRST_VIEWER + viewer, producer * 100 + viewer as u32, producer);
            }
        }
        world.consume(SMALL + 1, 3, 3);
        world.consume(SMALL + 1, 4, 4);
        let track = |peer, ssrc, is_video| Track { peer, ssrc, is_video, sent: 0 };
        let tracks = [
            track(PUBLISHER, 10, true),
            track(PUBLISHER, 20, false),
            track(SMALL, 30, true),
            track(SMALL, 40, false),
        ];
        let (queue, waits) = (VecDeque::new(), Vec::new());
        Self { world, queue, tracks, millisecond: 0, idle: 0, waits, owed: 0 }
    }

    /// Lets so many milliseconds pass, with so many packets of the large video in each.
    fn run(&mut self, milliseconds: u64, large: u64) {
        for _ in 0..milliseconds {
            (0..large).for_each(|_| self.send(0));
            if self.millisecond.is_multiple_of(5) {
                self.send(2);
            }
            if self.millisecond.is_multiple_of(20) {
                self.send(1);
                self.send(3);
            }
            self.work();
            self.millisecond += 1;
            self.world.advance(MILLISECOND);
        }
    }

    fn send(&mut self, at: usize) {
        let Track { peer, ssrc, is_video, sent: index } = self.tracks[at];
        self.tracks[at].sent += 1;
        let (payload_type, payload) =
            if is_video { (VIDEO, vp8(index == 0, index as u16 & 0x7fff, 0)) } else { (AUDIO, vec![1; 80]) };
        let timestamp = (self.millisecond * 90) as u32;
        let packet = Rtp { ssrc, index, timestamp, payload_type, payload, ..Rtp::default() };
        let datagram = self.world.peers[peer].seal(&packet);
        self.queue.push_back((self.millisecond, peer, datagram));
    }

    /// What the machine gets done in a millisecond. A batch that takes longer is not begun again before.
    fn work(&mut self) {
        while self.owed < CAPACITY {
            let count = self.queue.len().min(BATCH);
            if count == 0 {
                break;
            }
            self.world.forwarder.note_batch(self.idle, count == BATCH);
            let before = work(&self.world.forwarder.counters());
            for (since, peer, datagram) in self.queue.drain(..count).collect::<Vec<_>>() {
                if peer == SMALL {
                    self.waits.push(self.millisecond - since);
                }
                self.world.send(peer, datagram);
            }
            self.owed += work(&self.world.forwarder.counters()) - before;
        }
        self.idle += (CAPACITY - self.owed.min(CAPACITY)) * MILLISECOND / CAPACITY;
        self.owed = self.owed.saturating_sub(CAPACITY);
    }

    /// Forwards a camera for so many milliseconds; what is left to be done then.
    fn show(&mut self, camera: &mut Camera, milliseconds: u64) -> u64 {
        let mut late = 0;
        for _ in 0..milliseconds {
            let before = work(&self.world.forwarder.counters());
            camera.step(&mut self.world);
            late += work(&self.world.forwarder.counters()) - before;
            self.world.forwarder.note_batch(self.idle, late > CAPACITY);
            self.idle += CAPACITY.saturating_sub(late) * MILLISECOND / CAPACITY;
            late = late.saturating_sub(CAPACITY);
            self.world.advance(MILLISECOND);
        }
        late
    }

    fn received(&self, peer: usize, ssrc: u32) -> u64 {
        let sealed = self.world.peers[peer].sealed();
        sealed.iter().filter(|datagram| datagram[8..12] == ssrc.to_be_bytes()).count() as u64
    }

    fn shed(&self) -> u64 {
        self.world.forwarder.counters().shed
    }
}

#[test]
fn at_twice_of_what_it_can_do_the_small_room_waits_for_a_moment_and_loses_nothing() {
    let mut machine = Machine::new();
    machine.run(1_000, 2);
    assert_eq!(machine.shed(), 0, "it keeps up with that");
    machine.run(1_000, TOO_MUCH);
    machine.waits.clear();
    let before = machine.received(FIRST_VIEWER, 1_100);
    machine.run(3_000, TOO_MUCH);
    let longest = machine.waits.iter().max().copied().unwrap_or_default();
    assert!(longest <= 60, "{longest} ms");
    let shown = machine.received(FIRST_VIEWER, 1_100) - before;
    let most = 3_000 * CAPACITY / (CROWD as u64 + 1);
    assert!((most * 7 / 10..most).contains(&shown), "{shown} packets of {most} that could be shown");
    machine.run(2_000, 0);
    assert_eq!(machine.received(SMALL + 1, 1_003), machine.tracks[2].sent, "of the small room's video");
    assert_eq!(machine.received(SMALL + 1, 1_004), machine.tracks[3].sent, "and of its sound");
    assert_eq!(machine.received(FIRST_VIEWER, 1_200), machine.tracks[1].sent, "of the large room's sound");
}

#[test]
fn when_less_is_asked_again_all_of_it_is_given() {
    let mut machine = Machine::new();
    machine.run(2_000, TOO_MUCH);
    assert!(machine.shed() > 0);
    machine.run(3_000, 1);
    let (shed, shown) = (machine.shed(), machine.received(FIRST_VIEWER, 1_100));
    machine.run(1_000, 2);
    assert_eq!((machine.shed(), machine.received(FIRST_VIEWER, 1_100)), (shed, shown + 2_000));
}

#[test]
fn a_flood_that_is_no_media_takes_no_media_away() {
    let mut machine = Machine::new();
    for _ in 0..3_000 {
        let stranger = (0..2 * CAPACITY).map(|_| (machine.millisecond, PUBLISHER, vec![0x80; 60]));
        machine.queue.extend(stranger);
        machine.run(1, 0);
        machine.queue.truncate(2_000);
    }
    assert_eq!(machine.shed(), 0);
}

#[test]
fn a_video_in_several_encodings_is_shown_in_a_lower_one() {
    let mut machine = Machine::new();
    let mut camera = Camera::new(&mut machine.world, PUBLISHER, 9, &[100_000, 400_000, 30_000_000]);
    for viewer in 0..CROWD {
        machine.world.consume(FIRST_VIEWER + viewer, 900 + viewer as u32, 9);
    }
    assert!(machine.show(&mut camera, 4_000) < CAPACITY, "it keeps up");
    assert_eq!(layer_of(&machine.world, 900), Some(1));
    camera.rates[2] = 900_000;
    machine.show(&mut camera, 8_000);
    assert_eq!(layer_of(&machine.world, 900), Some(2), "what fits is shown again");
}

/// The encoding that a consumer was last said to be shown.
fn layer_of(world: &World, id: u32) -> Option<u8> {
    world.events.iter().rev().find_map(|event| match event {
        offrecord_forwarder::Event::ConsumerState { consumer, layer, .. } if *consumer == id => Some(*layer),
        _ => None,
    })
}
