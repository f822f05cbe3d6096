//! Packets that are sent once carry the number under which the transport sends them; others carry none.

use crate::peer::nack;
use crate::scene::{Feedback, NUMBER, OUT_RTX, Scene};
use crate::world::{SECOND, consumer};
use offrecord_forwarder::Command;
use offrecord_forwarder::api::ExtensionKind;

#[test]
fn numbers_count_over_all_streams_and_retransmissions_of_a_transport() {
    let mut scene = Scene::new(3);
    scene.camera(0, 1, &[100_000]);
    scene.camera(1, 2, &[100_000]);
    scene.subscriber(2, 0, Feedback::TransportCc);
    scene.consume(2, 1, 1);
    scene.consume(2, 2, 2);
    for _ in 0..20 {
        scene.run(SECOND / 10);
        let newest = scene.stream(0, 1_001).newest as u16;
        scene.world.send_rtcp(2, nack(1_001, &[newest]));
    }
    scene.run(SECOND / 10);
    let numbers = &scene.subscribers[0].numbers;
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
    let retransmissions = scene.stream(0, 2_001).packets;
    assert_eq!(
        numbers.len() as u64,
        scene.stream(0, 1_001).packets + scene.stream(0, 1_002).packets + retransmissions
    );
    assert!(retransmissions >= 15, "{retransmissions}");
}

#[test]
fn what_may_be_sent_again_on_its_own_ssrc_carries_no_number() {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, &[100_000]);
    scene.microphone(0, 2);
    let mut options = consumer(1, 1, 2);
    options.extensions.push((ExtensionKind::TransportCc, NUMBER));
    scene.world.command(Command::CreateConsumer(options));
    scene.consume(1, 2, 2);
    scene.run(SECOND);
    let newest = scene.world.peers[1].rtp().iter().rfind(|packet| packet.ssrc == 1_001).unwrap().index;
    scene.world.send_rtcp(1, nack(1_001, &[newest as u16]));
    scene.run(SECOND / 10);
    let packets = scene.world.peers[1].rtp();
    assert!(packets.iter().any(|packet| packet.ssrc == 1_002));
    assert_eq!(packets.iter().filter(|packet| packet.ssrc == 1_001 && packet.index == newest).count(), 2);
    assert!(packets.iter().all(|packet| packet.payload_type != OUT_RTX));
    assert!(packets.iter().all(|packet| packet.extensions.iter().all(|(id, _)| *id != NUMBER)));
}
