//! A path that begins to deliver late and out of order still carries what it carried.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;
use core::time::Duration;
use offrecord_netem::Profile;

#[test]
fn jitter_that_changes_the_order_takes_no_layer_away() {
    for jitter in [20, 60, 150] {
        let mut scene = Scene::new(2);
        scene.camera(0, 1, &[150_000, 500_000, 1_500_000]);
        scene.microphone(0, 2);
        scene.subscriber(1, 5_000_000, Feedback::TransportCc);
        scene.consume(1, 1, 1);
        scene.world.consume(1, 2, 2);
        scene.run_until(1, Some(2), 10 * SECOND);
        let jitter = Duration::from_millis(jitter);
        let delay = Duration::from_millis(20);
        let down = Profile { delay, jitter, jitter_reorders: true, ..Profile::default() };
        scene.world.set_paths(Profile::default(), down);
        scene.run(60 * SECOND);
        assert_eq!(scene.states(1).last(), Some(&Some(2)), "{jitter:?}: {:?}", scene.states(1));
        assert!(scene.measure(0, 1_001, 10 * SECOND) > 1_450_000, "{jitter:?}");
    }
}
