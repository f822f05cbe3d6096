//! The round trip of a subscriber is told by its reports on ours, that of a publisher by its echo of our time.

use crate::peer::{Rtp, sender_report};
use crate::world::{AUDIO, MILLISECOND, SECOND, World, audio};
use core::time::Duration;
use offrecord_forwarder::api::Command;
use offrecord_forwarder::{Event, TransportEnding};
use offrecord_netem::Profile;

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// In 1/65536 s.
fn units(micros: u64) -> u32 {
    (micros * 65_536 / 1_000_000) as u32
}

fn end(world: &mut World, id: u32) -> TransportEnding {
    world.command(Command::EndStreams { id });
    let told = world.events.iter().rev().find_map(|event| match event {
        Event::TransportEnded { transport, numbers } if *transport == id => Some(*numbers),
        _ => None,
    });
    told.expect("told")
}

/// Two peers with half of this way between each and the forwarder, the first of whom sends.
fn call(round_trip: u64) -> World {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    far(&mut world, round_trip);
    world
}

fn far(world: &mut World, round_trip: u64) {
    let half = Profile { delay: Duration::from_micros(round_trip / 2), ..Profile::default() };
    world.set_paths(half, half);
}

fn talk(world: &mut World, from: u64, packets: u64) {
    for index in from..from + packets {
        let timestamp = index as u32 * 960;
        world.send_rtp(0, &Rtp { ssrc: 10, index, timestamp, payload_type: AUDIO, ..Rtp::default() });
        world.advance(20 * MILLISECOND);
    }
}

/// The subscriber answers the newest sender report that has reached it, `held` after it came.
fn report(world: &mut World, held: u64) {
    let (at, newest) = world.peers[1].rtcp(200).last().unwrap().clone();
    world.advance((at + held).saturating_sub(world.now));
    let middle = word(&newest, 8) << 16 | word(&newest, 12) >> 16;
    let mut packet = vec![0x81, 201, 0, 7, 0, 0, 0, 9];
    packet.extend(word(&newest, 4).to_be_bytes());
    packet.extend([0; 12]);
    packet.extend(middle.to_be_bytes());
    packet.extend(units(world.now - at).to_be_bytes());
    world.send_rtcp(1, packet);
}

/// The publisher echoes the newest reference time that has reached it (RFC 3611 section 4.5).
fn echo(world: &mut World, source: Option<u32>) {
    let (at, newest) = world.peers[0].rtcp(207).last().unwrap().clone();
    assert_eq!((newest[8], word(&newest, 8) & 0xffff), (4, 2), "a reference time");
    let middle = word(&newest, 12) << 16 | word(&newest, 16) >> 16;
    let mut packet = vec![0x80, 207, 0, 5, 0, 0, 0, 9, 5, 0, 0, 3];
    packet.extend(source.unwrap_or(word(&newest, 4)).to_be_bytes());
    packet.extend(middle.to_be_bytes());
    packet.extend(units(world.now - at).to_be_bytes());
    world.send_rtcp(0, packet);
}

fn is_near(micros: u64, expected: u64) -> bool {
    micros.abs_diff(expected) < 200
}

#[test]
fn of_a_subscriber_it_is_what_its_report_leaves_of_the_time() {
    let mut world = call(80 * MILLISECOND);
    talk(&mut world, 0, 10);
    world.send_rtcp(0, sender_report(10, 0x0102_0304_0506_0708, 9_600));
    talk(&mut world, 10, 20);
    report(&mut world, 700 * MILLISECOND);
    world.advance(100 * MILLISECOND);
    far(&mut world, 30 * MILLISECOND);
    world.send_rtcp(0, sender_report(10, 0x0102_0305_0506_0708, 57_600));
    talk(&mut world, 30, 20);
    report(&mut world, 300 * MILLISECOND);
    world.advance(100 * MILLISECOND);
    let numbers = end(&mut world, 2);
    assert!(is_near(numbers.round_trip_worst, 80 * MILLISECOND), "{numbers:?}");
    assert!(is_near(numbers.round_trip_last, 30 * MILLISECOND), "{numbers:?}");
}

#[test]
fn of_a_publisher_it_is_what_its_echo_leaves_of_the_time() {
    let mut world = call(80 * MILLISECOND);
    talk(&mut world, 0, 120);
    echo(&mut world, None);
    far(&mut world, 30 * MILLISECOND);
    talk(&mut world, 120, 120);
    echo(&mut world, None);
    world.advance(100 * MILLISECOND);
    let numbers = end(&mut world, 1);
    assert!(is_near(numbers.round_trip_worst, 80 * MILLISECOND), "{numbers:?}");
    assert!(is_near(numbers.round_trip_last, 30 * MILLISECOND), "{numbers:?}");
}

#[test]
fn what_answers_somebody_else_measures_nothing() {
    let mut world = call(80 * MILLISECOND);
    talk(&mut world, 0, 120);
    echo(&mut world, Some(77));
    let mut stranger = vec![0x81, 201, 0, 7, 0, 0, 0, 9];
    stranger.extend(1_001_u32.to_be_bytes());
    stranger.extend([0; 12]);
    stranger.extend([0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0]);
    world.send_rtcp(1, stranger);
    world.advance(SECOND);
    assert_eq!((end(&mut world, 1).round_trip_worst, end(&mut world, 2).round_trip_worst), (0, 0));
}

#[test]
fn the_time_that_publishers_are_told_is_not_how_long_we_run() {
    let mut world = call(0);
    talk(&mut world, 0, 120);
    let (at, newest) = world.peers[0].rtcp(207).last().unwrap().clone();
    let seconds = u64::from(word(&newest, 12));
    assert!(seconds.abs_diff(at / SECOND) > 1_000, "{seconds}");
}
