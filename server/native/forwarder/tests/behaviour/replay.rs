//! A datagram that was taken once is not taken again.

use crate::peer::{Rtp, picture_loss};
use crate::world::{AUDIO, MILLISECOND, SECOND, VIDEO, World, audio, video, vp8};
use offrecord_forwarder::api::PacketCore;

#[test]
fn rtp_is_not_forwarded_twice() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    let datagrams: Vec<_> = (0..2_000)
        .map(|index| world.peers[0].seal(&Rtp { ssrc: 10, index, payload_type: AUDIO, ..Rtp::default() }))
        .collect();
    for datagram in datagrams.iter().chain(&datagrams) {
        world.send(0, datagram.clone());
        world.advance(2 * MILLISECOND);
    }
    assert_eq!(world.peers[1].rtp().len(), 2_000);
    assert_eq!(world.forwarder.counters().packets_dropped, 2_000);
}

#[test]
fn a_forged_packet_does_not_move_the_window() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    let packet = |index| Rtp { ssrc: 10, index, payload_type: AUDIO, ..Rtp::default() };
    world.send_rtp(0, &packet(1));
    let mut forged = world.peers[0].seal(&packet(30_000));
    *forged.last_mut().unwrap() ^= 1;
    world.send(0, forged);
    world.send_rtp(0, &packet(2));
    assert_eq!(world.peers[1].rtp().len(), 2);
}

#[test]
fn rtcp_is_not_followed_twice() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    let payload = vp8(true, 1, 1);
    world.send_rtp(0, &Rtp { ssrc: 20, index: 1, payload_type: VIDEO, payload, ..Rtp::default() });
    let ssrc = world.consume(1, 1, 1);
    let payload = vp8(true, 2, 2);
    world.send_rtp(0, &Rtp { ssrc: 20, index: 2, payload_type: VIDEO, payload, ..Rtp::default() });
    world.advance(SECOND);
    let before = world.peers[0].picture_losses().len();
    let datagram = world.peers[1].seal_rtcp(picture_loss(ssrc));
    world.send(1, datagram.clone());
    world.advance(SECOND);
    world.send(1, datagram);
    world.advance(SECOND);
    assert_eq!(world.peers[0].picture_losses().len(), before + 1);
}
