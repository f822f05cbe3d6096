//! Sequence numbers toward a subscriber are contiguous where the publisher's are not.

use crate::peer::Rtp;
use crate::world::{AUDIO, World, audio};
use offrecord_forwarder::api::{CodecKind, PayloadCodec};

fn packet(index: u64, payload_type: u8) -> Rtp {
    Rtp {
        ssrc: 10,
        index,
        timestamp: index as u32 * 960,
        payload_type,
        payload: index.to_be_bytes().to_vec(),
        ..Rtp::default()
    }
}

fn relative(world: &World) -> Vec<u64> {
    let packets = world.peers[1].rtp();
    packets.iter().map(|packet| packet.index - packets[0].index).collect()
}

fn world() -> World {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    world
}

#[test]
fn a_gap_stays_a_gap_until_the_packet_arrives() {
    let mut world = world();
    [1, 2, 5, 4, 3, 6].into_iter().for_each(|index| world.send_rtp(0, &packet(index, AUDIO)));
    assert_eq!(relative(&world), [0, 1, 4, 3, 2, 5]);
}

#[test]
fn packets_of_other_payload_types_leave_no_gap() {
    for mapped_by_producer in [false, true] {
        let mut world = World::connected(2);
        let mut track = audio(1, 1, 10);
        if mapped_by_producer {
            track.codecs.push(PayloadCodec {
                payload_type: 13,
                codec: CodecKind::Opus,
                clock_rate: 8_000,
                apt: 0,
            });
        }
        world.produce(track);
        world.consume(1, 1, 1);
        for (index, payload_type) in [(1, AUDIO), (2, 13), (3, AUDIO), (4, 13), (5, 13), (6, AUDIO)] {
            world.send_rtp(0, &packet(index, payload_type));
        }
        assert_eq!(relative(&world), [0, 1, 2]);
    }
}

#[test]
fn a_leap_of_the_publisher_is_not_the_subscribers() {
    let mut world = world();
    [1, 2, 30_000, 30_001, 61_000].into_iter().for_each(|index| world.send_rtp(0, &packet(index, AUDIO)));
    assert_eq!(relative(&world), [0, 1, 2, 3, 4]);
}

#[test]
fn a_packet_from_before_the_consumer_is_not_sent() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.send_rtp(0, &packet(1, AUDIO));
    world.consume(1, 1, 1);
    [3, 2, 4].into_iter().for_each(|index| world.send_rtp(0, &packet(index, AUDIO)));
    assert_eq!(relative(&world), [0, 1]);
}
