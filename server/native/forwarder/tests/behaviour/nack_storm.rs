//! A subscriber that asks for packets without end is answered within its budgets: in bytes that are sent again, and in
//! packets that are looked for. Others are answered as ever.

use crate::peer::{Rtp, nack};
use crate::world::{MILLISECOND, SECOND, VIDEO, World, video, vp8};
use offrecord_forwarder::api::PacketCore;

const PACKETS: u64 = 400;
/// Bytes of each, opened.
const SIZE: u64 = 1_000;

/// Two subscribers of one video; and the first sequence number of each.
fn world() -> (World, [u16; 2]) {
    let mut world = World::connected(3);
    world.produce(video(1, 1, 20));
    world.consume(1, 1, 1);
    world.consume(2, 2, 1);
    for index in 0..PACKETS {
        send(&mut world, index);
    }
    let first = [1, 2].map(|peer: usize| world.peers[peer].rtp()[0].index as u16);
    (world, first)
}

fn send(world: &mut World, index: u64) {
    let mut payload = vp8(index == 0, index as u16, 0);
    payload.resize(SIZE as usize - 12, 7);
    let timestamp = index as u32 * 3_000;
    world.send_rtp(0, &Rtp { ssrc: 20, index, timestamp, payload_type: VIDEO, payload, ..Rtp::default() });
    world.advance(MILLISECOND);
}

/// As much as one NACK can ask for: 64 times 17 packets, of which none is there to be sent again.
fn useless(ssrc: u32) -> Vec<u8> {
    let mut storm = nack(ssrc, &[0; 64]);
    for entry in storm[12..].chunks_mut(4) {
        entry.copy_from_slice(&[0x80, 0, 0xff, 0xff]);
    }
    storm
}

/// Packets that were sent to a peer again.
fn resent(world: &World, peer: usize) -> u64 {
    world.peers[peer].rtp().len() as u64 - PACKETS
}

#[test]
fn a_storm_uses_up_what_is_looked_for_and_takes_nothing_from_others() {
    let (mut world, [first, other]) = world();
    world.send_rtcp(1, nack(1_001, &[first + 300]));
    assert_eq!(resent(&world, 1), 1);
    (0..1_000).for_each(|_| world.send_rtcp(1, useless(1_001)));
    world.send_rtcp(1, nack(1_001, &[first + 301]));
    assert_eq!(resent(&world, 1), 1, "it is not looked for any more");
    world.send_rtcp(2, nack(1_002, &[other + 301]));
    assert_eq!(resent(&world, 2), 1, "for the other it is");
    world.advance(10 * MILLISECOND);
    world.send_rtcp(1, nack(1_001, &[first + 302]));
    assert_eq!(resent(&world, 1), 2, "a moment later it may ask again");
}

#[test]
fn a_storm_for_what_is_there_is_answered_within_a_share_of_what_is_sent() {
    let (mut world, [first, other]) = world();
    let mut asked = 0;
    for index in PACKETS..PACKETS + 2_000 {
        send(&mut world, index);
        let newest = first.wrapping_add(index as u16);
        for round in 0..4 {
            let sequences: Vec<u16> = (0..100).map(|back| newest.wrapping_sub(100 * round + back)).collect();
            world.send_rtcp(1, nack(1_001, &sequences));
            asked += 100;
        }
    }
    let again = world.forwarder.counters().resent_outgoing;
    let budget = 128_000 / SIZE + 2_000 / 2;
    assert!(again <= budget + 1, "{again} of {asked} sent again, at most {budget}");
    assert!(again > budget / 2, "{again}");
    let before = resent(&world, 2);
    world.send_rtcp(2, nack(1_002, &[other.wrapping_add(PACKETS as u16 + 1_999)]));
    assert_eq!(resent(&world, 2), before + 1);
}

#[test]
fn a_subscriber_that_loses_much_is_answered_all_of_it() {
    let (mut world, [first, _]) = world();
    let mut answered = 0;
    for index in PACKETS..PACKETS + 3_000 {
        send(&mut world, index);
        if index % 5 == 0 {
            let before = world.peers[1].received.len();
            world.send_rtcp(1, nack(1_001, &[first.wrapping_add(index as u16)]));
            answered += u64::from(world.peers[1].received.len() > before);
        }
    }
    assert_eq!(answered, 600, "a fifth of a thousand packets a second");
    world.advance(SECOND);
}
