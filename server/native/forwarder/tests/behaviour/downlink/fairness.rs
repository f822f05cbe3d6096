//! Two subscribers behind one bottleneck have about as much of it, and one behind a bad path is nobody else's
//! trouble.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;
use core::time::Duration;
use offrecord_netem::{Limit, Loss, Profile};

#[test]
fn two_behind_one_bottleneck_share_it() {
    let mut scene = Scene::new(3);
    scene.camera(0, 1, &[150_000, 500_000, 1_500_000]);
    for (peer, consumer) in [(1, 1), (2, 2)] {
        scene.subscriber(peer, 0, Feedback::TransportCc);
        scene.consume(peer, consumer, 1);
    }
    let delay = Profile { delay: Duration::from_millis(20), ..Profile::default() };
    scene.world.share_down(&[1, 2], Limit::new(1_600_000, Duration::from_secs(1)), delay);
    scene.run(20 * SECOND);
    let before = [scene.stream(0, 1_001).bytes, scene.stream(1, 1_002).bytes];
    scene.run(40 * SECOND);
    let after = [scene.stream(0, 1_001).bytes, scene.stream(1, 1_002).bytes];
    let [one, other] = [after[0] - before[0], after[1] - before[1]];
    assert!(one < 3 * other && other < 3 * one, "{one} and {other}");
    assert!(one.min(other) > 40 * 100_000 / 8, "{one} and {other}");
}

#[test]
fn one_with_a_bad_path_holds_nobody_up() {
    let mut scene = Scene::new(3);
    scene.camera(0, 1, &[150_000, 500_000, 1_500_000]);
    for (peer, rate) in [(1, 120_000), (2, 20_000_000)] {
        scene.subscriber(peer, rate, Feedback::TransportCc);
        scene.consume(peer, peer as u32, 1);
    }
    let bad = Profile {
        loss: Loss::Random { share: 0.2 },
        delay: Duration::from_millis(200),
        ..Profile::default()
    };
    scene.world.share_down(&[1], Limit::new(120_000, Duration::from_secs(1)), bad);
    scene.run(20 * SECOND);
    let good = scene.stream(1, 1_002);
    assert_eq!(scene.states(2).last(), Some(&Some(2)));
    assert!(good.longest_gap < SECOND / 4 && good.out_of_order == 0, "{good:?}");
}
