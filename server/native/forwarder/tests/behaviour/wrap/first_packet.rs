//! A publisher may begin just before its wrap, and what it sent before the wrap may all be lost: the first packet that
//! arrives has rolled over already.

use crate::peer::{MID, Rtp};
use crate::world::{AUDIO, MILLISECOND, World, audio};
use offrecord_forwarder::api::PacketCore;

/// What a subscriber has of the packets with these indices, where an SSRC is signalled or only its MID tells it.
fn received(ssrc: u32, indices: &[u64]) -> Vec<u64> {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, ssrc));
    world.consume(1, 1, 1);
    for &index in indices {
        world.send_rtp(0, &packet(index));
        world.advance(20 * MILLISECOND);
    }
    let packets = world.peers[1].rtp();
    packets.iter().map(|packet| u64::from_be_bytes(packet.payload[..].try_into().unwrap())).collect()
}

fn packet(index: u64) -> Rtp {
    let payload = index.to_be_bytes().to_vec();
    let timestamp = (index as u32).wrapping_mul(960);
    let extensions = vec![(MID, b"0".to_vec())];
    Rtp { ssrc: 10, index, timestamp, payload_type: AUDIO, payload, extensions, ..Rtp::default() }
}

#[test]
fn it_is_heard_from_the_first_packet_that_arrives() {
    for ssrc in [10, 0] {
        assert_eq!(received(ssrc, &[65_537, 65_538, 65_540]), [65_537, 65_538, 65_540]);
        assert_eq!(received(ssrc, &[65_536]), [65_536]);
    }
}

#[test]
fn what_was_sent_before_the_wrap_and_comes_late_is_late_and_not_forged() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    [65_537, 65_535, 65_536, 65_538].into_iter().for_each(|index| world.send_rtp(0, &packet(index)));
    assert_eq!(world.forwarder.counters().packets_dropped, 0);
}

#[test]
fn what_begins_at_any_number_without_a_wrap_is_taken_as_ever() {
    for first in [0, 1, 0x7fff, 0x8000, 65_535] {
        assert_eq!(received(10, &[first, first + 1]), [first, first + 1]);
    }
}

#[test]
fn it_is_taken_once_and_a_forged_one_before_it_is_not() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    let mut forged = world.peers[0].seal(&packet(65_537));
    *forged.last_mut().unwrap() ^= 1;
    world.send(0, forged);
    let genuine = world.peers[0].seal(&packet(65_537));
    world.send(0, genuine.clone());
    world.send(0, genuine);
    world.send_rtp(0, &packet(1));
    let packets = world.peers[1].rtp();
    assert_eq!(
        packets.iter().map(|packet| &packet.payload[..]).collect::<Vec<_>>(),
        [65_537_u64.to_be_bytes()]
    );
    assert_eq!(world.forwarder.counters().packets_dropped, 3);
}
