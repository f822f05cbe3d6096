//! Feedback for what was never sent changes nothing.

use crate::peer::nack;
use crate::scene::{Feedback, Scene, Stream, transport_cc};
use crate::world::{MILLISECOND, SECOND};

/// A report about stream `ssrc`: half of it is lost.
fn loss(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x81, 201, 0, 7, 0, 0, 0, 9];
    packet.extend(ssrc.to_be_bytes());
    packet.extend([0x80, 0, 0x10, 0]);
    packet.extend([0; 16]);
    packet
}

/// What a subscriber behind 1 Mbit/s had of a camera, what was told of it, and all that came, probes included.
fn received(lies: bool) -> (Stream, Vec<Option<u8>>, Vec<u16>) {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, &[150_000, 500_000, 2_000_000]);
    let subscriber = scene.subscriber(1, 1_000_000, Feedback::TransportCc);
    scene.watch(subscriber, 1, 1);
    for _ in 0..200 {
        scene.run(50 * MILLISECOND);
        let newest = scene.subscribers[subscriber].numbers.last().copied().unwrap_or(0);
        if lies {
            let at = scene.world.now;
            // Each other one is said to be lost.
            let mut arrivals: Vec<(u16, u64)> =
                (0..200).map(|ahead| (newest.wrapping_add(2_000 + 2 * ahead), at)).collect();
            let report = transport_cc(&mut arrivals, &mut 7).unwrap();
            for lie in [report, loss(4_711), loss(1_002), nack(4_711, &[1, 2, 3]), nack(2_001, &[1, 2, 3])] {
                scene.world.send_rtcp(1, lie);
            }
        }
    }
    assert_eq!(scene.world.now / SECOND, 11);
    let numbers = core::mem::take(&mut scene.subscribers[subscriber].numbers);
    (scene.stream(subscriber, 1_001), scene.states(1), numbers)
}

#[test]
fn what_is_sent_and_told_is_the_same_to_the_packet() {
    let (with, without) = (received(true), received(false));
    assert_eq!(format!("{with:?}"), format!("{without:?}"));
    assert!(with.0.packets > 300, "{with:?}");
}
