//! A flood in the same room, on a path that carries a fraction of it: the videos beside it stop once, for as long as it
//! takes to find that out and to empty the path's queue, and go on; the sound has short gaps.

use crate::scene::{Feedback, Scene};
use crate::world::SECOND;

/// What a subscriber has of a camera and a microphone when another publisher of the room begins to send a video.
#[derive(Debug)]
struct Suffered {
    /// How long the picture stood still at worst, in the first six seconds and in the six after them.
    freezes: [u64; 2],
    silence: u64,
    /// What it is shown at last of the camera and of the flood.
    shown: [Option<u8>; 2],
}

fn suffered(flood: u64) -> Suffered {
    let mut scene = Scene::new(3);
    scene.camera(0, 1, &[150_000, 500_000]);
    let subscriber = scene.subscriber(2, 4_000_000, Feedback::TransportCc);
    scene.watch(subscriber, 1, 1);
    scene.microphone(0, 3);
    scene.consume(2, 3, 3);
    scene.run(8 * SECOND);
    scene.camera(1, 2, &[flood]);
    scene.watch(subscriber, 2, 2);
    let freezes = [(); 2].map(|()| {
        let since = scene.world.now;
        scene.run(6 * SECOND);
        scene.subscribers[subscriber].viewers[&1].longest_freeze(since, scene.world.now)
    });
    let silence = scene.stream(subscriber, 1_003).longest_gap;
    Suffered {
        freezes,
        silence,
        shown: [1, 2].map(|consumer| scene.states(consumer).last().copied().flatten()),
    }
}

#[test]
fn a_video_beside_it_stops_once_for_seconds_and_goes_on_in_full() {
    for flood in [12_000_000, 100_000_000] {
        let suffered = suffered(flood);
        let Suffered { freezes: [first, then], silence, shown } = suffered;
        assert!(first < 7 * SECOND / 2 && then < SECOND / 2, "{flood}: {suffered:?}");
        assert!(silence < SECOND / 5, "{flood}: {suffered:?}");
        assert_eq!(shown, [Some(1), None], "{flood}");
    }
}
