//! Simulcast: the highest layer up to the preferred one, switched at key frames, seamlessly.

use crate::peer::{DEPENDENCY, MID, RID, Rtp, sender_report};
use crate::world::{MILLISECOND, SECOND, VIDEO, World, simulcast, vp8, vp8_counters};
use offrecord_forwarder::{Command, Event};

const RIDS: [&str; 3] = ["q", "h", "f"];
/// Timestamps, sequence numbers and counters of the three streams have nothing in common.
const TIMESTAMPS: [u32; 3] = [1_000, u32::MAX - 100_000, 77_000_000];

/// Between two frames.
const INTERVAL: u64 = 33_333;

fn frame(layer: usize, number: u64, is_key_frame: bool) -> Rtp {
    let index = number + 1_000 * layer as u64;
    let timestamp = TIMESTAMPS[layer].wrapping_add(number as u32 * 3_000);
    let [high, low] = ([30_000_u16, 20_000, 65_500][layer]).wrapping_add(number as u16).to_be_bytes();
    let dependency = vec![0xc0, high, low, 0x80];
    let extensions = vec![(MID, b"1".to_vec()), (RID, RIDS[layer].into()), (DEPENDENCY, dependency)];
    let picture_id = (0x7ff0 + number as u16 + layer as u16 * 5) & 0x7fff;
    let payload = vp8(is_key_frame, picture_id, (layer as u64 * 100 + number) as u8);
    Rtp { ssrc: 20 + layer as u32, index, timestamp, payload_type: VIDEO, marker: true, extensions, payload }
}

fn layer_of(world: &World) -> Option<u8> {
    world.events.iter().rev().find_map(|event| match event {
        Event::ConsumerState { layer, .. } => Some(*layer),
        _ => None,
    })
}

/// Sends a frame of each layer, 30 times a second, with key frames where they were asked for.
fn run(world: &mut World, numbers: core::ops::Range<u64>, layers: &[usize]) {
    for number in numbers {
        let losses = world.peers[0].picture_losses();
        for &layer in layers {
            let asks = |&(at, ssrc): &(u64, u32)| ssrc == 20 + layer as u32 && at + INTERVAL >= world.now;
            let is_asked = losses.iter().any(asks);
            world.send_rtp(0, &frame(layer, number, is_asked || number == 0));
        }
        world.advance(INTERVAL);
    }
}

/// In the dependency descriptor, under the subscriber's identifier.
fn frame_number(packet: &Rtp) -> u16 {
    let [(12, value)] = &packet.extensions[..] else { panic!("{packet:?}") };
    assert_eq!((value[0], value[3]), (0xc0, 0x80));
    u16::from_be_bytes([value[1], value[2]])
}

fn assert_seamless(world: &World) {
    let packets = world.peers[1].rtp();
    for pair in packets.windows(2) {
        assert_eq!(pair[1].index, pair[0].index + 1);
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!((1..=7_000).contains(&step), "timestamps step by {step}");
        let (before, after) = (vp8_counters(&pair[0].payload), vp8_counters(&pair[1].payload));
        assert_eq!(after.0, (before.0 + 1) & 0x7fff, "picture ids");
        assert_eq!(after.1, before.1.wrapping_add(1), "base-layer indices");
        let [before, after] = [&pair[0], &pair[1]].map(frame_number);
        assert_eq!(after, before.wrapping_add(1), "frame numbers");
    }
}

#[test]
fn the_highest_layer_is_taken_by_default() {
    let mut world = World::connected(2);
    world.produce(simulcast(1, 1));
    world.consume(1, 1, 1);
    run(&mut world, 0..30, &[0, 1, 2]);
    assert_eq!(layer_of(&world), Some(2));
    assert!(world.events.contains(&Event::ProducerLayers { producer: 1, payload_type: VIDEO, layers: 7 }));
    assert_seamless(&world);
}

#[test]
fn layers_may_appear_in_any_order() {
    let mut world = World::connected(2);
    world.produce(simulcast(1, 1));
    world.consume(1, 1, 1);
    run(&mut world, 0..60, &[2, 0, 1]);
    assert_eq!(layer_of(&world), Some(2));
    assert_seamless(&world);
}

#[test]
fn a_switch_waits_for_a_key_frame_and_is_seamless() {
    let mut world = World::connected(2);
    world.produce(simulcast(1, 1));
    world.consume(1, 1, 1);
    run(&mut world, 0..30, &[0, 1, 2]);
    for (preferred, numbers) in [(0, 30..60), (1, 60..90), (2, 90..120), (0, 120..150)] {
        world.command(Command::SetPreferredLayer { id: 1, layer: preferred, frame_rate: 0 });
        run(&mut world, numbers, &[0, 1, 2]);
        assert_eq!(layer_of(&world), Some(preferred));
    }
    assert_seamless(&world);
    assert!(world.peers[1].rtp().len() >= 149);
}

#[test]
fn switched_timestamps_follow_the_publishers_clocks() {
    let mut world = World::connected(2);
    world.produce(simulcast(1, 1));
    world.consume(1, 1, 1);
    run(&mut world, 0..30, &[0, 1, 2]);
    // All layers report that frame 30 was captured at the same moment; layer 0 then arrives late.
    for layer in 0..3 {
        world.send_rtcp(0, sender_report(20 + layer as u32, 9 << 32, frame(layer, 30, false).timestamp));
    }
    world.command(Command::SetPreferredLayer { id: 1, layer: 0, frame_rate: 0 });
    world.send_rtp(0, &frame(2, 30, false));
    world.advance(200 * MILLISECOND);
    world.send_rtp(0, &frame(0, 31, true));
    let packets = world.peers[1].rtp();
    let [.., before, after] = &packets[..] else { panic!("{packets:?}") };
    assert_eq!(after.timestamp.wrapping_sub(before.timestamp), 3_000);
}

#[test]
fn a_layer_that_falls_silent_is_left_and_taken_up_again() {
    let mut world = World::connected(2);
    world.produce(simulcast(1, 1));
    world.consume(1, 1, 1);
    run(&mut world, 0..30, &[0, 1, 2]);
    run(&mut world, 30..120, &[0, 1]);
    assert_eq!(layer_of(&world), Some(1));
    run(&mut world, 120..150, &[0, 1, 2]);
    assert_eq!(layer_of(&world), Some(2));
    let gaps = world.peers[1].received.windows(2).map(|pair| pair[1].0 - pair[0].0).max();
    assert!(gaps < Some(3 * SECOND));
}

#[test]
fn a_late_packet_of_the_layer_left_fills_its_gap() {
    let mut world = World::connected(2);
    world.produce(simulcast(1, 1));
    world.consume(1, 1, 1);
    world.send_rtp(0, &frame(0, 0, true));
    world.send_rtp(0, &frame(0, 2, false));
    world.send_rtp(0, &frame(1, 3, true));
    world.send_rtp(0, &frame(0, 1, false));
    world.send_rtp(0, &frame(0, 3, false));
    let indices: Vec<u64> = world.peers[1].rtp().iter().map(|packet| packet.index).collect();
    assert_eq!(indices.iter().map(|index| index - indices[0]).collect::<Vec<_>>(), [0, 2, 3, 1]);
}

#[test]
fn consumers_choose_for_themselves() {
    let mut world = World::connected(3);
    world.produce(simulcast(1, 1));
    world.consume(1, 1, 1);
    world.consume(2, 2, 1);
    world.command(Command::SetPreferredLayer { id: 2, layer: 0, frame_rate: 0 });
    run(&mut world, 0..60, &[0, 1, 2]);
    for (consumer, expected) in [(1, 2), (2, 0)] {
        let last = world.events.iter().rev().find_map(|event| match event {
            Event::ConsumerState { consumer: id, layer, .. } if *id == consumer => Some(*layer),
            _ => None,
        });
        assert_eq!(last, Some(expected));
    }
}
