//! No media stays in the arena beyond its time, nor beyond its track.

use crate::peer::Peer;
use crate::peer::Rtp;
use crate::world::{MILLISECOND, SECOND, VIDEO, config, video};
use offrecord_forwarder::api::PacketCore;
use offrecord_forwarder::{Arena, Command, Forwarder, Micros, Outbox, SLOT_SIZE};

const MARK: &[u8] = b"a face that must not be kept";

/// A forwarder over memory that the test can look at.
struct Watched {
    forwarder: Forwarder,
    memory: *const u8,
    size: usize,
    peer: Peer,
    out: Outbox,
}

impl Watched {
    fn new() -> Self {
        let size = 256 * SLOT_SIZE;
        let memory = Box::leak(vec![0; size].into_boxed_slice());
        let pointer = memory.as_ptr();
        let forwarder = Forwarder::new(config(), Arena::new(memory));
        let peer = Peer::new(1, "192.0.2.1:5".parse().unwrap());
        let mut watched = Self { forwarder, memory: pointer, size, peer, out: Outbox::default() };
        let (create, keys) = (watched.peer.create_transport(), watched.peer.set_keys());
        let check = watched.peer.check(true);
        watched.command(create);
        watched.deliver(0, check);
        watched.command(keys);
        watched.command(Command::CreateProducer(video(1, 1, 20)));
        watched
    }

    fn command(&mut self, command: Command) {
        self.forwarder.handle_command(Micros(0), command, &mut self.out);
    }

    fn deliver(&mut self, now: u64, mut datagram: Vec<u8>) {
        self.forwarder.handle_datagram(Micros(now), 0, self.peer.address, &mut datagram, &mut self.out);
    }

    fn send(&mut self, now: u64, index: u64) {
        let payload = [&[0x10, 1][..], MARK].concat();
        let packet = Rtp { ssrc: 20, index, payload_type: VIDEO, payload, ..Rtp::default() };
        let datagram = self.peer.seal(&packet);
        self.deliver(now, datagram);
    }

    fn copies(&self) -> usize {
        // SAFETY: the memory is leaked, and the forwarder that writes to it is not running meanwhile.
        let bytes = unsafe { core::slice::from_raw_parts(self.memory, self.size) };
        bytes.windows(MARK.len()).filter(|window| *window == MARK).count()
    }

    fn wait_until(&mut self, end: u64) {
        while self.forwarder.next_timeout().0 <= end {
            let now = self.forwarder.next_timeout();
            self.forwarder.handle_timeout(now, &mut self.out);
        }
    }
}

#[test]
fn packets_are_wiped_when_their_time_is_over() {
    let mut watched = Watched::new();
    (0..10).for_each(|index| watched.send(index * MILLISECOND, index));
    assert_eq!(watched.copies(), 10);
    watched.wait_until(900 * MILLISECOND);
    assert_eq!(watched.copies(), 10);
    watched.wait_until(SECOND + 50 * MILLISECOND);
    assert_eq!(watched.copies(), 0);
}

#[test]
fn the_age_of_the_oldest_packet_is_told() {
    let mut watched = Watched::new();
    watched.send(0, 0);
    watched.send(500 * MILLISECOND, 1);
    let mut ages = Vec::new();
    for end in [400, 900, 1030, 1400, 1600] {
        watched.wait_until(end * MILLISECOND);
        ages.push(watched.forwarder.counters().oldest_media / MILLISECOND);
    }
    // One tick more than a second at most, and the second packet's age once the first is gone.
    let ticks = |age: u64, least: u64| (least..=least + 20).contains(&age);
    assert!(ticks(ages[0], 380) && ticks(ages[1], 880) && ticks(ages[2], 1000), "{ages:?}");
    assert!(ticks(ages[3], 880) && ages[4] == 0, "{ages:?}");
}

#[test]
fn closing_wipes_at_once() {
    let closings: [Command; 4] = [
        Command::CloseProducer { id: 1 },
        Command::PauseProducer { id: 1, paused: true },
        Command::CloseTransport { id: 1 },
        Command::CreateTransport { id: 9, local_ufrag: vec![1], local_pwd: vec![].into() },
    ];
    let left = closings.map(|command| {
        let mut watched = Watched::new();
        (0..10).for_each(|index| watched.send(0, index));
        watched.command(command);
        watched.copies()
    });
    assert_eq!(left, [0, 0, 0, 10]);
}

#[test]
fn the_buffer_a_packet_came_in_is_wiped() {
    let mut watched = Watched::new();
    let payload = [&[0x10, 1][..], MARK].concat();
    let mut datagram =
        watched.peer.seal(&Rtp { ssrc: 20, index: 1, payload_type: VIDEO, payload, ..Rtp::default() });
    watched.forwarder.handle_datagram(Micros(0), 0, watched.peer.address, &mut datagram, &mut watched.out);
    assert_eq!(watched.copies(), 1);
    assert!(datagram.iter().all(|&byte| byte == 0));
}

#[test]
fn the_arena_is_wiped_with_the_forwarder() {
    let mut watched = Watched::new();
    (0..10).for_each(|index| watched.send(0, index));
    let other = Forwarder::new(config(), Arena::new(Box::leak(Box::default())));
    drop(core::mem::replace(&mut watched.forwarder, other));
    assert_eq!(watched.copies(), 0);
}
