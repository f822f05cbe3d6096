//! A path that becomes wide is used within seconds.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;

#[test]
fn what_was_too_large_is_shown_within_ten_seconds() {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, &[150_000, 500_000, 1_500_000]);
    scene.subscriber(1, 350_000, Feedback::TransportCc);
    scene.consume(1, 1, 1);
    scene.run(15 * SECOND);
    assert_eq!(scene.states(1).last(), Some(&Some(0)));
    scene.limit(1, 4_000_000);
    scene.run_until(1, Some(2), 10 * SECOND);
    scene.run(30 * SECOND);
    assert_eq!(scene.states(1).last(), Some(&Some(2)), "{:?}", scene.states(1));
}
