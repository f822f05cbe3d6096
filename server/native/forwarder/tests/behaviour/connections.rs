//! A peer that is reached over TCP is known by its connection, and as long as there is one.

use crate::peer::Rtp;
use crate::world::{AUDIO, SECOND, World, audio};
use core::net::SocketAddr;
use offrecord_forwarder::api::{Command, PacketCore, TCP};
use offrecord_forwarder::{Event, PathKind};

/// Two peers with a track from the first to the second, which is reached over TCP too; its end of that.
fn world() -> (World, SocketAddr) {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    let peer = world.peers[1].address;
    let check = world.peers[1].check(true);
    world.deliver_by(TCP, peer, check);
    (world, peer)
}

fn send(world: &mut World, index: u64) -> usize {
    world.send_rtp(0, &Rtp { ssrc: 10, index, payload_type: AUDIO, ..Rtp::default() });
    world.peers[1].rtp().len()
}

fn ended_by(world: &mut World) -> PathKind {
    world.command(Command::EndStreams { id: 2 });
    let told = world.events.iter().rev().find_map(|event| match event {
        Event::TransportEnded { transport: 2, numbers } => Some(numbers.path),
        _ => None,
    });
    told.expect("told")
}

#[test]
fn media_goes_by_the_connection_that_was_nominated_and_the_end_says_so() {
    let (mut world, _) = world();
    assert_eq!(send(&mut world, 1), 1);
    assert_eq!(world.last_socket, TCP);
    assert_eq!(ended_by(&mut world), PathKind::TcpIpv4);
}

#[test]
fn the_same_numbers_by_udp_are_another_address() {
    let (mut world, peer) = world();
    assert!(world.forwarder.is_proven(TCP, peer) && world.forwarder.is_proven(0, peer));
    let stranger = SocketAddr::from(([198, 51, 100, 9], 4_000));
    let check = world.peers[1].check(false);
    world.deliver_by(TCP, stranger, check);
    assert!(world.forwarder.is_proven(TCP, stranger) && !world.forwarder.is_proven(0, stranger));
}

#[test]
fn when_the_connection_is_over_media_goes_where_the_peer_still_is() {
    let (mut world, peer) = world();
    world.forwarder.handle_disconnect(TCP, peer);
    assert!(!world.forwarder.is_proven(TCP, peer));
    assert_eq!(send(&mut world, 1), 1);
    assert_eq!(world.last_socket, 0);
}

#[test]
fn whoever_has_the_address_of_a_connection_next_has_proven_nothing() {
    let (mut world, peer) = world();
    world.forwarder.handle_disconnect(TCP, peer);
    let before = world.forwarder.counters().packets_dropped;
    let goodbye = world.peers[1].seal_rtcp(crate::peer::picture_loss(1));
    world.deliver_by(TCP, peer, goodbye);
    assert_eq!(world.forwarder.counters().packets_dropped, before + 1);
}

#[test]
fn consent_expires_thirty_seconds_after_the_last_check_when_no_connection_is_left() {
    let mut world = World::new();
    world.add_peer();
    let peer = world.peers[0].address;
    let check = world.peers[0].check(true);
    world.deliver_by(TCP, peer, check);
    world.advance(10 * SECOND);
    world.forwarder.handle_disconnect(TCP, peer);
    world.events.clear();
    world.advance(19 * SECOND);
    assert!(world.events.is_empty());
    world.advance(2 * SECOND);
    assert_eq!(world.events, [Event::ConsentExpired { transport: 1 }]);
    world.advance(60 * SECOND);
    assert_eq!(world.events.len(), 1);
}

#[test]
fn a_peer_that_connects_again_goes_on_without_a_new_handshake() {
    let (mut world, peer) = world();
    world.forwarder.handle_disconnect(0, peer);
    world.forwarder.handle_disconnect(TCP, peer);
    assert_eq!(send(&mut world, 1), 0, "it is nowhere");
    world.peers[1].address = SocketAddr::from(([192, 0, 2, 2], 50_001));
    let check = world.peers[1].check(true);
    world.deliver_by(TCP, world.peers[1].address, check);
    assert_eq!(send(&mut world, 2), 1);
    assert_eq!(world.last_socket, TCP);
}
