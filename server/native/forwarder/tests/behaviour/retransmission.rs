//! What a subscriber lost is sent again: the same to the byte, within a budget, while it is held.

use crate::peer::{Rtp, nack};
use crate::world::{MILLISECOND, SECOND, VIDEO, World, video, vp8};
use offrecord_forwarder::Command;

fn frame(index: u64) -> Rtp {
    let payload = vp8(index == 0, index as u16, index as u8);
    Rtp { ssrc: 20, index, timestamp: index as u32 * 3_000, payload_type: VIDEO, payload, ..Rtp::default() }
}

fn world(frames: u64) -> (World, u32) {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    let ssrc = world.consume(1, 1, 1);
    for index in 0..frames {
        world.send_rtp(0, &frame(index));
        world.advance(10 * MILLISECOND);
    }
    (world, ssrc)
}

#[test]
fn the_same_to_the_byte() {
    let (mut world, ssrc) = world(50);
    let sealed = world.peers[1].sealed();
    let sequences: Vec<u16> =
        sealed.iter().map(|datagram| u16::from_be_bytes([datagram[2], datagram[3]])).collect();
    world.send_rtcp(1, nack(ssrc, &[sequences[10], sequences[49], sequences[30]]));
    let again = world.peers[1].sealed();
    assert_eq!(again[50..], [sealed[10].clone(), sealed[49].clone(), sealed[30].clone()]);
}

#[test]
fn what_was_never_sent_is_not_sent_again() {
    let (mut world, ssrc) = world(5);
    let last = world.peers[1].rtp()[4].index as u16;
    world.send_rtcp(1, nack(ssrc, &[last.wrapping_add(1), last.wrapping_sub(5), last.wrapping_add(0x8000)]));
    world.send_rtcp(1, nack(ssrc + 1, &[last]));
    assert_eq!(world.peers[1].rtp().len(), 5);
}

#[test]
fn media_is_gone_when_its_time_is_over() {
    let (mut world, ssrc) = world(5);
    let last = world.peers[1].rtp()[4].index as u16;
    world.advance(SECOND + 20 * MILLISECOND);
    world.send_rtcp(1, nack(ssrc, &[last]));
    assert_eq!(world.peers[1].rtp().len(), 5);
}

#[test]
fn what_came_before_a_new_beginning_is_not_sent_again() {
    let (mut world, ssrc) = world(5);
    for paused in [true, false] {
        world.command(Command::PauseConsumer { id: 1, paused });
    }
    let last = world.peers[1].rtp()[4].index as u16;
    world.send_rtcp(1, nack(ssrc, &[last]));
    assert_eq!(world.peers[1].rtp().len(), 5, "a key frame comes next");
    let payload = vp8(true, 5, 5);
    world.send_rtp(0, &Rtp { payload, ..frame(5) });
    world.send_rtcp(1, nack(ssrc, &[last, last.wrapping_add(1)]));
    let again: Vec<u16> = world.peers[1].rtp()[5..].iter().map(|packet| packet.index as u16).collect();
    assert_eq!(again, [last.wrapping_add(1); 2]);
}

#[test]
fn asking_twice_at_once_is_asking_once() {
    let (mut world, ssrc) = world(5);
    let last = world.peers[1].rtp()[4].index as u16;
    world.send_rtcp(1, nack(ssrc, &[last, last]));
    world.send_rtcp(1, nack(ssrc, &[last]));
    assert_eq!(world.peers[1].rtp().len(), 6);
    world.advance(20 * MILLISECOND);
    world.send_rtcp(1, nack(ssrc, &[last]));
    assert_eq!(world.peers[1].rtp().len(), 7);
}

#[test]
fn a_subscriber_that_asks_for_everything_gets_its_budget() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    let ssrc = world.consume(1, 1, 1);
    let mut sequences = Vec::new();
    for index in 0..200 {
        let mut packet = frame(index);
        packet.payload.resize(1_200, 7);
        world.send_rtp(0, &packet);
        sequences.push(world.peers[1].rtp()[index as usize].index as u16);
    }
    for _ in 0..20 {
        world.advance(20 * MILLISECOND);
        sequences.chunks(60).for_each(|chunk| world.send_rtcp(1, nack(ssrc, chunk)));
    }
    let again = world.peers[1].rtp().len() - 200;
    assert!((100..=106).contains(&again), "{again} packets of 1200 bytes from 128 kB");
}
