//! The layer that a path carries is found within seconds, and kept.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;
use core::time::Duration;

const RATES: [u64; 3] = [150_000, 500_000, 1_500_000];

fn scene(rate: u64) -> Scene {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, &RATES);
    scene.microphone(0, 2);
    scene.subscriber(1, rate, Feedback::TransportCc);
    scene.consume(1, 1, 1);
    scene.world.consume(1, 2, 2);
    scene
}

#[test]
fn the_layer_that_fits_is_found_and_kept_for_a_minute() {
    for (rate, layer) in [(350_000, 0), (900_000, 1), (3_500_000, 2)] {
        let mut scene = scene(rate);
        scene.run(5 * SECOND);
        assert_eq!(scene.states(1).last(), Some(&Some(layer)), "{rate}: {:?}", scene.states(1));
        let changes = scene.states(1).len();
        scene.world.clear_counts();
        scene.run(60 * SECOND);
        let states = scene.states(1);
        assert!(states.len() <= changes + 2, "{rate}: {states:?}");
        assert_eq!(states.last(), Some(&Some(layer)));
        let counts = scene.world.down_counts(1);
        let (usual, longest) = (counts.waited.percentile(95.0), counts.waited.longest());
        assert!(
            usual < Duration::from_millis(150) && longest < Duration::from_millis(500),
            "{rate}: {counts:?}"
        );
        assert_eq!(counts.overflowed.packets, 0);
    }
}

#[test]
fn sound_is_whole_and_on_time_whatever_the_path() {
    for rate in [200_000, 350_000, 900_000] {
        let mut scene = scene(rate);
        scene.run(8 * SECOND);
        let before = scene.stream(0, 1_002).packets;
        scene.run(30 * SECOND);
        let arrived = scene.stream(0, 1_002).packets - before;
        // Fifty a second; up to half a second of them is on the way at either end.
        assert!((1_475..1_525).contains(&arrived), "{rate}: {arrived}");
    }
}

#[test]
fn nothing_flickers_on_any_steady_path() {
    for kilobits in [120, 180, 250, 350, 450, 650, 800, 1_000, 1_300, 1_800, 2_500, 3_000, 4_000, 10_000] {
        let mut scene = Scene::new(3);
        for (peer, producer) in [(0, 1), (1, 3)] {
            scene.camera(peer, producer, &RATES);
        }
        scene.microphone(0, 2);
        scene.subscriber(2, kilobits * 1_000, Feedback::TransportCc);
        [1, 3].into_iter().for_each(|id| scene.consume(2, id, id));
        scene.world.consume(2, 2, 2);
        scene.run(8 * SECOND);
        let before = [1, 3].map(|id| scene.states(id).len());
        scene.world.clear_counts();
        scene.run(60 * SECOND);
        let changes =
            [1, 3].map(|id| scene.states(id).len()).into_iter().zip(before).map(|(now, then)| now - then);
        let counts = scene.world.down_counts(2);
        assert!(changes.sum::<usize>() <= 2, "{kilobits}: {:?} {:?}", scene.states(1), scene.states(3));
        assert!(counts.waited.percentile(95.0) < Duration::from_millis(150), "{kilobits}: {counts:?}");
        assert_eq!(counts.overflowed.packets, 0, "{kilobits}");
    }
}
