//! Retransmissions in a stream of their own (RFC 4588): of publishers, to subscribers, and both over a
//! network that loses packets.

use crate::peer::{MID, REPAIRED_RID, RID, Rtp, nack};
use crate::world::{MILLISECOND, RTX, VIDEO, World, consumer, repaired_simulcast, repaired_video, vp8};
use core::time::Duration;
use offrecord_forwarder::api::{ConsumerOptions, Refusal};
use offrecord_forwarder::{Command, Event};
use offrecord_netem::{Loss, Profile};
use std::collections::HashSet;

const MEDIA: u32 = 20;
const REPAIR: u32 = 21;
/// As subscribers see them.
const OUT_VIDEO: u8 = 100;
const OUT_RTX: u8 = 101;
const OUT_REPAIR: u32 = 2_001;

fn frame(index: u64) -> Rtp {
    let payload = vp8(index == 0, index as u16, index as u8);
    Rtp {
        ssrc: MEDIA,
        index,
        timestamp: index as u32 * 3_000,
        payload_type: VIDEO,
        payload,
        ..Rtp::default()
    }
}

/// A packet as a publisher sends it again.
fn again(packet: &Rtp, index: u64) -> Rtp {
    let payload = [&(packet.index as u16).to_be_bytes()[..], &packet.payload].concat();
    Rtp { ssrc: REPAIR, index, payload_type: RTX, payload, ..packet.clone() }
}

fn repaired_consumer() -> ConsumerOptions {
    ConsumerOptions {
        rtx_ssrc: OUT_REPAIR,
        rtx_payload_types: vec![(OUT_VIDEO, OUT_RTX)],
        ..consumer(1, 1, 2)
    }
}

/// A publisher and a subscriber that both know RTX.
fn world() -> World {
    let mut world = World::connected(2);
    world.produce(repaired_video(1, 1, MEDIA, REPAIR));
    world.command(Command::CreateConsumer(repaired_consumer()));
    world
}

/// The payload that a subscriber makes of a retransmission, and the number it repeats.
fn unwrapped(packet: &Rtp) -> (u16, Vec<u8>) {
    (u16::from_be_bytes([packet.payload[0], packet.payload[1]]), packet.payload[2..].to_vec())
}

#[test]
fn a_publishers_retransmission_takes_the_place_of_what_was_lost() {
    let mut world = world();
    [0, 1, 4].into_iter().for_each(|index| world.send_rtp(0, &frame(index)));
    assert_eq!(world.peers[0].nacked(), [2, 3]);
    world.send_rtp(0, &again(&frame(3), 7));
    world.send_rtp(0, &again(&frame(2), 8));
    world.send_rtp(0, &frame(5));
    let packets = world.peers[1].rtp();
    let first = packets[0].index;
    let order: Vec<u64> = packets.iter().map(|packet| packet.index - first).collect();
    assert_eq!(order, [0, 1, 4, 3, 2, 5]);
    for packet in &packets {
        let original = frame(packet.index - first);
        assert_eq!((packet.timestamp, packet.payload_type), (original.timestamp, OUT_VIDEO));
        assert_eq!(packet.payload, original.payload);
    }
    world.advance(500 * MILLISECOND);
    assert_eq!(world.peers[0].nacked(), [2, 3]);
}

#[test]
fn the_layer_of_a_retransmission_is_known_by_its_repaired_rid() {
    let mut world = World::connected(2);
    world.produce(repaired_simulcast(1, 1));
    world.consume(1, 1, 1);
    let mid = (MID, b"1".to_vec());
    let media = |index| Rtp { extensions: vec![mid.clone(), (RID, b"h".to_vec())], ..frame(index) };
    let mut lost = frame(1);
    lost.extensions = vec![mid.clone(), (REPAIRED_RID, b"h".to_vec())];
    world.send_rtp(0, &media(0));
    world.send_rtp(0, &media(2));
    let stray = Rtp { ssrc: 90, extensions: vec![mid.clone()], ..again(&frame(1), 1) };
    world.send_rtp(0, &stray);
    assert_eq!(world.peers[1].rtp().len(), 2);
    world.send_rtp(0, &again(&lost, 1));
    assert_eq!(world.peers[1].rtp()[2].payload, frame(1).payload);
}

#[test]
fn a_packet_and_its_retransmission_are_forwarded_once() {
    let mut world = world();
    [0, 1, 3].into_iter().for_each(|index| world.send_rtp(0, &frame(index)));
    for repeat in 0..3 {
        world.send_rtp(0, &again(&frame(2), repeat));
        world.send_rtp(0, &again(&frame(3), 10 + repeat));
    }
    world.send_rtp(0, &frame(2));
    let packets = world.peers[1].rtp();
    assert_eq!(packets.len(), 4);
    assert_eq!(packets[3].payload, frame(2).payload);
}

#[test]
fn a_retransmission_that_repeats_nothing_missing_is_dropped() {
    let mut world = world();
    world.send_rtp(0, &again(&frame(9), 1)); // before any media
    [0, 1, 4].into_iter().for_each(|index| world.send_rtp(0, &frame(index)));
    let hostile = [
        again(&frame(5), 2),                                   // not sent yet
        again(&frame(0x7000), 3),                              // far ahead
        again(&frame(0xfff0), 4),                              // before the first index there is
        Rtp { payload_type: 13, ..again(&frame(2), 5) },       // unknown payload type
        Rtp { payload_type: VIDEO, ..again(&frame(2), 6) },    // media among retransmissions
        Rtp { payload_type: RTX + 1, ..again(&frame(2), 7) },  // repeats no payload type there is
        Rtp { payload: vec![], ..again(&frame(2), 8) },        // no number
        Rtp { payload: vec![0], ..again(&frame(2), 9) },       // half a number
        Rtp { ssrc: MEDIA, index: 5, ..again(&frame(2), 10) }, // retransmission among media
        Rtp { ssrc: 77, ..again(&frame(2), 11) },              // unknown SSRC without extensions
    ];
    for packet in &hostile {
        world.send_rtp(0, packet);
    }
    assert_eq!(world.peers[1].rtp().len(), 3);
    world.send_rtp(0, &again(&frame(2), 20));
    world.send_rtp(0, &frame(6));
    let packets = world.peers[1].rtp();
    assert_eq!(packets[3].payload, frame(2).payload);
    assert_eq!(packets[4].payload, frame(6).payload);
}

#[test]
fn who_names_anothers_ssrc_for_retransmissions_does_not_take_it_away() {
    let mut world = World::connected(2);
    world.produce(repaired_video(1, 1, MEDIA, REPAIR));
    let mut greedy = repaired_video(2, 1, 30, MEDIA);
    greedy.mid = "2".into();
    world.produce(greedy);
    world.consume(1, 1, 1);
    world.send_rtp(0, &frame(0));
    let stray = Rtp { ssrc: 40, extensions: vec![(MID, b"2".to_vec())], ..again(&frame(0), 1) };
    world.send_rtp(0, &stray);
    world.send_rtp(0, &frame(1));
    assert_eq!(world.peers[1].rtp().len(), 2);
}

#[test]
fn a_subscriber_is_answered_in_its_own_stream_of_retransmissions() {
    let mut world = world();
    (0..50).for_each(|index| world.send_rtp(0, &frame(index)));
    let media = world.peers[1].rtp();
    let asked = [10, 49, 30].map(|at: usize| media[at].clone());
    let ssrc = media[0].ssrc;
    world.send_rtcp(1, nack(ssrc, &asked.each_ref().map(|packet| packet.index as u16)));
    let packets = world.peers[1].rtp();
    let first = packets[50].index;
    for (at, (packet, original)) in packets[50..].iter().zip(&asked).enumerate() {
        assert_eq!((packet.ssrc, packet.payload_type), (OUT_REPAIR, OUT_RTX));
        assert_eq!(packet.index, first + at as u64);
        assert_eq!((packet.timestamp, packet.marker), (original.timestamp, original.marker));
        assert_eq!(unwrapped(packet), (original.index as u16, original.payload.clone()));
    }
    assert_eq!(packets.len(), 53);
    world.send_rtcp(1, nack(OUT_REPAIR, &[first as u16, asked[0].index as u16]));
    assert_eq!(world.peers[1].rtp().len(), 53);
}

#[test]
fn a_payload_type_without_retransmissions_is_repeated_to_the_byte() {
    let mut world = World::connected(2);
    world.produce(repaired_video(1, 1, MEDIA, REPAIR));
    let rtx_payload_types = vec![(OUT_VIDEO + 5, OUT_RTX)];
    world.command(Command::CreateConsumer(ConsumerOptions { rtx_payload_types, ..repaired_consumer() }));
    (0..5).for_each(|index| world.send_rtp(0, &frame(index)));
    let (ssrc, lost) = (world.peers[1].rtp()[3].ssrc, world.peers[1].rtp()[3].index as u16);
    world.send_rtcp(1, nack(ssrc, &[lost]));
    let sealed = world.peers[1].sealed();
    assert_eq!(sealed[5], sealed[3]);
}

#[test]
fn retransmissions_have_the_budget_of_their_subscriber() {
    let mut world = world();
    let mut sequences = Vec::new();
    for index in 0..200 {
        let mut packet = frame(index);
        packet.payload.resize(1_200, 7);
        world.send_rtp(0, &packet);
        sequences.push(world.peers[1].rtp()[index as usize].index as u16);
    }
    let ssrc = world.peers[1].rtp()[0].ssrc;
    for _ in 0..20 {
        world.advance(20 * MILLISECOND);
        sequences.chunks(60).for_each(|chunk| world.send_rtcp(1, nack(ssrc, chunk)));
    }
    let packets = world.peers[1].rtp().len() - 200;
    assert!((100..=106).contains(&packets), "{packets} packets of 1200 bytes from 128 kB");
}

#[test]
fn an_ssrc_of_retransmissions_is_nobody_elses_and_goes_on_counting() {
    let mut world = world();
    for options in [
        ConsumerOptions { id: 2, ..repaired_consumer() },
        ConsumerOptions { id: 2, ssrc: OUT_REPAIR, rtx_ssrc: 0, ..repaired_consumer() },
        ConsumerOptions { id: 2, ssrc: 3_000, rtx_ssrc: 3_000, ..repaired_consumer() },
        ConsumerOptions { id: 2, ssrc: 3_001, ..repaired_consumer() },
    ] {
        world.command(Command::CreateConsumer(options));
        assert_eq!(world.events.last(), Some(&Event::Refused { id: 2, reason: Refusal::DuplicateId }));
    }
    for round in 0..3 {
        (0..5).for_each(|index| {
            let mut packet = frame(round * 5 + index);
            packet.payload = vp8(index == 0, packet.index as u16, 0);
            world.send_rtp(0, &packet);
        });
        let last = world.peers[1].rtp().last().unwrap().clone();
        world.send_rtcp(1, nack(last.ssrc, &[last.index as u16]));
        world.command(Command::CloseConsumer { id: 1 });
        world.command(Command::CreateConsumer(repaired_consumer()));
    }
    let packets = world.peers[1].rtp();
    let numbers: Vec<u64> =
        packets.iter().filter(|packet| packet.ssrc == OUT_REPAIR).map(|packet| packet.index).collect();
    assert_eq!(numbers, [numbers[0], numbers[0] + 1, numbers[0] + 2]);
}

/// Packets of each frame; the first begins it.
const PACKETS: u64 = 3;

fn part(index: u64) -> Rtp {
    let number = index / PACKETS;
    let mut payload = vp8(number == 0, number as u16, number as u8);
    if !index.is_multiple_of(PACKETS) {
        payload[0] = 0x80;
    }
    payload.extend(index.to_be_bytes());
    Rtp { timestamp: number as u32 * 3_000, payload, ..frame(index) }
}

/// Media numbers that a browser would ask for: gaps behind the newest, not too far.
fn gaps(seen: &HashSet<u64>, first: u64) -> Vec<u16> {
    let newest = seen.iter().max().copied().unwrap_or(first);
    let from = newest.saturating_sub(200).max(first);
    (from..newest).filter(|index| !seen.contains(index)).map(|index| index as u16).collect()
}

#[test]
fn frames_are_complete_though_five_in_a_hundred_are_lost_both_ways() {
    let mut world = world();
    world.send_rtp(0, &part(0));
    let first = world.peers[1].rtp()[0].clone();
    let down = Profile {
        loss: Loss::Random { share: 0.05 },
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(3),
        jitter_reorders: true,
        ..Profile::default()
    };
    world.set_paths(Profile { duplicates: 0.01, ..down }, down);
    let (mut answered, mut repairs, mut taken) = (0, 0, 0);
    let mut seen = HashSet::from([first.index]);
    let mut numbers = HashSet::new();
    let total = 600 * PACKETS;
    for index in 1..total + 200 {
        if index < total {
            world.send_rtp(0, &part(index));
        }
        world.advance(5 * MILLISECOND);
        let asked = world.peers[0].nacked();
        for sequence in &asked[answered..] {
            repairs += 1;
            let packet = again(&part((*sequence).into()), repairs);
            world.send_rtp(0, &packet);
        }
        answered = asked.len();
        if index.is_multiple_of(8) {
            let packets = world.peers[1].rtp();
            for packet in &packets[taken..] {
                assert!(numbers.insert((packet.ssrc, packet.index)), "one number, one packet");
                let number =
                    if packet.ssrc == OUT_REPAIR { unwrapped(packet).0 } else { packet.index as u16 };
                seen.insert(first.index + u64::from(number.wrapping_sub(first.index as u16)));
            }
            taken = packets.len();
            gaps(&seen, first.index).chunks(16).for_each(|lost| world.send_rtcp(1, nack(first.ssrc, lost)));
        }
    }
    assert!(repairs > 50, "{repairs} retransmissions of the publisher");
    let to_subscriber = numbers.iter().filter(|(ssrc, _)| *ssrc == OUT_REPAIR).count();
    assert!(to_subscriber > 50, "{to_subscriber} retransmissions to the subscriber");
    let is_complete =
        |number: &u64| (0..PACKETS).all(|at| seen.contains(&(first.index + number * PACKETS + at)));
    let complete = (0..600).filter(is_complete).count();
    assert!(complete >= 597, "{complete} of 600 frames");
}
