//! What comes at once beyond what a path carries waits for a moment: in order, sound first, and not for long.

use crate::peer::{Received, Rtp};
use crate::scene::remb;
use crate::world::{AUDIO, MILLISECOND, SECOND, VIDEO, World, audio, video, vp8};
use offrecord_forwarder::Command;
use offrecord_forwarder::api::PacketCore;

const SOUND: u32 = 1_002;
const PICTURE: u32 = 1_001;

/// Peer 1 sends video and audio to peer 2, whose path carries so many bits a second.
fn world(carried: Option<u64>) -> World {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.produce(audio(2, 1, 30));
    world.consume(1, 1, 1);
    world.consume(1, 2, 2);
    if let Some(carried) = carried {
        world.send_rtcp(1, remb(carried));
    }
    world.peers[1].received.clear();
    world
}

/// A frame of so many packets of 1,200 bytes at once.
fn send_frame(world: &mut World, first: u64, packets: u64) {
    for index in first..first + packets {
        let mut payload = vp8(first == 0, 7, 7);
        if index > first {
            payload[0] &= !0x10;
        }
        payload.resize(1_144, 7);
        let timestamp = 3_000 * first as u32;
        world
            .send_rtp(0, &Rtp { ssrc: 20, index, timestamp, payload_type: VIDEO, payload, ..Rtp::default() });
    }
}

/// When each packet of an SSRC arrived, since the beginning of time, and its index since the first.
fn arrivals(world: &World, ssrc: u32) -> Vec<(u64, u64)> {
    let of_ssrc = |(at, what): &(u64, Received)| match what {
        Received::Rtp { packet, .. } if packet.ssrc == ssrc => Some((*at, packet.index)),
        _ => None,
    };
    let found: Vec<_> = world.peers[1].received.iter().filter_map(of_ssrc).collect();
    let first = found.first().map_or(0, |found| found.1);
    found.into_iter().map(|(at, index)| (at, index - first)).collect()
}

#[test]
fn where_nothing_is_known_of_the_path_everything_leaves_at_once() {
    let mut world = world(None);
    send_frame(&mut world, 0, 100);
    assert_eq!(arrivals(&world, PICTURE).len(), 100);
}

#[test]
fn what_a_path_carries_leaves_at_once_too() {
    let mut world = world(Some(4_000_000));
    for frame in 0..30 {
        send_frame(&mut world, frame * 4, 4);
        assert_eq!(arrivals(&world, PICTURE).len() as u64, (frame + 1) * 4);
        world.advance(SECOND / 30);
    }
}

#[test]
fn a_burst_leaves_at_little_more_than_what_the_path_carries_and_in_order() {
    let mut world = world(Some(3_000_000));
    let start = world.now;
    send_frame(&mut world, 0, 50);
    world.advance(SECOND);
    let arrived = arrivals(&world, PICTURE);
    assert_eq!(arrived.iter().map(|(_, index)| *index).collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
    let took = arrived[49].0 - start;
    assert!((98 * MILLISECOND..118 * MILLISECOND).contains(&took), "{took}");
    for pair in arrived.windows(5) {
        assert!(pair[4].0 >= pair[0].0 + 5 * MILLISECOND || pair[4].1 < 12, "no bursts: {arrived:?}");
    }
}

#[test]
fn sound_does_not_wait_for_pictures() {
    let mut world = world(Some(500_000));
    send_frame(&mut world, 0, 50);
    for index in 0..10 {
        world.send_rtp(0, &Rtp { ssrc: 30, index, payload_type: AUDIO, ..Rtp::default() });
        assert_eq!(arrivals(&world, SOUND).last().map(|arrival| arrival.0), Some(world.now));
        world.advance(20 * MILLISECOND);
    }
}

#[test]
fn nothing_waits_longer_than_two_fifths_of_a_second() {
    let mut world = world(Some(30_000));
    let start = world.now;
    send_frame(&mut world, 0, 300);
    world.advance(200 * MILLISECOND);
    let half = arrivals(&world, PICTURE).len();
    assert!((100..200).contains(&half), "evenly: {half}");
    world.advance(220 * MILLISECOND);
    let arrived = arrivals(&world, PICTURE);
    assert!(arrived.len() == 300 && arrived[299].0 <= start + 402 * MILLISECOND);
}

#[test]
fn what_waits_of_a_track_that_is_paused_or_closed_is_never_sent() {
    let ends = [
        Command::PauseConsumer { id: 1, paused: true },
        Command::CloseConsumer { id: 1 },
        Command::PauseProducer { id: 1, paused: true },
        Command::CloseProducer { id: 1 },
        Command::CloseTransport { id: 1 },
        Command::EndStreams { id: 2 },
    ];
    for end in ends {
        let mut world = world(Some(500_000));
        send_frame(&mut world, 0, 50);
        let sent = arrivals(&world, PICTURE).len();
        world.command(end);
        world.advance(SECOND);
        assert_eq!(arrivals(&world, PICTURE).len(), sent);
        assert!(sent < 10);
    }
}

#[test]
fn what_waited_before_a_pause_does_not_come_after_it() {
    let mut world = world(Some(500_000));
    send_frame(&mut world, 0, 50);
    let sent = arrivals(&world, PICTURE).len();
    for paused in [true, false] {
        world.command(Command::PauseConsumer { id: 1, paused });
    }
    world.advance(SECOND);
    assert_eq!(arrivals(&world, PICTURE).len(), sent);
}

#[test]
fn what_the_ring_has_lost_meanwhile_is_dropped_and_counted() {
    let mut world = world(Some(30_000));
    send_frame(&mut world, 0, 1_000);
    let dropped = world.forwarder.counters().packets_dropped;
    world.advance(SECOND);
    let (sent, counters) = (arrivals(&world, PICTURE).len() as u64, world.forwarder.counters());
    assert!((512..600).contains(&sent), "the ring holds 512, and some left before: {sent}");
    assert_eq!(counters.packets_dropped - dropped, 1_000 - sent);
}

#[test]
fn a_consumer_in_the_place_of_another_is_not_sent_what_waited_for_that() {
    let mut world = world(Some(500_000));
    send_frame(&mut world, 0, 50);
    world.command(Command::CloseConsumer { id: 1 });
    world.consume(1, 3, 1);
    world.advance(SECOND);
    assert!(arrivals(&world, 1_003).is_empty());
}
