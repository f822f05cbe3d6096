//! Numbers of the publisher and of the subscriber roll over, also where packets are lost around that.

use crate::peer::Rtp;
use crate::world::{AUDIO, MILLISECOND, World, audio};

fn run(indices: impl Iterator<Item = u64>) -> Vec<Rtp> {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    for index in indices {
        let timestamp = (index as u32).wrapping_mul(960);
        let payload = index.to_be_bytes().to_vec();
        world
            .send_rtp(0, &Rtp { ssrc: 10, index, timestamp, payload_type: AUDIO, payload, ..Rtp::default() });
        world.advance(2 * MILLISECOND);
        if index.is_multiple_of(5_000) {
            world.keep_consent();
        }
    }
    world.peers[1].rtp()
}

#[test]
fn two_roll_overs_pass_unharmed() {
    let packets = run(65_000..200_000);
    assert_eq!(packets.len(), 135_000);
    assert!(packets.windows(2).all(|pair| pair[1].index == pair[0].index + 1));
    assert!(packets[0].index < 1 << 16 && packets[134_999].index > 2 << 16);
}

#[test]
fn losses_around_the_wrap_keep_the_counter() {
    let kept = |index: &u64| index.is_multiple_of(3) && !(65_400..65_700).contains(index);
    let packets = run((64_000..70_000).filter(kept));
    let expected: Vec<u64> = (64_000..70_000).filter(kept).collect();
    let sources: Vec<u64> =
        packets.iter().map(|packet| u64::from_be_bytes(packet.payload[..].try_into().unwrap())).collect();
    assert_eq!(sources, expected);
}

#[test]
fn reordering_across_the_wrap_is_carried_over() {
    let packets = run([65_534, 65_537, 65_535, 65_536, 65_538].into_iter());
    let relative: Vec<u64> = packets.iter().map(|packet| packet.index - packets[0].index).collect();
    assert_eq!(relative, [0, 3, 1, 2, 4]);
}
