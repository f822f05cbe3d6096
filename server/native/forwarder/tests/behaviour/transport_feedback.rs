//! Publishers get transport-wide feedback, several times a second, while they send.

use crate::peer::{Rtp, TRANSPORT_CC};
use crate::world::{AUDIO, MILLISECOND, SECOND, World, audio};

#[test]
fn every_arrival_is_told_once() {
    let mut world = World::connected(1);
    world.produce(audio(1, 1, 10));
    for index in 0..100_u64 {
        let extensions = vec![(TRANSPORT_CC, (65_500_u16.wrapping_add(index as u16)).to_be_bytes().to_vec())];
        world.send_rtp(0, &Rtp { ssrc: 10, index, payload_type: AUDIO, extensions, ..Rtp::default() });
        world.advance(10 * MILLISECOND);
    }
    world.advance(SECOND);
    let feedback: Vec<Vec<u8>> = world.peers[0].rtcp(205).into_iter().map(|(_, packet)| packet).collect();
    assert!((10..=15).contains(&feedback.len()), "{} in one second", feedback.len());
    let mut next = 65_500_u16;
    for (at, packet) in feedback.iter().enumerate() {
        assert_eq!(packet[0] & 31, 15);
        assert_eq!(u16::from_be_bytes([packet[12], packet[13]]), next);
        next = next.wrapping_add(u16::from_be_bytes([packet[14], packet[15]]));
        assert_eq!(packet[19], at as u8);
    }
    assert_eq!(next, 65_500_u16.wrapping_add(100));
}
