//! A subscriber that reads nothing and says nothing costs a bounded queue of references, no media memory beside the
//! publisher's own, and nothing at all once its consent is over.

use crate::peer::Rtp;
use crate::scene::remb;
use crate::world::{MILLISECOND, SECOND, VIDEO, World, config, video, vp8};
use offrecord_forwarder::api::PacketCore;

/// One publisher of 8 Mbit/s; peer 1 says once that it can receive nearly nothing, and is silent from then on. Peer 2
/// receives the same.
fn world() -> World {
    let mut world = World::with_arena(config().ring_packets);
    (0..3).for_each(|_| world.connect());
    world.produce(video(1, 1, 20));
    world.consume(1, 1, 1);
    world.consume(2, 2, 1);
    world.send_rtcp(1, remb(30_000));
    world
}

fn run(world: &mut World, indices: core::ops::Range<u64>) {
    for index in indices {
        let mut payload = vp8(index == 0, index as u16 & 0x7fff, 0);
        payload.resize(1_000, 7);
        let timestamp = index as u32 * 90;
        world
            .send_rtp(0, &Rtp { ssrc: 20, index, timestamp, payload_type: VIDEO, payload, ..Rtp::default() });
        let newest = world.peers[2].rtp().last().map(|packet| packet.index);
        assert!(newest.is_some());
        world.peers[2].received.retain(|_| false);
        world.advance(MILLISECOND);
    }
}

#[test]
fn others_are_sent_each_packet_at_once_and_media_is_held_no_longer() {
    let mut world = world();
    run(&mut world, 0..3_000);
    let counters = world.forwarder.counters();
    assert!(counters.oldest_media <= config().ring_duration.0, "{counters:?}");
    world.advance(config().ring_duration.0 + SECOND);
    assert_eq!(world.forwarder.counters().oldest_media, 0, "all is wiped");
}

#[test]
fn nothing_is_sent_to_it_when_its_consent_is_over() {
    let mut world = world();
    run(&mut world, 0..10);
    for _ in 0..4 {
        world.advance(10 * SECOND);
        for peer in [0, 2] {
            let check = world.peers[peer].check(true);
            world.deliver(world.peers[peer].address, check);
        }
    }
    world.peers[1].received.clear();
    run(&mut world, 10..100);
    assert!(world.peers[1].received.is_empty());
}
