//! Layers inside one stream: smaller pictures at once, larger ones from a key frame on.

use crate::layered::subscriber;
use crate::layered::{Codec, Encoder, Picture, decode};
use crate::world::{SECOND, VIDEO, World, repaired_video};
use offrecord_forwarder::api::{CodecKind, ProducerOptions};
use offrecord_forwarder::{Command, Event};

const INTERVAL: u64 = SECOND / 30;

fn track(kind: CodecKind) -> ProducerOptions {
    let mut track = repaired_video(1, 1, 20, 21);
    for codec in track.codecs.iter_mut().filter(|codec| codec.payload_type == VIDEO) {
        codec.codec = kind;
    }
    track
}

fn world() -> (World, Encoder) {
    let mut world = World::connected(2);
    world.produce(track(CodecKind::Vp9));
    world.command(Command::CreateConsumer(subscriber(1, 1, 2)));
    (world, Encoder::new(Codec::Vp9, 20, 3, 3))
}

/// The same of AV1, in two spatial and two temporal layers.
fn world_of_av1() -> (World, Encoder) {
    let mut world = World::connected(2);
    world.produce(track(CodecKind::Av1));
    world.command(Command::CreateConsumer(subscriber(1, 1, 2)));
    (world, Encoder::new(Codec::Av1, 20, 2, 2))
}

/// 30 pictures a second, with key frames where they were asked for; returns how many there were.
fn run(world: &mut World, encoder: &mut Encoder, pictures: u32) -> usize {
    let mut key_frames = 0;
    for _ in 0..pictures {
        let losses = world.peers[0].picture_losses();
        let is_asked = losses.iter().any(|&(at, _)| at + INTERVAL > world.now);
        let is_key_frame = is_asked || encoder.next_index == 100;
        key_frames += usize::from(is_key_frame);
        for packet in encoder.picture(is_key_frame) {
            world.send_rtp(0, &packet);
        }
        world.advance(INTERVAL);
    }
    key_frames
}

fn wish(world: &mut World, layer: u8) {
    world.command(Command::SetPreferredLayer { id: 1, layer, frame_rate: 0 });
}

fn received(world: &World) -> Vec<Picture> {
    received_of(Codec::Vp9, world)
}

fn received_of(codec: Codec, world: &World) -> Vec<Picture> {
    let packets: Vec<_> = world.peers[1].rtp().into_iter().filter(|packet| packet.ssrc == 1_001).collect();
    decode(codec, &packets)
}

fn told(world: &World) -> Vec<u8> {
    let layer = |event: &Event| match *event {
        Event::ConsumerState { layer, .. } => Some(layer),
        _ => None,
    };
    world.events.iter().filter_map(layer).collect()
}

#[test]
fn everything_is_sent_where_nothing_is_said() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 30);
    assert!(received(&world).iter().all(|picture| picture.spatial == 2));
    assert_eq!(received(&world).len(), 30);
    assert_eq!(told(&world).last(), Some(&2));
}

#[test]
fn smaller_pictures_come_at_once_and_need_no_key_frame() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 30);
    for layer in [1, 0] {
        wish(&mut world, layer);
        assert_eq!(run(&mut world, &mut encoder, 10), 0);
        let pictures = received(&world);
        assert!(pictures[pictures.len() - 10..].iter().all(|picture| picture.spatial == layer));
        assert_eq!(told(&world).last(), Some(&layer));
    }
    assert_eq!(received(&world).len(), 50, "no picture is missing");
}

#[test]
fn larger_pictures_come_from_a_key_frame_on_that_is_asked_for() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 30);
    wish(&mut world, 0);
    run(&mut world, &mut encoder, 10);
    for layer in [1, 2] {
        wish(&mut world, layer);
        assert_eq!(run(&mut world, &mut encoder, 20), 1);
        let pictures = received(&world);
        assert!(pictures[pictures.len() - 15..].iter().all(|picture| picture.spatial == layer));
        assert_eq!(told(&world).last(), Some(&layer));
    }
    assert_eq!(received(&world).len(), 80, "no picture is missing");
}

#[test]
fn nothing_larger_comes_before_its_key_frame() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 30);
    wish(&mut world, 0);
    run(&mut world, &mut encoder, 10);
    wish(&mut world, 2);
    for is_key_frame in [false, false, false, false, true, false] {
        encoder.picture(is_key_frame).iter().for_each(|packet| world.send_rtp(0, packet));
        world.advance(INTERVAL);
    }
    let newest: Vec<u8> = received(&world)[40..].iter().map(|picture| picture.spatial).collect();
    assert_eq!(newest, [0, 0, 0, 0, 2, 2]);
}

#[test]
fn one_who_comes_later_begins_with_all_layers_at_one_key_frame() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 30);
    world.connect();
    world.command(Command::CreateConsumer(subscriber(2, 1, 3)));
    assert_eq!(run(&mut world, &mut encoder, 30), 1);
    let packets: Vec<_> = world.peers[2].rtp();
    let pictures = decode(Codec::Vp9, &packets);
    assert!(pictures.len() >= 28 && pictures.iter().all(|picture| picture.spatial == 2));
}

#[test]
fn a_layer_that_the_publisher_stops_is_not_waited_for() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 30);
    encoder.spatial = 1;
    run(&mut world, &mut encoder, 90);
    wish(&mut world, 0);
    run(&mut world, &mut encoder, 10);
    wish(&mut world, 2);
    assert_eq!(run(&mut world, &mut encoder, 60), 0);
    assert_eq!(told(&world).last(), Some(&0));
    encoder.spatial = 3;
    encoder.picture(true).iter().for_each(|packet| world.send_rtp(0, packet));
    run(&mut world, &mut encoder, 20);
    assert_eq!(received(&world).last().unwrap().spatial, 2);
    assert_eq!(told(&world).last(), Some(&2));
}

#[test]
fn sizes_and_frame_rates_are_chosen_together() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 64);
    world.command(Command::SetPreferredLayer { id: 1, layer: 1, frame_rate: 15 });
    run(&mut world, &mut encoder, 32);
    let pictures = received(&world);
    let newest = &pictures[pictures.len() - 16..];
    assert!(newest.iter().all(|picture| picture.spatial == 1 && picture.temporal <= 1), "{newest:?}");
    assert_eq!(newest[15].number - newest[0].number, 30);
}

#[test]
fn of_av1_they_are_told_by_the_dependency_descriptor() {
    let (mut world, mut encoder) = world_of_av1();
    run(&mut world, &mut encoder, 30);
    let mut told = Vec::new();
    for layer in [0, 1, 0] {
        wish(&mut world, layer);
        let key_frames = run(&mut world, &mut encoder, 16);
        assert_eq!(key_frames, usize::from(layer), "only what is larger needs one");
        told.push(received_of(Codec::Av1, &world).last().unwrap().spatial);
    }
    assert_eq!(told, [0, 1, 0]);
    assert_eq!(received_of(Codec::Av1, &world).len(), 78, "no picture is missing");
}

#[test]
fn of_av1_frames_are_left_out_and_come_back_where_the_descriptor_says_so() {
    let (mut world, mut encoder) = world_of_av1();
    run(&mut world, &mut encoder, 60);
    while !encoder.is_at_start() {
        run(&mut world, &mut encoder, 1);
    }
    for (frame_rate, newest, upper) in [(15, 8, 0), (0, 16, 8)] {
        world.command(Command::SetPreferredLayer { id: 1, layer: 1, frame_rate });
        assert_eq!(run(&mut world, &mut encoder, 20), 0);
        let pictures = received_of(Codec::Av1, &world);
        assert!(pictures.iter().all(|picture| picture.spatial == 1));
        let newest = &pictures[pictures.len() - newest..];
        assert_eq!(newest.iter().filter(|picture| picture.temporal == 1).count(), upper);
    }
}
