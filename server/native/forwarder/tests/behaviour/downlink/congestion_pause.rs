//! A video of which a path does not even carry the smallest layer is paused, which is told, and taken up again.

use crate::scene::{Feedback, Scene, repaired};
use crate::world::SECOND;
use offrecord_forwarder::Command;
use offrecord_forwarder::api::ConsumerOptions;

fn scene() -> Scene {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, &[200_000, 600_000]);
    scene.microphone(0, 2);
    scene.subscriber(1, 2_000_000, Feedback::TransportCc);
    scene.world.consume(1, 2, 2);
    scene
}

#[test]
fn it_is_paused_and_resumed_and_both_are_told() {
    let mut scene = scene();
    scene.consume(1, 1, 1);
    scene.run(5 * SECOND);
    scene.limit(1, 100_000);
    scene.run_until(1, None, 15 * SECOND);
    scene.run(3 * SECOND);
    let paused = scene.stream(0, 1_001);
    let sound = scene.stream(0, 1_002);
    scene.run(20 * SECOND);
    assert_eq!(scene.stream(0, 1_001).packets, paused.packets, "{:?}", scene.states(1));
    assert!(scene.stream(0, 1_002).packets >= sound.packets + 995);
    scene.limit(1, 2_000_000);
    scene.run_until(1, Some(1), 20 * SECOND);
    let packets = scene.stream(0, 1_001).packets;
    scene.run(SECOND);
    assert!(scene.stream(0, 1_001).packets > packets);
}

#[test]
fn who_may_not_be_paused_has_the_smallest_layer() {
    let mut scene = scene();
    let options = ConsumerOptions { may_pause: false, ..repaired(1, 1, 2) };
    scene.world.command(Command::CreateConsumer(options));
    scene.run(5 * SECOND);
    scene.limit(1, 100_000);
    scene.run(20 * SECOND);
    assert_eq!(scene.states(1).last(), Some(&Some(0)));
    assert!(!scene.states(1).contains(&None));
}
