//! Sender reports reach subscribers in their own numbers; publishers get receiver reports.

use crate::peer::{Rtp, sender_report};
use crate::world::{AUDIO, MILLISECOND, World, audio};

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn a_subscriber_learns_the_publishers_clock() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    let ssrc = world.consume(1, 1, 1);
    for index in 0..5_u64 {
        world.send_rtp(0, &Rtp { ssrc: 10, index, timestamp: 7_000, payload_type: AUDIO, ..Rtp::default() });
    }
    let ntp = 0x0102_0304_0000_0000;
    world.send_rtcp(0, sender_report(10, ntp, 7_000));
    let sent = world.now;
    world.advance(100 * MILLISECOND);
    let reports = world.peers[1].rtcp(200);
    assert_eq!(reports.len(), 1);
    let (at, report) = &reports[0];
    let elapsed = at - sent;
    let advanced = (u64::from(word(report, 8)) << 32 | u64::from(word(report, 12))) - ntp;
    assert_eq!(advanced, (elapsed << 32) / 1_000_000);
    assert_eq!(word(report, 4), ssrc);
    let offset = world.peers[1].rtp()[0].timestamp.wrapping_sub(7_000);
    assert_eq!(word(report, 16), 7_000 + offset + (elapsed * 48 / 1_000) as u32);
    assert_eq!(word(report, 20), 5);
    assert_eq!(world.peers[1].rtcp(202).len(), 1, "with the canonical name");
}

#[test]
fn a_late_subscriber_need_not_wait_for_the_next_report() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.send_rtcp(0, sender_report(10, 1 << 40, 7_000));
    world.send_rtp(0, &Rtp { ssrc: 10, index: 1, payload_type: AUDIO, ..Rtp::default() });
    world.consume(1, 1, 1);
    world.send_rtp(0, &Rtp { ssrc: 10, index: 2, payload_type: AUDIO, ..Rtp::default() });
    world.advance(100 * MILLISECOND);
    assert_eq!(world.peers[1].rtcp(200).len(), 1);
}

#[test]
fn a_publisher_learns_its_losses() {
    let mut world = World::connected(1);
    world.produce(audio(1, 1, 10));
    for index in (0..200_u64).filter(|index| index % 4 != 1) {
        world.send_rtp(
            0,
            &Rtp { ssrc: 10, index, timestamp: index as u32 * 960, payload_type: AUDIO, ..Rtp::default() },
        );
        world.advance(20 * MILLISECOND);
    }
    let reports = world.peers[0].rtcp(201);
    assert!((2..=5).contains(&reports.len()), "{} reports", reports.len());
    let (_, last) = reports.last().unwrap();
    assert_eq!(word(last, 8), 10);
    assert!((55..=75).contains(&last[12]), "fraction lost {}", last[12]);
}
