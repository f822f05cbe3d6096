//! Where a path does not carry everything, what matters more to the subscriber is larger.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;
use offrecord_forwarder::Command;

const RATES: [u64; 3] = [150_000, 500_000, 1_500_000];

fn scene() -> Scene {
    let mut scene = Scene::new(4);
    for (peer, producer) in [(0, 1), (1, 2), (2, 3)] {
        scene.camera(peer, producer, &RATES);
    }
    scene.subscriber(3, 2_700_000, Feedback::TransportCc);
    (1..=3).for_each(|id| scene.consume(3, id, id));
    scene
}

#[test]
fn a_higher_priority_is_served_first_and_may_change() {
    let mut scene = scene();
    scene.world.command(Command::SetPriority { id: 2, priority: 3 });
    scene.run(15 * SECOND);
    let layers = |scene: &Scene| [1, 2, 3].map(|id| scene.states(id).last().copied().flatten());
    assert_eq!(layers(&scene)[1], Some(2), "{:?}", layers(&scene));
    assert!(layers(&scene)[0] < Some(2) && layers(&scene)[2] < Some(2), "{:?}", layers(&scene));
    scene.world.command(Command::SetPriority { id: 3, priority: 9 });
    scene.run(20 * SECOND);
    assert_eq!(layers(&scene)[2], Some(2), "{:?}", layers(&scene));
    assert!(layers(&scene)[1] < Some(2), "{:?}", layers(&scene));
}

#[test]
fn who_is_wanted_large_grows_before_who_is_wanted_small() {
    let mut scene = scene();
    scene.limit(3, 1_050_000);
    for id in [1, 3] {
        scene.world.command(Command::SetPreferredLayer { id, layer: 1, frame_rate: 0 });
    }
    scene.run(30 * SECOND);
    assert_eq!(scene.states(2).last(), Some(&Some(1)));
    assert_eq!([1, 3].map(|id| scene.states(id).last().copied()), [Some(Some(0)); 2]);
}

#[test]
fn who_speaks_grows_before_who_is_silent() {
    let mut scene = scene();
    scene.limit(3, 1_050_000);
    scene.microphone(2, 9);
    scene.microphones[0].level = Some(20);
    scene.run(30 * SECOND);
    assert_eq!([1, 2, 3].map(|id| scene.states(id).last().copied().flatten()), [Some(0), Some(0), Some(1)]);
}
