//! What a path carries is told in steps.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;
use offrecord_forwarder::{Bandwidth, Event};

fn told(scene: &Scene) -> Vec<Bandwidth> {
    let told = scene.world.events.iter().filter_map(|event| match *event {
        Event::TransportBandwidth { transport: 2, bandwidth } => Some(bandwidth),
        _ => None,
    });
    told.collect()
}

fn scene(rate: u64, feedback: Feedback) -> Scene {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, &[800_000]);
    scene.subscriber(1, rate, feedback);
    scene.consume(1, 1, 1);
    scene
}

#[test]
fn a_path_that_becomes_narrow_is_noticed() {
    let mut scene = scene(2_500_000, Feedback::TransportCc);
    scene.run(8 * SECOND);
    assert!(told(&scene)[0] >= Bandwidth::Below1Mbps, "{:?}", told(&scene));
    scene.limit(1, 250_000);
    scene.run(12 * SECOND);
    assert!(told(&scene).last() < Some(&Bandwidth::Below1Mbps), "{:?}", told(&scene));
}

#[test]
fn the_estimate_of_a_receiver_is_taken_until_it_is_old() {
    let mut scene = scene(0, Feedback::Remb(5_000_000));
    scene.run(6 * SECOND);
    assert_eq!(told(&scene), [Bandwidth::Below10Mbps]);
    scene.subscribers[0].feedback = Feedback::None;
    scene.run(20 * SECOND);
    assert_eq!(told(&scene), [Bandwidth::Below10Mbps, Bandwidth::Unknown]);
}

#[test]
fn of_a_peer_that_says_nothing_nothing_is_known() {
    let mut scene = scene(0, Feedback::None);
    scene.run(11 * SECOND);
    assert_eq!(told(&scene), []);
    assert!(scene.stream(0, 1_001).packets > 300);
}
