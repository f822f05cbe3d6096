//! Losses of a publisher are asked for, and what comes late still reaches the subscriber.

use crate::peer::Rtp;
use crate::world::{MILLISECOND, VIDEO, World, video, vp8};
use core::time::Duration;
use offrecord_netem::{Limit, Loss, Profile};

fn frame(index: u64) -> Rtp {
    let payload = vp8(index == 0, index as u16, index as u8);
    Rtp { ssrc: 20, index, timestamp: index as u32 * 3_000, payload_type: VIDEO, payload, ..Rtp::default() }
}

#[test]
fn a_gap_is_asked_for_at_once() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.consume(1, 1, 1);
    [0, 1, 5].into_iter().for_each(|index| world.send_rtp(0, &frame(index)));
    assert_eq!(world.peers[0].nacked(), [2, 3, 4]);
    [2, 3, 4].into_iter().for_each(|index| world.send_rtp(0, &frame(index)));
    world.advance(500 * MILLISECOND);
    assert_eq!(world.peers[0].nacked(), [2, 3, 4]);
    assert_eq!(world.peers[1].rtp().len(), 6);
}

#[test]
fn an_outage_ends_with_a_key_frame_request_at_once() {
    for later in 0..5 {
        let mut world = World::connected(2);
        world.produce(video(1, 1, 20));
        world.consume(1, 1, 1);
        world.send_rtp(0, &frame(0));
        world.advance((2_000 + 20 * later) * MILLISECOND);
        let before = world.peers[0].picture_losses().len();
        world.send_rtp(0, &frame(2_000));
        world.advance(25 * MILLISECOND);
        assert_eq!(world.peers[0].picture_losses().len(), before + 1);
        assert!(world.peers[0].nacked().is_empty());
    }
}

#[test]
fn five_in_a_hundred_lost_and_nearly_all_arrive() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.consume(1, 1, 1);
    world.send_rtp(0, &frame(0));
    let delay = Duration::from_millis(20);
    let down = Profile { delay, ..Profile::default() };
    let loss = Loss::Random { share: 0.05 };
    let jitter = Duration::from_millis(2);
    world.set_paths(Profile { loss, jitter, jitter_reorders: true, duplicates: 0.01, ..down }, down);
    let mut answered = 0;
    for index in 1..2_000 {
        world.send_rtp(0, &frame(index));
        world.advance(5 * MILLISECOND);
        let asked = world.peers[0].nacked();
        for sequence in &asked[answered..] {
            let lost = frame((*sequence).into());
            world.send_rtp(0, &lost);
        }
        answered = asked.len();
    }
    world.advance(1_000 * MILLISECOND);
    let arrived = world.peers[1].rtp().len();
    assert!(arrived >= 1_990, "{arrived} of 2000");
}

#[test]
fn one_narrow_link_takes_nothing_from_the_others() {
    let mut world = World::connected(3);
    world.produce(video(1, 1, 20));
    world.consume(1, 1, 1);
    world.consume(2, 2, 1);
    world.limit_down(1, Limit::new(50_000, Duration::from_millis(100)));
    for index in 0..1_000 {
        world.send_rtp(0, &frame(index));
        world.advance(5 * MILLISECOND);
    }
    world.advance(1_000 * MILLISECOND);
    let narrow = world.peers[1].rtp().len();
    assert!((200..600).contains(&narrow), "{narrow} of 1000 through 50 kbit/s");
    assert_eq!(world.peers[2].rtp().len(), 1_000);
}
