//! A peer may move; nobody else may move it.

use crate::peer::Rtp;
use crate::world::{AUDIO, SECOND, World, audio};

fn world() -> (World, impl FnMut(&mut World)) {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    let mut index = 0;
    (world, move |world: &mut World| {
        index += 1;
        world.send_rtp(0, &Rtp { ssrc: 10, index, payload_type: AUDIO, ..Rtp::default() });
    })
}

#[test]
fn media_follows_the_nominated_address() {
    let (mut world, mut send) = world();
    send(&mut world);
    world.peers[1].address = "[2001:db8::7]:4000".parse().unwrap();
    let check = world.peers[1].check(false);
    world.deliver(world.peers[1].address, check);
    send(&mut world);
    assert_eq!(world.peers[1].rtp().len(), 1, "not nominated");
    let check = world.peers[1].check(true);
    world.deliver(world.peers[1].address, check);
    send(&mut world);
    assert_eq!(world.peers[1].rtp().len(), 2);
}

#[test]
fn a_publisher_may_send_from_any_address_it_proved() {
    let (mut world, mut send) = world();
    world.peers[0].address = "198.51.100.7:1".parse().unwrap();
    send(&mut world);
    assert!(world.peers[1].rtp().is_empty());
    let check = world.peers[0].check(false);
    world.deliver(world.peers[0].address, check);
    send(&mut world);
    assert_eq!(world.peers[1].rtp().len(), 1);
}

#[test]
fn a_captured_check_sent_from_elsewhere_moves_nothing() {
    let (mut world, mut send) = world();
    let check = world.peers[1].check(true);
    world.deliver(world.peers[1].address, check.clone());
    world.deliver("198.51.100.66:666".parse().unwrap(), check);
    send(&mut world);
    assert_eq!(world.peers[1].rtp().len(), 1);
}

#[test]
fn a_participant_cannot_take_the_address_of_another() {
    let (mut world, mut send) = world();
    let victim = world.peers[1].address;
    let check = world.peers[0].check(false);
    world.deliver(victim, check);
    send(&mut world);
    assert_eq!(world.peers[1].rtp().len(), 1);
    let datagram = world.peers[1].seal_rtcp(crate::peer::picture_loss(1));
    let before = offrecord_forwarder::api::PacketCore::counters(&world.forwarder).packets_dropped;
    world.deliver(victim, datagram);
    assert_eq!(offrecord_forwarder::api::PacketCore::counters(&world.forwarder).packets_dropped, before);
}

#[test]
fn an_address_that_was_left_may_be_taken() {
    let (mut world, _) = world();
    world.advance(11 * SECOND);
    let address = world.peers[1].address;
    let check = world.peers[0].check(true);
    world.deliver(address, check);
    world.peers[0].address = address;
    world.peers[1].address = "198.51.100.1:1".parse().unwrap();
    let check = world.peers[1].check(true);
    world.deliver(world.peers[1].address, check);
    world.send_rtp(0, &Rtp { ssrc: 10, index: 5, payload_type: AUDIO, ..Rtp::default() });
    assert_eq!(world.peers[1].rtp().len(), 1);
}
