//! Audio is forwarded whole, from the first packet on, to everybody who consumes it.

use crate::peer::{AUDIO_LEVEL, MID, Rtp};
use crate::world::{AUDIO, World, audio};
use offrecord_forwarder::Event;

#[test]
fn every_consumer_gets_every_packet_under_its_own_numbers() {
    let mut world = World::connected(4);
    world.produce(audio(7, 1, 10));
    let ssrcs: Vec<u32> = (1..4).map(|peer| world.consume(peer, peer as u32, 7)).collect();
    for index in 0..50_u64 {
        let payload = vec![index as u8; 40];
        let timestamp = 5_000 + index as u32 * 960;
        world.send_rtp(
            0,
            &Rtp {
                ssrc: 10,
                index: 60_000 + index,
                timestamp,
                payload_type: AUDIO,
                payload,
                ..Rtp::default()
            },
        );
    }
    for (peer, ssrc) in (1..4).zip(ssrcs) {
        let packets = world.peers[peer].rtp();
        assert_eq!(packets.len(), 50);
        for (at, packet) in packets.iter().enumerate() {
            assert_eq!((packet.ssrc, packet.payload_type), (ssrc, 63));
            assert_eq!(packet.index, packets[0].index + at as u64);
            assert_eq!(packet.timestamp, packets[0].timestamp + at as u32 * 960);
            assert_eq!(packet.payload, vec![at as u8; 40]);
        }
    }
    assert!(world.peers[0].rtp().is_empty());
}

#[test]
fn a_track_without_ssrc_is_known_by_its_mid() {
    let mut world = World::connected(2);
    world.produce(audio(7, 1, 0));
    world.consume(1, 1, 7);
    let unknown = Rtp { ssrc: 77, index: 1, payload_type: AUDIO, ..Rtp::default() };
    world.send_rtp(0, &unknown);
    assert!(world.peers[1].rtp().is_empty());
    let extensions = vec![(MID, b"0".to_vec()), (AUDIO_LEVEL, vec![42])];
    world.send_rtp(0, &Rtp { index: 2, extensions, ..unknown.clone() });
    world.send_rtp(0, &Rtp { index: 3, ..unknown });
    assert_eq!(world.peers[1].rtp().len(), 2);
    assert!(world.events.contains(&Event::ProducerLayers { producer: 7, payload_type: AUDIO, layers: 1 }));
}

#[test]
fn a_new_ssrc_under_the_same_mid_takes_over() {
    let mut world = World::connected(2);
    world.produce(audio(7, 1, 10));
    world.consume(1, 1, 7);
    let extensions = vec![(MID, b"0".to_vec())];
    for (ssrc, index) in [(10, 500), (10, 501), (99, 3), (99, 4)] {
        let timestamp = ssrc * 1_000_000 + index as u32 * 960;
        let extensions = extensions.clone();
        world.send_rtp(0, &Rtp { ssrc, index, timestamp, payload_type: AUDIO, extensions, ..Rtp::default() });
        world.advance(20_000);
    }
    let packets = world.peers[1].rtp();
    let steps: Vec<_> = packets
        .windows(2)
        .map(|pair| (pair[1].index - pair[0].index, pair[1].timestamp.wrapping_sub(pair[0].timestamp)))
        .collect();
    assert_eq!(steps, [(1, 960), (1, 960), (1, 960)]);
}
