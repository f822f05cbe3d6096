//! A peer that stops proving its address is lost (RFC 7675).

use crate::peer::Rtp;
use crate::world::{AUDIO, MILLISECOND, SECOND, World, audio};
use offrecord_forwarder::Event;

#[test]
fn consent_expires_after_the_time_and_no_sooner() {
    let mut world = World::connected(1);
    world.events.clear();
    world.advance(29 * SECOND);
    assert!(world.events.is_empty());
    let check = world.peers[0].check(true);
    world.deliver(world.peers[0].address, check);
    world.advance(29 * SECOND);
    assert!(world.events.is_empty());
    world.advance(SECOND + 300 * MILLISECOND);
    assert_eq!(world.events, [Event::ConsentExpired { transport: 1 }]);
    world.advance(60 * SECOND);
    assert_eq!(world.events.len(), 1);
}

#[test]
fn nothing_is_sent_to_a_peer_without_consent() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    for index in 0..40_u64 {
        let check = world.peers[0].check(true);
        world.deliver(world.peers[0].address, check);
        world.send_rtp(0, &Rtp { ssrc: 10, index, payload_type: AUDIO, ..Rtp::default() });
        world.advance(SECOND);
    }
    let last = world.peers[1].received.last().map(|(at, _)| *at);
    assert!(last <= Some(32 * SECOND), "{last:?}");
    assert!(world.events.contains(&Event::ConsentExpired { transport: 2 }));
    let check = world.peers[1].check(true);
    world.deliver(world.peers[1].address, check);
    assert_eq!(world.events.last(), Some(&Event::Reachable { transport: 2 }));
    let before = world.peers[1].rtp().len();
    world.send_rtp(0, &Rtp { ssrc: 10, index: 100, payload_type: AUDIO, ..Rtp::default() });
    assert_eq!(world.peers[1].rtp().len(), before + 1);
}

#[test]
fn a_transport_that_was_never_reached_does_not_expire() {
    let mut world = World::new();
    world.add_peer();
    world.advance(120 * SECOND);
    assert!(world.events.is_empty());
}
