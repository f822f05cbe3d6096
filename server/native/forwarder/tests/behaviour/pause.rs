//! Pausing, on either side: nothing is sent meanwhile, and what follows joins on.

use crate::peer::Rtp;
use crate::world::{MILLISECOND, SECOND, VIDEO, World, video, vp8};
use offrecord_forwarder::{Command, Event};

fn frame(index: u64, is_key_frame: bool) -> Rtp {
    let payload = vp8(is_key_frame, index as u16, index as u8);
    Rtp { ssrc: 20, index, timestamp: index as u32 * 3_000, payload_type: VIDEO, payload, ..Rtp::default() }
}

fn world() -> World {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.consume(1, 1, 1);
    world.send_rtp(0, &frame(0, true));
    world.send_rtp(0, &frame(1, false));
    world
}

fn assert_joined(world: &World, expected: &[u32]) {
    let packets = world.peers[1].rtp();
    assert!(packets.windows(2).all(|pair| pair[1].index == pair[0].index + 1));
    let timestamps: Vec<u32> =
        packets.iter().map(|packet| (packet.timestamp - packets[0].timestamp) / 3_000).collect();
    assert_eq!(timestamps, expected);
}

#[test]
fn a_consumer_resumes_at_a_key_frame() {
    let mut world = world();
    world.command(Command::PauseConsumer { id: 1, paused: true });
    world.advance(SECOND);
    world.send_rtp(0, &frame(2, true));
    let before = world.peers[0].picture_losses().len();
    world.command(Command::PauseConsumer { id: 1, paused: false });
    assert_eq!(world.peers[0].picture_losses().len(), before + 1);
    world.send_rtp(0, &frame(3, false));
    world.send_rtp(0, &frame(4, true));
    world.send_rtp(0, &frame(5, false));
    assert_joined(&world, &[0, 1, 4, 5]);
    let states: Vec<bool> = world
        .events
        .iter()
        .filter_map(
            |event| if let Event::ConsumerState { paused, .. } = event { Some(*paused) } else { None },
        )
        .collect();
    assert_eq!(states, [false, true, false]);
}

#[test]
fn a_paused_producer_is_dropped_and_resumes_at_a_key_frame() {
    let mut world = world();
    world.command(Command::PauseProducer { id: 1, paused: true });
    world.send_rtp(0, &frame(2, true));
    world.advance(SECOND);
    let before = world.peers[0].picture_losses().len();
    world.command(Command::PauseProducer { id: 1, paused: false });
    assert_eq!(world.peers[0].picture_losses().len(), before + 1);
    world.send_rtp(0, &frame(3, false));
    world.send_rtp(0, &frame(4, true));
    assert_joined(&world, &[0, 1, 4]);
}

#[test]
fn a_consumer_created_paused_asks_for_nothing() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.send_rtp(0, &frame(0, true));
    let options =
        offrecord_forwarder::api::ConsumerOptions { paused: true, ..crate::world::consumer(1, 1, 2) };
    world.command(Command::CreateConsumer(options));
    world.send_rtp(0, &frame(1, true));
    world.advance(500 * MILLISECOND);
    assert!(world.peers[1].rtp().is_empty() && world.peers[0].picture_losses().is_empty());
}
