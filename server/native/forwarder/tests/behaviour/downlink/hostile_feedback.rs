//! Feedback of a subscriber that lies changes nothing for the others, and does not stop the forwarder.

use crate::scene::{Feedback, Scene, remb};
use crate::world::{MILLISECOND, SECOND};
use offrecord_netem::Random;

/// A report with anything in it, of the length that it says.
fn report(random: &mut Random) -> Vec<u8> {
    let words = random.below(300);
    let mut packet = vec![0x8f, 205];
    packet.extend((words as u16 + 4).to_be_bytes());
    packet.extend([0, 0, 0, 9, 0, 0, 0, 7]);
    packet.extend((random.below(600) as u16).to_be_bytes());
    packet.extend((random.below(3_000) as u16).to_be_bytes());
    packet.extend((0..words * 4 + 4).map(|_| random.draw() as u8));
    packet
}

#[test]
fn lies_about_arrivals_are_the_liars_own_trouble() {
    let mut scene = Scene::new(3);
    scene.camera(0, 1, &[300_000]);
    let _liar = scene.subscriber(1, 0, Feedback::None);
    let honest = scene.subscriber(2, 0, Feedback::TransportCc);
    scene.consume(1, 1, 1);
    scene.consume(2, 2, 1);
    let mut random = Random(7);
    for round in 0..2_000 {
        scene.run(5 * MILLISECOND);
        for _ in 0..10 {
            let lie = report(&mut random);
            scene.world.send_rtcp(1, lie);
        }
        if round % 50 == 0 {
            scene.world.send_rtcp(1, remb(random.draw()));
        }
    }
    let sent = 10 * SECOND / (SECOND / 30);
    let received = scene.stream(honest, 1_002);
    assert!(received.packets >= 2 * sent - 4, "{received:?} of {sent} frames");
    assert!(received.longest_gap < 80 * MILLISECOND, "{received:?}");
}
