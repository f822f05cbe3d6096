//! How a transport and a track went is told once, when they end.

use crate::peer::{Rtp, nack};
use crate::world::{
    AUDIO, MILLISECOND, RTX, SECOND, VIDEO, World, audio, repaired_video, simulcast, video, vp8,
};
use core::time::Duration;
use offrecord_forwarder::api::{Command, PacketCore};
use offrecord_forwarder::{Event, PathKind, ProducerEnding, Quality, TransportEnding};
use offrecord_netem::{Loss, Profile};

fn frame(index: u64) -> Rtp {
    let payload = vp8(index.is_multiple_of(100), index as u16, index as u8);
    Rtp { ssrc: 20, index, timestamp: index as u32 * 3_000, payload_type: VIDEO, payload, ..Rtp::default() }
}

/// A receiver report of one block.
fn receiver_report(media: u32, fraction: u8, lost: u32) -> Vec<u8> {
    let mut packet = vec![0x81, 201, 0, 7, 0, 0, 0, 9];
    packet.extend(media.to_be_bytes());
    packet.extend((u32::from(fraction) << 24 | lost).to_be_bytes());
    packet.extend([0; 16]);
    packet
}

fn of_transports(world: &World) -> Vec<(u32, TransportEnding)> {
    let told = world.events.iter().filter_map(|event| match event {
        Event::TransportEnded { transport, numbers } => Some((*transport, *numbers)),
        _ => None,
    });
    told.collect()
}

fn of_producers(world: &World) -> Vec<(u32, ProducerEnding)> {
    let told = world.events.iter().filter_map(|event| match event {
        Event::ProducerEnded { producer, numbers } => Some((*producer, *numbers)),
        _ => None,
    });
    told.collect()
}

fn end(world: &mut World, id: u32) -> TransportEnding {
    world.command(Command::EndStreams { id });
    let (transport, numbers) = *of_transports(world).last().unwrap();
    assert_eq!(transport, id);
    numbers
}

#[test]
fn what_passed_is_what_the_peers_counted() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.consume(1, 1, 1);
    for index in 0..200 {
        world.send_rtp(0, &frame(index));
        world.advance(20 * MILLISECOND);
    }
    let received = world.peers[1].received.len() as u64;
    let sealed: usize = world.peers[1].sealed().iter().map(Vec::len).sum();
    let subscriber = end(&mut world, 2);
    assert_eq!(subscriber.path, PathKind::UdpIpv4);
    assert_eq!((subscriber.packets_sent, subscriber.packets_received), (received, 1));
    assert!(subscriber.bytes_sent >= sealed as u64 && subscriber.bytes_sent < sealed as u64 + 300);
    assert_eq!((subscriber.packets_lost, subscriber.packets_resent), (0, 0));
    let publisher = end(&mut world, 1);
    assert_eq!(publisher.packets_received, 200 + 1);
    assert_eq!(publisher.packets_sent, world.peers[0].received.len() as u64);
    assert!(publisher.bytes_received > 200 * 60);
    let (producer, track) = of_producers(&world)[0];
    assert_eq!((producer, track.packets, track.packets_lost, track.layers), (1, 200, 0, 1));
    assert_eq!(track.key_frames, 2);
    assert_eq!(track.key_frames_asked as usize, world.peers[0].picture_losses().len());
}

#[test]
fn losses_of_a_track_are_those_that_never_came() {
    let mut world = World::connected(2);
    world.produce(repaired_video(1, 1, 20, 21));
    world.consume(1, 1, 1);
    for index in (0..1_000).filter(|index| index % 10 != 5) {
        world.send_rtp(0, &frame(index));
        world.advance(5 * MILLISECOND);
    }
    // Of a hundred that were lost, forty come when they are sent again.
    for (index, lost) in (0..1_000).filter(|index| index % 10 == 5).skip(60).enumerate() {
        let original = frame(lost);
        let payload = [&(lost as u16).to_be_bytes()[..], &original.payload].concat();
        let again = Rtp { ssrc: 21, index: index as u64, payload_type: RTX, payload, ..original };
        world.send_rtp(0, &again);
    }
    let transport = end(&mut world, 1);
    assert_eq!((transport.packets_lost, transport.packets_resent), (100, 40));
    let (_, track) = of_producers(&world)[0];
    assert_eq!((track.packets, track.packets_lost, track.packets_resent), (940, 60, 40));
}

#[test]
fn what_a_subscriber_lost_and_was_sent_again() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    let ssrc = world.consume(1, 1, 1);
    (0..50).for_each(|index| world.send_rtp(0, &frame(index)));
    let sequences: Vec<u16> = world.peers[1].rtp()[10..20].iter().map(|packet| packet.index as u16).collect();
    world.send_rtcp(1, nack(ssrc, &sequences));
    world.send_rtcp(1, receiver_report(ssrc, 51, 12));
    world.send_rtcp(1, receiver_report(ssrc, 0, 0x00ff_ffff));
    world.send_rtcp(1, receiver_report(ssrc, 0, 11));
    let numbers = end(&mut world, 2);
    assert_eq!((numbers.packets_lost, numbers.packets_resent), (12, 10));
    assert_eq!(world.peers[1].rtp().len(), 60);
}

#[test]
fn what_was_lost_before_it_came_here_is_not_lost_on_the_way_to_a_subscriber() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    let ssrc = world.consume(1, 1, 1);
    (0..100).filter(|index| index % 10 != 5).for_each(|index| world.send_rtp(0, &frame(index)));
    world.send_rtcp(1, receiver_report(ssrc, 25, 10));
    assert_eq!(world.forwarder.counters().lost_outgoing, 0);
    // Three of them come after all, and are sent on; four of what follows are lost on the way.
    [5, 15, 25].into_iter().for_each(|index| world.send_rtp(0, &frame(index)));
    (100..200).for_each(|index| world.send_rtp(0, &frame(index)));
    world.send_rtcp(1, receiver_report(ssrc, 10, 7 + 4));
    assert_eq!(end(&mut world, 2).packets_lost, 4);
}

#[test]
fn a_subscriber_is_not_poor_for_what_a_publisher_loses() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    let ssrc = world.consume(1, 1, 1);
    for second in 0..12_u64 {
        let frames = second * 50..second * 50 + 50;
        frames.filter(|index| index % 5 != 1).for_each(|index| world.send_rtp(0, &frame(index)));
        world.send_rtcp(1, receiver_report(ssrc, 51, 10 * (second as u32 + 1)));
        world.advance(SECOND);
    }
    let poor = |id| Event::TransportQuality { transport: id, quality: Quality::Poor };
    assert!(world.events.contains(&poor(1)));
    assert!(!world.events.contains(&poor(2)));
}

#[test]
fn nobody_loses_more_than_it_was_sent() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    let ssrc = world.consume(1, 1, 1);
    world.send_rtp(0, &Rtp { ssrc: 10, payload_type: AUDIO, ..Rtp::default() });
    world.send_rtcp(1, receiver_report(ssrc, 255, 0x007f_ffff));
    assert_eq!(end(&mut world, 2).packets_lost, 1);
}

#[test]
fn layers_are_counted_once_each() {
    let mut world = World::connected(1);
    world.produce(simulcast(1, 1));
    for (index, rid) in [b"q", b"f", b"q"].into_iter().enumerate() {
        let extensions = vec![(crate::peer::MID, b"1".to_vec()), (crate::peer::RID, rid.to_vec())];
        let ssrc = u32::from(rid[0]);
        world.send_rtp(0, &Rtp { ssrc, extensions, ..frame(index as u64) });
    }
    world.command(Command::CloseProducer { id: 1 });
    assert_eq!(of_producers(&world)[0].1.layers, 2);
}

#[test]
fn jitter_is_the_mean_of_what_was_reported() {
    let mut world = World::connected(1);
    world.produce(audio(1, 1, 10));
    let late = Profile { jitter: Duration::from_millis(30), ..Profile::default() };
    world.set_paths(late, Profile::default());
    for index in 0..1_000_u64 {
        let timestamp = index as u32 * 960;
        world.send_rtp(0, &Rtp { ssrc: 10, index, timestamp, payload_type: AUDIO, ..Rtp::default() });
        world.advance(20 * MILLISECOND);
    }
    world.command(Command::CloseProducer { id: 1 });
    let jitter = of_producers(&world)[0].1.jitter;
    assert!((5_000..15_000).contains(&jitter), "{jitter} µs, of times spread over 30 ms");
}

#[test]
fn an_ssrc_that_changes_loses_no_count() {
    let mut world = World::connected(1);
    world.produce(simulcast(1, 1));
    for ssrc in [100, 200] {
        for index in (0..50).filter(|index| index % 5 != 1) {
            let extensions = vec![(crate::peer::MID, b"1".to_vec()), (crate::peer::RID, b"q".to_vec())];
            world.send_rtp(0, &Rtp { ssrc, extensions, ..frame(index) });
        }
    }
    world.command(Command::CloseProducer { id: 1 });
    let numbers = of_producers(&world)[0].1;
    assert_eq!((numbers.packets, numbers.packets_lost), (80, 20));
}

#[test]
fn each_is_told_once_and_of_what_is_not_there_that_there_is_nothing() {
    let mut world = World::connected(1);
    world.produce(audio(1, 1, 10));
    world.command(Command::CloseProducer { id: 1 });
    world.command(Command::EndStreams { id: 1 });
    world.command(Command::CloseTransport { id: 1 });
    world.command(Command::CloseProducer { id: 77 });
    world.command(Command::EndStreams { id: 78 });
    let producers: Vec<u32> = of_producers(&world).iter().map(|(id, _)| *id).collect();
    let transports: Vec<u32> = of_transports(&world).iter().map(|(id, _)| *id).collect();
    assert_eq!((producers, transports), (vec![1, 77], vec![1, 78]));
    assert_eq!(of_producers(&world)[1].1, ProducerEnding::default());
    assert_eq!(of_transports(&world)[1].1, TransportEnding::default());
}

#[test]
fn a_transport_that_lost_consent_still_tells_where_it_was() {
    let mut world = World::connected(1);
    world.advance(31 * SECOND);
    assert!(world.events.contains(&Event::ConsentExpired { transport: 1 }));
    let numbers = end(&mut world, 1);
    assert_eq!((numbers.path, numbers.packets_received), (PathKind::UdpIpv4, 1));
}

#[test]
fn a_transport_that_was_never_reached_says_so() {
    let mut world = World::new();
    world.add_peer();
    assert_eq!(end(&mut world, 1), TransportEnding::default());
}

#[test]
fn all_of_a_relay_is_counted_as_well() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    let ssrc = world.consume(1, 1, 1);
    world.set_paths(Profile { loss: Loss::Random { share: 0.2 }, ..Profile::default() }, Profile::default());
    for index in 0..500 {
        world.send_rtp(0, &frame(index));
        world.advance(20 * MILLISECOND);
    }
    let received = world.peers[1].rtp();
    let (again, missed) = (received.last().unwrap().index as u16, 500 - received.len() as u32 + 7);
    world.send_rtcp(1, nack(ssrc, &[again]));
    world.send_rtcp(1, receiver_report(ssrc, 0, missed));
    world.set_paths(Profile::default(), Profile::default());
    world.send_rtcp(1, nack(ssrc, &[again]));
    world.send_rtcp(1, receiver_report(ssrc, 0, missed));
    let counters = world.forwarder.counters();
    assert!((60..140).contains(&counters.lost_incoming), "{} of 500", counters.lost_incoming);
    assert_eq!((counters.lost_outgoing, counters.resent_outgoing, counters.resent_incoming), (7, 1, 0));
    assert!(counters.bytes_received > counters.packets_received * 50);
    assert!(counters.bytes_sent > counters.packets_sent * 30);
}
