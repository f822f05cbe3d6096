//! Silence that is not sent (DTX of Opus, RFC 7587 section 3.1.3) is neither loss nor an end.

use crate::peer::{AUDIO_LEVEL, Rtp};
use crate::world::{AUDIO, MILLISECOND, World, audio};
use offrecord_forwarder::{Event, Quality};

/// Talks for a second, then is silent: a packet of one byte every 400 ms, and then none at all.
fn conversation() -> Vec<(u64, u32, Vec<u8>)> {
    let mut packets = Vec::new();
    let mut at = 0;
    for _ in 0..3 {
        for _ in 0..50 {
            packets.push((20 * MILLISECOND, at, vec![0x78; 60]));
            at += 960;
        }
        for _ in 0..10 {
            packets.push((400 * MILLISECOND, at, vec![0x78]));
            at += 19_200;
        }
        packets.last_mut().unwrap().0 = 7_000 * MILLISECOND;
        at += 6_600 * 48;
    }
    packets
}

#[test]
fn pauses_arrive_as_they_were_made() {
    let mut world = World::connected(2);
    world.produce(audio(7, 1, 10));
    world.consume(1, 1, 7);
    let sent = conversation();
    for (index, (pause, timestamp, payload)) in (100..).zip(sent.clone()) {
        let extensions = vec![(AUDIO_LEVEL, vec![if payload.len() > 1 { 20 } else { 127 }])];
        let payload_type = AUDIO;
        world.send_rtp(
            0,
            &Rtp { ssrc: 10, index, timestamp, payload_type, extensions, payload, ..Rtp::default() },
        );
        world.advance(pause);
        let check = world.peers[0].check(false);
        world.send(0, check);
        let check = world.peers[1].check(false);
        world.send(1, check);
    }
    let packets = world.peers[1].rtp();
    assert_eq!(packets.len(), sent.len());
    for (two, (_, timestamp, payload)) in packets.windows(2).zip(&sent[1..]) {
        assert_eq!(two[1].index, two[0].index + 1);
        assert_eq!(two[1].timestamp - packets[0].timestamp, timestamp - sent[0].1);
        assert_eq!(two[1].payload, *payload);
    }
    // The receiver reports of a publisher that pauses tell of no loss, and nothing is asked for again.
    let reports = world.peers[0].rtcp(201);
    assert!(!reports.is_empty());
    assert!(reports.iter().all(|(_, report)| report[12..16] == [0; 4]));
    assert!(world.peers[0].nacked().is_empty());
    for event in &world.events {
        if let Event::TransportQuality { quality, .. } = event {
            assert_eq!(*quality, Quality::Excellent);
        }
    }
}
