//! Video begins with a key frame, and publishers are asked for one no more often than needed.

use crate::peer::{Rtp, picture_loss};
use crate::world::{MILLISECOND, SECOND, VIDEO, World, video, vp8};
use offrecord_forwarder::Command;

fn frame(index: u64, is_key_frame: bool) -> Rtp {
    let payload = vp8(is_key_frame, index as u16, index as u8);
    Rtp {
        ssrc: 20,
        index,
        timestamp: index as u32 * 3_000,
        payload_type: VIDEO,
        marker: true,
        payload,
        ..Rtp::default()
    }
}

#[test]
fn a_consumer_waits_for_a_key_frame_and_asks_for_it() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.send_rtp(0, &frame(1, true));
    world.consume(1, 1, 1);
    assert_eq!(world.peers[0].picture_losses(), [(world.now, 20)]);
    world.send_rtp(0, &frame(2, false));
    assert!(world.peers[1].rtp().is_empty());
    world.send_rtp(0, &frame(3, true));
    world.send_rtp(0, &frame(4, false));
    assert_eq!(world.peers[1].rtp().len(), 2);
}

#[test]
fn wishes_of_many_are_one_request() {
    let mut world = World::connected(8);
    world.produce(video(1, 1, 20));
    world.send_rtp(0, &frame(1, true));
    let ssrcs: Vec<u32> = (1..8).map(|peer| world.consume(peer, peer as u32, 1)).collect();
    assert_eq!(world.peers[0].picture_losses().len(), 1);
    world.advance(500 * MILLISECOND);
    world.send_rtp(0, &frame(2, true));
    let before = world.peers[0].picture_losses().len();
    for (peer, &ssrc) in (1..8).zip(&ssrcs) {
        world.send_rtcp(peer, picture_loss(ssrc));
    }
    assert_eq!(world.peers[0].picture_losses().len(), before + 1);
}

#[test]
fn a_hostile_subscriber_gets_one_key_frame_per_second() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.send_rtp(0, &frame(1, true));
    let ssrc = world.consume(1, 1, 1);
    for index in 0..1_000 {
        world.send_rtp(0, &frame(2 + index, false));
        world.send_rtcp(1, picture_loss(ssrc));
        world.advance(10 * MILLISECOND);
    }
    let requests = world.peers[0].picture_losses().len();
    assert!((10..=14).contains(&requests), "{requests} in 10 s");
}

#[test]
fn a_lost_request_is_made_again() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.send_rtp(0, &frame(1, true));
    world.consume(1, 1, 1);
    for index in 0..50 {
        world.send_rtp(0, &frame(2 + index, false));
        world.advance(50 * MILLISECOND);
    }
    let times: Vec<u64> = world.peers[0].picture_losses().iter().map(|(at, _)| *at).collect();
    assert_eq!(times.len(), 3, "{times:?}");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= SECOND));
}

#[test]
fn signaling_may_ask_and_full_intra_requests_count() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.send_rtp(0, &frame(1, true));
    world.command(Command::RequestKeyFrame { id: 1 });
    assert_eq!(world.peers[0].picture_losses().len(), 1);
    let ssrc = world.consume(1, 1, 1);
    world.send_rtp(0, &frame(2, true));
    world.advance(SECOND);
    let before = world.peers[0].picture_losses().len();
    let mut request = vec![0x84, 206, 0, 4, 0, 0, 0, 9, 0, 0, 0, 0];
    request.extend(ssrc.to_be_bytes());
    request.extend([1, 0, 0, 0]);
    world.send_rtcp(1, request);
    assert_eq!(world.peers[0].picture_losses().len(), before + 1);
}

#[test]
fn a_transport_that_gets_its_keys_late_begins_with_a_key_frame() {
    let mut world = World::connected(1);
    world.add_peer();
    world.produce(video(1, 1, 20));
    world.consume(1, 1, 1);
    world.send_rtp(0, &frame(1, true));
    world.send_rtp(0, &frame(2, false));
    let check = world.peers[1].check(true);
    world.deliver(world.peers[1].address, check);
    let keys = world.peers[1].set_keys();
    world.command(keys);
    assert_eq!(world.peers[0].picture_losses().len(), 1);
    world.send_rtp(0, &frame(3, false));
    assert!(world.peers[1].rtp().is_empty());
    world.send_rtp(0, &frame(4, true));
    assert_eq!(world.peers[1].rtp().len(), 1);
}
