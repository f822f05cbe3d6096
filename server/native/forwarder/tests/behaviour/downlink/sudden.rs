//! A path that becomes narrow all of a sudden: who is watched is frozen for less than a second, and hears on.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;
use core::time::Duration;
use offrecord_netem::Limit;

const QUEUE: Duration = Duration::from_millis(300);

/// Three who send a camera in three sizes, and sound; one who watches them all, for a while.
fn scene() -> Scene {
    let mut scene = Scene::new(4);
    scene.subscriber(3, 0, Feedback::TransportCc);
    scene.world.limit_down(3, Limit::new(3_000_000, QUEUE));
    for peer in 0..3 {
        let id = peer as u32 + 1;
        scene.camera(peer, id, &[87_000, 233_000, 700_000]);
        scene.microphone(peer, 10 + id);
        scene.watch(0, id, id);
        scene.world.consume(3, 10 + id, 10 + id);
    }
    scene.run(18 * SECOND);
    assert_eq!([1, 2, 3].map(|id| scene.states(id).last().copied().flatten()), [Some(2); 3]);
    scene
}

#[test]
fn nobody_is_frozen_for_a_second_and_hardly_anything_is_lost_after_two() {
    let mut scene = scene();
    let start = scene.world.now;
    scene.world.limit_down(3, Limit::new(500_000, QUEUE));
    scene.run(2 * SECOND);
    scene.world.clear_counts();
    scene.run(28 * SECOND);
    for id in 1..4 {
        let freeze = scene.subscribers[0].viewers[&id].longest_freeze(start, scene.world.now);
        assert!(freeze < SECOND, "{id} for {freeze}");
        let sound = scene.stream(0, 1_010 + id);
        assert!(sound.packets > 48 * 50 - 75, "{sound:?}");
    }
    let counts = scene.world.down_counts(3);
    assert!(counts.overflowed.packets * 100 < counts.offered.packets, "{counts:?}");
    assert!(counts.waited.percentile(50.0) < Duration::from_millis(50), "{counts:?}");
    scene.world.limit_down(3, Limit::new(3_000_000, QUEUE));
    for id in 1..4 {
        scene.run_until(id, Some(2), 10 * SECOND);
    }
}

#[test]
fn what_was_lost_of_what_is_not_shown_any_more_is_not_sent_again() {
    let mut scene = scene();
    scene.world.limit_down(3, Limit::new(500_000, QUEUE));
    let sent = |scene: &Scene| -> u64 { (1..4).map(|id| scene.stream(0, 2_000 + id).bytes).sum() };
    let before = sent(&scene);
    scene.run(5 * SECOND);
    let asked: u64 = (1..4).map(|id| scene.subscribers[0].viewers[&id].asked).sum();
    assert!(asked > 50, "{asked}");
    let again = sent(&scene) - before;
    assert!(again < 5 * 500_000 / 8 / 10, "{again} bytes, padding among them, is a tenth of the path");
}

#[test]
fn whatever_is_left_of_the_path_nobody_is_frozen_for_a_second_and_all_come_back() {
    for narrow in [550_000, 700_000, 900_000] {
        for moment in [37_000, 113_000] {
            let mut scene = scene();
            scene.run(moment);
            let start = scene.world.now;
            scene.world.limit_down(3, Limit::new(narrow, QUEUE));
            scene.run(20 * SECOND);
            for id in 1..4 {
                let freeze = scene.subscribers[0].viewers[&id].longest_freeze(start, scene.world.now);
                assert!(freeze < SECOND, "{id} for {freeze} at {narrow}, {moment}");
            }
            scene.world.limit_down(3, Limit::new(3_000_000, QUEUE));
            let start = scene.world.now;
            for id in 1..4 {
                scene.run_until(id, Some(2), 12 * SECOND);
            }
            assert!(scene.world.now < start + 12 * SECOND);
        }
    }
}
