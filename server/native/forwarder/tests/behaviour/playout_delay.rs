//! The playout delay of a room is said to receivers of video with each packet, whatever the publisher says.

use crate::peer::{Rtp, nack};
use crate::world::{VIDEO, World, consumer, video, vp8};
use offrecord_forwarder::api::{ConsumerOptions, ExtensionKind};
use offrecord_forwarder::{Command, PlayoutDelay};

/// The publisher's identifier of it, and the subscriber's.
const INCOMING: u8 = 10;
const OUTGOING: u8 = 6;
const PUBLISHERS: [u8; 3] = [0, 0, 1];

fn frame(index: u64) -> Rtp {
    let payload = vp8(index == 0, index as u16, index as u8);
    let extensions = vec![(INCOMING, PUBLISHERS.to_vec())];
    let timestamp = index as u32 * 3_000;
    Rtp { ssrc: 20, index, timestamp, payload_type: VIDEO, payload, extensions, ..Rtp::default() }
}

/// Three frames to a subscriber that knows the extension, or does not.
fn sent(playout_delay: Option<PlayoutDelay>, is_known: bool) -> World {
    let mut world = World::connected(2);
    let mut track = video(1, 1, 20);
    track.extensions.push((ExtensionKind::PlayoutDelay, INCOMING));
    world.produce(track);
    let mut options = ConsumerOptions { playout_delay, ..consumer(1, 1, 2) };
    if is_known {
        options.extensions.push((ExtensionKind::PlayoutDelay, OUTGOING));
    }
    world.command(Command::CreateConsumer(options));
    (0..3).for_each(|index| world.send_rtp(0, &frame(index)));
    world
}

fn said(world: &World) -> Vec<Vec<(u8, Vec<u8>)>> {
    world.peers[1].rtp().into_iter().map(|packet| packet.extensions.clone()).collect()
}

#[test]
fn each_packet_says_the_rooms_and_not_the_publishers() {
    let world = sent(PlayoutDelay::new(50, 1000), true);
    assert_eq!(said(&world), vec![vec![(OUTGOING, vec![0x03, 0x23, 0xe8])]; 3]);
}

#[test]
fn without_one_the_publishers_goes_on_as_it_is() {
    assert_eq!(said(&sent(None, true)), vec![vec![(OUTGOING, PUBLISHERS.to_vec())]; 3]);
}

#[test]
fn who_does_not_know_it_is_not_told() {
    assert_eq!(said(&sent(PlayoutDelay::new(50, 1000), false)), vec![vec![]; 3]);
}

#[test]
fn what_is_sent_again_is_the_same_to_the_byte() {
    let mut world = sent(PlayoutDelay::new(50, 1000), true);
    let sealed = world.peers[1].sealed();
    let sequence = u16::from_be_bytes([sealed[1][2], sealed[1][3]]);
    world.send_rtcp(1, nack(1_001, &[sequence]));
    assert_eq!(world.peers[1].sealed()[3..], [sealed[1].clone()]);
}
