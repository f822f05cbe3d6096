//! Fewer frames of the same stream: fewer at once, more where they can be decoded, numbers without a gap.

use crate::layered::subscriber;
use crate::layered::{Codec, Encoder, Picture, decode};
use crate::peer::{nack, picture_loss};
use crate::world::{SECOND, World, repaired_video};
use offrecord_forwarder::Command;

const INTERVAL: u64 = SECOND / 30;

/// A publisher of three temporal layers, and a subscriber with retransmissions on 2001.
fn world() -> (World, Encoder) {
    let mut world = World::connected(2);
    world.produce(repaired_video(1, 1, 20, 21));
    world.command(Command::CreateConsumer(subscriber(1, 1, 2)));
    (world, Encoder::new(Codec::Vp8, 20, 1, 3))
}

fn run(world: &mut World, encoder: &mut Encoder, pictures: u32) {
    for number in 0..pictures {
        for packet in encoder.picture(number == 0 && encoder.next_index == 100) {
            world.send_rtp(0, &packet);
        }
        world.advance(INTERVAL);
    }
}

fn wish(world: &mut World, frame_rate: u8) {
    world.command(Command::SetPreferredLayer { id: 1, layer: u8::MAX, frame_rate });
}

fn received(world: &World) -> Vec<Picture> {
    let packets: Vec<_> = world.peers[1].rtp().into_iter().filter(|packet| packet.ssrc == 1_001).collect();
    decode(Codec::Vp8, &packets)
}

/// The temporal layers of the pictures from one on.
fn layers_from(world: &World, number: u32) -> Vec<u8> {
    let pictures = received(world).into_iter().filter(|picture| picture.number >= number);
    pictures.map(|picture| picture.temporal).collect()
}

#[test]
fn a_wish_for_fewer_frames_leaves_out_layers_at_once() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 64);
    let asked = world.peers[0].picture_losses().len();
    wish(&mut world, 15);
    run(&mut world, &mut encoder, 16);
    assert_eq!(layers_from(&world, 64), [0, 1, 0, 1, 0, 1, 0, 1]);
    wish(&mut world, 7);
    run(&mut world, &mut encoder, 16);
    assert_eq!(layers_from(&world, 80), [0, 0, 0, 0]);
    assert_eq!(world.peers[0].picture_losses().len(), asked, "no key frame is needed");
}

#[test]
fn more_frames_begin_where_they_refer_to_what_was_received() {
    for phase in 0..8 {
        let (mut world, mut encoder) = world();
        run(&mut world, &mut encoder, 64);
        wish(&mut world, 7);
        run(&mut world, &mut encoder, 16 + phase);
        wish(&mut world, 0);
        run(&mut world, &mut encoder, 32);
        let last = received(&world).last().unwrap().number;
        let whole = layers_from(&world, last - 15);
        assert_eq!(whole.len(), 16, "all of it after a while");
    }
}

#[test]
fn a_key_frame_begins_all_layers() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 64);
    wish(&mut world, 7);
    run(&mut world, &mut encoder, 8);
    wish(&mut world, 0);
    encoder.picture(true).iter().for_each(|packet| world.send_rtp(0, packet));
    run(&mut world, &mut encoder, 7);
    assert_eq!(layers_from(&world, 72), [0, 2, 1, 2, 0, 2, 1, 2]);
}

#[test]
fn what_a_subscriber_lost_is_sent_again_as_it_was_numbered() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 64);
    wish(&mut world, 15);
    run(&mut world, &mut encoder, 16);
    let sent: Vec<_> = world.peers[1].rtp().into_iter().filter(|packet| packet.ssrc == 1_001).collect();
    let newest = &sent[sent.len() - 16..];
    for packet in newest {
        let before = world.peers[1].rtp().len();
        world.send_rtcp(1, nack(1_001, &[packet.index as u16]));
        let again = world.peers[1].rtp().split_off(before);
        let [again] = &again[..] else { panic!("{again:?}") };
        assert_eq!(again.ssrc, 2_001);
        assert_eq!(again.payload[..2], (packet.index as u16).to_be_bytes());
        assert_eq!(again.payload[2..], packet.payload);
        assert_eq!((again.timestamp, again.marker), (packet.timestamp, packet.marker));
    }
}

#[test]
fn what_is_left_out_but_came_late_is_sent_empty() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 64);
    wish(&mut world, 15);
    run(&mut world, &mut encoder, 5);
    // A picture of the highest layer, of which the first packet comes behind the picture after it.
    let [late, second] = &encoder.picture(false)[..] else { panic!() };
    world.send_rtp(0, second);
    run(&mut world, &mut encoder, 1);
    let before = world.peers[1].rtp().len();
    world.send_rtp(0, late);
    let [empty] = &world.peers[1].rtp()[before..] else { panic!() };
    assert!(empty.payload.is_empty() && !empty.marker && empty.ssrc == 1_001);
    run(&mut world, &mut encoder, 9);
    assert_eq!(layers_from(&world, 64).len(), 8);
    world.send_rtcp(1, nack(1_001, &[empty.index as u16]));
    let again = world.peers[1].rtp();
    assert_eq!(again.last().unwrap().payload, (empty.index as u16).to_be_bytes());
}

#[test]
fn a_key_frame_that_a_subscriber_asks_for_brings_no_layer_it_does_not_wish_for() {
    let (mut world, mut encoder) = world();
    run(&mut world, &mut encoder, 64);
    wish(&mut world, 15);
    run(&mut world, &mut encoder, 8);
    world.send_rtcp(1, picture_loss(1_001));
    encoder.picture(true).iter().for_each(|packet| world.send_rtp(0, packet));
    run(&mut world, &mut encoder, 7);
    assert_eq!(layers_from(&world, 72), [0, 1, 0, 1]);
}
