//! Nothing but STUN is taken from an address that proved nothing.

use crate::peer::{Received, Rtp};
use crate::world::{AUDIO, World, audio};
use offrecord_forwarder::Event;
use offrecord_forwarder::api::PacketCore;

#[test]
fn a_check_is_answered_and_makes_the_peer_reachable_once() {
    let mut world = World::new();
    world.add_peer();
    for _ in 0..2 {
        let check = world.peers[0].check(true);
        world.deliver(world.peers[0].address, check);
    }
    assert_eq!(world.events, [Event::Reachable { transport: 1 }]);
    let answers = &world.peers[0].received;
    assert!(matches!(
        answers[..],
        [(_, Received::Stun { is_success: true }), (_, Received::Stun { is_success: true })]
    ));
}

#[test]
fn a_wrong_password_is_not_answered() {
    let mut world = World::new();
    world.add_peer();
    let mut check = world.peers[0].check(true);
    let at = check.len() - 12;
    check[at] ^= 1;
    world.deliver(world.peers[0].address, check);
    assert!(world.events.is_empty() && world.peers[0].received.is_empty());
    assert_eq!(world.forwarder.counters().packets_dropped, 1);
}

#[test]
fn a_peer_that_claims_our_role_is_told() {
    let mut world = World::new();
    world.add_peer();
    let controlled: (u16, &[u8]) = (0x8029, &[1; 8]);
    let request = world.peers[0].request(&[controlled]);
    world.deliver(world.peers[0].address, request);
    assert!(matches!(world.peers[0].received[..], [(_, Received::Stun { is_success: false })]));
    assert!(world.events.is_empty());
}

#[test]
fn dtls_goes_up_from_proven_addresses_only_and_down_to_the_selected_one() {
    let mut world = World::new();
    world.add_peer();
    let hello = vec![22, 254, 253, 1, 2, 3];
    world.deliver(world.peers[0].address, hello.clone());
    assert!(world.events.is_empty());
    let check = world.peers[0].check(true);
    world.deliver(world.peers[0].address, check);
    world.deliver(world.peers[0].address, hello.clone());
    assert_eq!(world.events[1..], [Event::Dtls { transport: 1, datagram: hello.clone() }]);
    world.command(offrecord_forwarder::Command::SendDtls { id: 1, datagram: hello.clone() });
    assert!(matches!(&world.peers[0].received[1].1, Received::Other(datagram) if *datagram == hello));
}

#[test]
fn media_from_a_stranger_is_dropped() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    let packet = Rtp { ssrc: 10, index: 1, payload_type: AUDIO, ..Rtp::default() };
    let datagram = world.peers[0].seal(&packet);
    world.deliver("198.51.100.1:9".parse().unwrap(), datagram.clone());
    assert!(world.peers[1].rtp().is_empty());
    world.deliver(world.peers[0].address, datagram);
    assert_eq!(world.peers[1].rtp().len(), 1);
}
