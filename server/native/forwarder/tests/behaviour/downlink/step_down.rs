//! A path that becomes narrow is given less within seconds, and its queue drains.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;
use core::time::Duration;

#[test]
fn a_quarter_of_the_path_is_a_smaller_layer_within_five_seconds() {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, &[150_000, 500_000, 1_500_000]);
    scene.microphone(0, 2);
    scene.subscriber(1, 3_000_000, Feedback::TransportCc);
    scene.consume(1, 1, 1);
    scene.world.consume(1, 2, 2);
    scene.run(10 * SECOND);
    assert_eq!(scene.states(1).last(), Some(&Some(2)));
    scene.limit(1, 750_000);
    let took = scene.run_until(1, Some(1), 5 * SECOND);
    assert!(took < 2 * SECOND, "{took}");
    scene.run(8 * SECOND - took);
    scene.world.clear_counts();
    scene.run(20 * SECOND);
    let counts = scene.world.down_counts(1);
    assert!(counts.waited.percentile(95.0) < Duration::from_millis(150), "{counts:?}");
    let (sound, lost) = (scene.stream(0, 1_002), counts.overflowed.packets);
    assert!(lost == 0 && sound.packets >= 38 * 50 - 100, "{sound:?}");
}
