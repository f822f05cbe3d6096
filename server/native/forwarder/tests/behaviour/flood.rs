//! A peer that sends more than anybody may: the rest is dropped, and nobody else notices.

use crate::peer::{Rtp, sender_report};
use crate::world::{AUDIO, MILLISECOND, SECOND, VIDEO, World, audio, video, vp8};
use offrecord_forwarder::api::PacketCore;

const SECONDS: u64 = 3;
/// Most bytes of one peer that are taken in so many seconds: 50 Mbit/s, and half a second of that at once.
const MOST: u64 = 6_250_000 * SECONDS + 3_125_000;
/// The same of one microphone.
const MOST_SOUND: u64 = 250_000 * SECONDS + 125_000;

/// Peer 0 floods; peer 1 receives that. Peer 2 speaks to peer 1 and to peer 3.
struct Flood {
    world: World,
    next: u64,
    spoken: u64,
}

impl Flood {
    fn new() -> Self {
        let mut world = World::connected(4);
        world.produce(video(1, 1, 10));
        world.produce(audio(2, 1, 20));
        world.produce(audio(3, 3, 30));
        for (peer, id, producer) in [(1, 1, 1), (1, 2, 2), (1, 3, 3), (3, 4, 3)] {
            world.consume(peer, id, producer);
        }
        Self { world, next: 0, spoken: 0 }
    }

    /// So many packets of so many bytes in each millisecond, while somebody else speaks.
    fn run(&mut self, ssrc: u32, payload_type: u8, packets: u64, bytes: usize) {
        for millisecond in 0..SECONDS * 1_000 {
            for _ in 0..packets {
                let mut payload = vp8(self.next == 0, self.next as u16 & 0x7fff, 0);
                payload.resize(bytes - 12 - 16, 7);
                let timestamp = (millisecond * 90) as u32;
                let packet =
                    Rtp { ssrc, index: self.next, timestamp, payload_type, payload, ..Rtp::default() };
                self.world.send_rtp(0, &packet);
                self.next += 1;
            }
            if millisecond % 20 == 0 {
                self.speak();
            }
            self.world.advance(MILLISECOND);
        }
    }

    fn speak(&mut self) {
        let packet = Rtp { ssrc: 30, index: self.spoken, payload_type: AUDIO, ..Rtp::default() };
        self.world.send_rtp(2, &packet);
        self.spoken += 1;
    }

    /// Packets and bytes that a peer received under an SSRC.
    fn received(&self, peer: usize, ssrc: u32) -> (u64, u64) {
        let sealed = self.world.peers[peer].sealed();
        let is_of = |datagram: &&Vec<u8>| datagram[8..12] == ssrc.to_be_bytes();
        let lengths = sealed.iter().filter(is_of).map(|datagram| datagram.len() as u64);
        lengths.fold((0, 0), |(packets, bytes), length| (packets + 1, bytes + length))
    }

    /// Whoever speaks in the same room and in another is heard, all of it.
    fn assert_undisturbed(&self) {
        assert_eq!(self.received(1, 1_003).0, self.spoken);
        assert_eq!(self.received(3, 1_004).0, self.spoken);
    }
}

#[test]
fn of_a_hundred_megabits_a_second_half_is_forwarded() {
    let mut flood = Flood::new();
    flood.run(10, VIDEO, 10, 1_250);
    let (packets, bytes) = flood.received(1, 1_001);
    assert!((MOST * 95 / 100..MOST * 101 / 100).contains(&bytes), "{bytes} bytes, at most {MOST}");
    let counters = flood.world.forwarder.counters();
    assert_eq!(counters.packets_dropped, flood.next - packets);
    flood.assert_undisturbed();
}

#[test]
fn what_is_small_counts_as_more_than_it_is() {
    let mut flood = Flood::new();
    flood.run(10, VIDEO, 40, 60);
    let packets = flood.received(1, 1_001).0;
    assert!(packets <= MOST / 500 + 1, "{packets} packets");
    flood.assert_undisturbed();
}

#[test]
fn a_microphone_is_given_what_sound_may_need() {
    let mut flood = Flood::new();
    flood.run(20, AUDIO, 10, 1_250);
    let bytes = flood.received(1, 1_002).1;
    assert!((MOST_SOUND * 9 / 10..MOST_SOUND * 11 / 10).contains(&bytes), "{bytes} bytes");
    flood.assert_undisturbed();
    let picture = Rtp { ssrc: 10, payload_type: VIDEO, payload: vp8(true, 0, 0), ..Rtp::default() };
    flood.world.send_rtp(0, &picture);
    assert_eq!(flood.received(1, 1_001).0, 1, "the peer's other tracks go on");
}

#[test]
fn reports_are_part_of_what_a_peer_may_send() {
    let mut flood = Flood::new();
    let before = flood.world.forwarder.counters().packets_dropped;
    for _ in 0..SECONDS * 1_000 {
        for _ in 0..30 {
            flood.world.send_rtcp(0, sender_report(10, 1, 1));
        }
        flood.world.advance(MILLISECOND);
    }
    let taken = SECONDS * 30_000 - (flood.world.forwarder.counters().packets_dropped - before);
    assert!(taken <= MOST / 500 + 1, "{taken} reports");
}

#[test]
fn strangers_who_send_in_a_peers_name_take_nothing_from_it() {
    let mut flood = Flood::new();
    let address = flood.world.peers[0].address;
    let forged = flood.world.peers[1].seal(&Rtp { ssrc: 10, payload: vec![7; 1_200], ..Rtp::default() });
    (0..20_000).for_each(|_| flood.world.deliver(address, forged.clone()));
    for index in 0..100 {
        let payload = vp8(index == 0, index as u16, 0);
        let packet = Rtp { ssrc: 10, index, payload_type: VIDEO, payload, ..Rtp::default() };
        flood.world.send_rtp(0, &packet);
    }
    assert_eq!(flood.received(1, 1_001).0, 100);
}

#[test]
fn who_stops_is_heard_again() {
    let mut flood = Flood::new();
    flood.run(10, VIDEO, 10, 1_250);
    flood.world.advance(SECOND);
    let before = flood.received(1, 1_001).0;
    for _ in 0..100 {
        let payload = vp8(true, 0, 0);
        let packet = Rtp { ssrc: 10, index: flood.next, payload_type: VIDEO, payload, ..Rtp::default() };
        flood.world.send_rtp(0, &packet);
        flood.next += 1;
        flood.world.advance(10 * MILLISECOND);
    }
    assert_eq!(flood.received(1, 1_001).0 - before, 100);
}
