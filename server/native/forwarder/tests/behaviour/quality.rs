//! How well media gets through to a peer or from it is told in three grades, every five seconds at most.

use crate::peer::Rtp;
use crate::world::{AUDIO, MILLISECOND, SECOND, World, audio};
use offrecord_forwarder::api::Command;
use offrecord_forwarder::{Event, Quality};

fn sound(ssrc: u32, index: u64) -> Rtp {
    Rtp { ssrc, index, timestamp: index as u32 * 960, payload_type: AUDIO, ..Rtp::default() }
}

/// Peer 1 sends to peer 2 for so long and loses what `is_lost` says; what was told, with the times.
fn send(world: &mut World, from: u64, seconds: u64, is_lost: impl Fn(u64) -> bool) -> Vec<(u32, Quality)> {
    world.events.clear();
    for index in from..from + seconds * 50 {
        if !is_lost(index) {
            world.send_rtp(0, &sound(10, index));
        }
        world.advance(20 * MILLISECOND);
    }
    told(world)
}

fn told(world: &mut World) -> Vec<(u32, Quality)> {
    let told = world.events.drain(..).filter_map(|event| match event {
        Event::TransportQuality { transport, quality } => Some((transport, quality)),
        _ => None,
    });
    told.collect()
}

/// A receiver report of one block.
fn receiver_report(media: u32, fraction: u8) -> Vec<u8> {
    let mut packet = vec![0x81, 201, 0, 7, 0, 0, 0, 9];
    packet.extend(media.to_be_bytes());
    packet.push(fraction);
    packet.extend([0; 19]);
    packet
}

fn call() -> World {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    world
}

#[test]
fn a_publisher_that_loses_much_is_poor_and_recovers() {
    let mut world = call();
    assert_eq!(send(&mut world, 0, 11, |_| false), []);
    assert_eq!(send(&mut world, 550, 11, |index| index % 5 == 0), [(1, Quality::Poor)]);
    assert_eq!(send(&mut world, 1_100, 11, |index| index % 20 == 0), [(1, Quality::Good)]);
    assert_eq!(send(&mut world, 1_650, 11, |_| false), [(1, Quality::Excellent)]);
}

#[test]
fn a_subscriber_says_what_it_loses() {
    let mut world = call();
    for _ in 0..12 {
        world.send_rtcp(1, receiver_report(1_001, 30));
        world.advance(SECOND);
    }
    assert_eq!(told(&mut world), [(2, Quality::Poor)]);
    world.advance(12 * SECOND);
    assert_eq!(told(&mut world), [(2, Quality::Excellent)], "where nothing flows, nothing is wrong");
}

/// As receivers report for some seconds on a stream that rests, a congested video above all.
#[test]
fn reports_on_what_rests_do_not_hide_what_is_lost_beside_it() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.produce(audio(2, 1, 20));
    world.consume(1, 1, 1);
    world.consume(1, 2, 2);
    for _ in 0..12 {
        world.send_rtcp(1, receiver_report(1_001, 60));
        (0..4).for_each(|_| world.send_rtcp(1, receiver_report(1_002, 0)));
        world.advance(SECOND);
    }
    assert_eq!(told(&mut world), [(2, Quality::Poor)]);
}

#[test]
fn what_a_publisher_lets_rest_does_not_hide_what_it_loses_beside_it() {
    let mut world = World::connected(2);
    for (id, ssrc) in [(1, 10), (2, 20), (3, 30), (4, 40), (5, 50)] {
        world.produce(audio(id, 1, ssrc));
    }
    world.events.clear();
    // Four speak for a moment every other second, and lose nothing; another loses two fifths.
    for index in 0..600_u64 {
        if index % 100 < 2 {
            (2..=5).for_each(|one| world.send_rtp(0, &sound(one * 10, index / 100 * 2 + index % 100)));
        }
        if index % 5 > 1 {
            world.send_rtp(0, &sound(10, index));
        }
        world.advance(20 * MILLISECOND);
    }
    assert!(told(&mut world).contains(&(1, Quality::Poor)));
}

#[test]
fn reports_on_what_a_peer_is_not_sent_mean_nothing() {
    let mut world = call();
    world.command(Command::PauseConsumer { id: 1, paused: true });
    for _ in 0..12 {
        world.send_rtcp(1, receiver_report(1_001, 255));
        world.send_rtcp(1, receiver_report(10, 255));
        world.advance(SECOND);
    }
    assert_eq!(told(&mut world), []);
}

#[test]
fn what_swings_is_told_at_most_every_five_seconds() {
    let mut world = call();
    for second in 0..60_u64 {
        world.send_rtcp(1, receiver_report(1_001, if second / 2 % 2 == 0 { 255 } else { 0 }));
        world.advance(SECOND);
    }
    assert!(told(&mut world).len() <= 12);
}
