//! Of who tells its own estimate only, that is believed: less when it says so, and more when it does not object.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;

fn scene(estimate: u64) -> Scene {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, &[150_000, 500_000, 1_500_000]);
    scene.subscriber(1, 0, Feedback::Remb(estimate));
    scene.consume(1, 1, 1);
    scene
}

#[test]
fn what_a_receiver_cannot_receive_it_is_not_sent() {
    let mut scene = scene(700_000);
    let mut large = 0;
    for _ in 0..40 {
        let arrives = scene.measure(0, 1_001, SECOND);
        scene.subscribers[0].feedback = Feedback::Remb(if arrives > 800_000 { 550_000 } else { 700_000 });
        large += u64::from(arrives > 800_000);
    }
    assert!(scene.states(1).contains(&Some(1)) && large < 15, "{large} of 40 seconds: {:?}", scene.states(1));
    scene.subscribers[0].feedback = Feedback::Remb(60_000);
    scene.run_until(1, None, 5 * SECOND);
}

#[test]
fn more_is_tried_where_its_estimate_leaves_room() {
    let mut scene = scene(200_000);
    // As receivers do: half as much again as what arrives, up to what there is.
    for _ in 0..60 {
        let arrives = scene.measure(0, 1_001, SECOND);
        scene.subscribers[0].feedback = Feedback::Remb((arrives * 3 / 2).clamp(200_000, 5_000_000));
    }
    assert_eq!(scene.states(1).last(), Some(&Some(2)), "{:?}", scene.states(1));
}

#[test]
fn a_trial_that_the_receiver_objects_to_is_rare() {
    let mut scene = scene(160_000);
    scene.run(10 * SECOND);
    for _ in 0..120 {
        let arrives = scene.measure(0, 1_001, SECOND);
        let estimate = if arrives > 300_000 { 150_000 } else { 240_000 };
        scene.subscribers[0].feedback = Feedback::Remb(estimate);
    }
    let states = scene.states(1);
    let trials = states.windows(2).filter(|states| states == &[Some(0), Some(1)]).count();
    assert!((2..=8).contains(&trials), "{states:?}");
}
