//! A path is measured with padding: as much as what is wished for needs, and only where padding may go.

use crate::scene::{Feedback, Scene};
use crate::world::{MILLISECOND, SECOND, consumer, repaired_video};
use offrecord_forwarder::api::ConsumerOptions;
use offrecord_forwarder::{Bandwidth, Command, Event};

const REPAIR: u32 = 2_001;

fn scene(rates: &[u64]) -> Scene {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, rates);
    scene.subscriber(1, 50_000_000, Feedback::TransportCc);
    scene.consume(1, 1, 1);
    scene
}

#[test]
fn a_wide_path_is_found_within_seconds_and_with_little() {
    let mut scene = scene(&[2_500_000]);
    scene.run(6 * SECOND);
    let told = scene.world.events.iter().find_map(|event| match *event {
        Event::TransportBandwidth { bandwidth, .. } => Some(bandwidth),
        _ => None,
    });
    assert!(told >= Some(Bandwidth::Below10Mbps), "{told:?}");
    scene.run(30 * SECOND);
    let (media, padding) = (scene.stream(0, 1_001), scene.stream(0, REPAIR));
    assert!(padding.packets > 5 && padding.bytes * 50 < media.bytes, "{padding:?} beside {media:?}");
}

#[test]
fn what_nobody_wishes_for_is_not_looked_for() {
    let mut scene = scene(&[100_000]);
    scene.run(30 * SECOND);
    let start = scene.stream(0, REPAIR);
    scene.run(30 * SECOND);
    assert_eq!(scene.stream(0, REPAIR).packets, start.packets, "the path carries all that there is");
    assert!(start.bytes < 30_000, "{start:?}");
}

#[test]
fn who_receives_no_video_is_sent_no_padding() {
    let mut scene = Scene::new(2);
    scene.microphone(0, 1);
    scene.subscriber(1, 0, Feedback::TransportCc);
    scene.consume(1, 1, 1);
    scene.world.produce(repaired_video(2, 1, 200, 201));
    let paused = ConsumerOptions { paused: true, ..crate::scene::repaired(2, 2, 2) };
    scene.world.command(Command::CreateConsumer(paused));
    scene.run(10 * SECOND);
    assert_eq!(scene.stream(0, 2_001).packets + scene.stream(0, 2_002).packets, 0);
    assert!(scene.stream(0, 1_001).packets > 450);
}

#[test]
fn padding_ends_when_the_video_is_paused_by_either_side() {
    let pauses =
        [Command::PauseConsumer { id: 1, paused: true }, Command::PauseProducer { id: 1, paused: true }];
    for pause in pauses {
        let mut scene = scene(&[2_500_000]);
        while scene.stream(0, REPAIR).packets == 0 {
            scene.run(5 * MILLISECOND);
        }
        scene.world.command(pause);
        scene.run(20 * MILLISECOND);
        let padding = scene.stream(0, REPAIR).packets;
        scene.run(10 * SECOND);
        assert_eq!(scene.stream(0, REPAIR).packets, padding);
    }
}

#[test]
fn without_retransmissions_there_is_no_padding() {
    let mut scene = Scene::new(2);
    scene.camera(0, 1, &[500_000]);
    scene.subscriber(1, 0, Feedback::TransportCc);
    scene.world.command(Command::CreateConsumer(consumer(1, 1, 2)));
    scene.run(10 * SECOND);
    assert_eq!(scene.subscribers[0].streams.keys().copied().collect::<Vec<_>>(), [1_001]);
}
