//! Where a path does not carry the smallest layer, its frame rate falls before it is paused.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;
use offrecord_forwarder::Command;

fn pictures_a_second(scene: &mut Scene, seconds: u64) -> u64 {
    let before = scene.stream(0, 1_001).pictures;
    scene.run(seconds * SECOND);
    (scene.stream(0, 1_001).pictures - before) / seconds
}

fn scene(rates: &[u64]) -> Scene {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, rates);
    scene.cameras[0].is_layered = true;
    scene.microphone(0, 2);
    scene.subscriber(1, 2_000_000, Feedback::TransportCc);
    scene.consume(1, 1, 1);
    scene.world.consume(1, 2, 2);
    scene.run(8 * SECOND);
    scene
}

#[test]
fn half_the_frames_are_better_than_none() {
    let mut scene = scene(&[300_000]);
    assert_eq!(pictures_a_second(&mut scene, 2), 30);
    scene.limit(1, 260_000);
    scene.run(6 * SECOND);
    let rate = pictures_a_second(&mut scene, 10);
    assert!((7..=16).contains(&rate), "{rate}");
    assert!(!scene.states(1).contains(&None), "{:?}", scene.states(1));
    scene.limit(1, 2_000_000);
    scene.run(20 * SECOND);
    assert_eq!(pictures_a_second(&mut scene, 2), 30);
}

#[test]
fn the_smallest_layer_falls_after_the_larger_ones_and_is_paused_last() {
    let mut scene = scene(&[300_000, 900_000]);
    assert_eq!(scene.states(1).last(), Some(&Some(1)));
    scene.limit(1, 240_000);
    scene.run(8 * SECOND);
    assert_eq!(scene.states(1).last(), Some(&Some(0)));
    let rate = pictures_a_second(&mut scene, 10);
    assert!((7..=16).contains(&rate), "{rate}");
    scene.limit(1, 60_000);
    scene.run_until(1, None, 20 * SECOND);
    scene.limit(1, 2_000_000);
    scene.run_until(1, Some(1), 60 * SECOND);
    scene.run(5 * SECOND);
    assert_eq!(pictures_a_second(&mut scene, 2), 30);
}

#[test]
fn of_simulcast_too_as_many_frames_come_as_are_wished_for() {
    let mut scene = scene(&[150_000, 500_000]);
    for (frame_rate, expected) in [(7, 7..=8), (15, 15..=15), (0, 30..=30)] {
        scene.world.command(Command::SetPreferredLayer { id: 1, layer: 1, frame_rate });
        scene.run(2 * SECOND);
        let rate = pictures_a_second(&mut scene, 4);
        assert!(expected.contains(&rate), "{rate}");
    }
}
