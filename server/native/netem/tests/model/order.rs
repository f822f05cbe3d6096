//! Delay, jitter, reordering and duplicates.

use crate::{arrivals, millis, one_link, send_all};
use core::time::Duration;
use offrecord_netem::{Limit, Profile};

const PAUSE: Duration = Duration::from_millis(5);
const PACKETS: u64 = 20_000;

fn arrived(profile: Profile) -> Vec<(Duration, u64)> {
    let (mut network, link) = one_link(11, Limit::default(), profile);
    send_all(&mut network, link, millis(0), PAUSE, PACKETS);
    let seen = arrivals(&mut network);
    assert_eq!(network.counts(link).delivered.packets, seen.len() as u64);
    seen
}

/// How long a packet was on the way.
fn delay(&(at, number): &(Duration, u64)) -> Duration {
    at - PAUSE * number as u32
}

/// Packets that arrive after one that was sent later.
fn late(seen: &[(Duration, u64)]) -> usize {
    let mut latest = 0;
    seen.iter()
        .filter(|(_, number)| {
            latest = latest.max(*number);
            *number < latest
        })
        .count()
}

#[test]
fn delay_alone_keeps_order_and_distance() {
    let seen = arrived(Profile { delay: millis(40), ..Profile::default() });
    assert_eq!(seen.len() as u64, PACKETS);
    assert!(seen.iter().all(|packet| delay(packet) == millis(40)));
}

#[test]
fn jitter_is_spread_evenly_over_its_width() {
    let profile =
        Profile { delay: millis(20), jitter: millis(150), jitter_reorders: true, ..Profile::default() };
    let seen = arrived(profile);
    let mut delays: Vec<_> = seen.iter().map(delay).collect();
    delays.sort();
    assert!(delays[0] >= millis(20) && delays[delays.len() - 1] <= millis(170));
    for (share, expected) in [(0.1, 35.0), (0.5, 95.0), (0.9, 155.0)] {
        let found = delays[(share * PACKETS as f64) as usize].as_secs_f64() * 1e3;
        assert!((found - expected).abs() < 3.0, "{share}: {found} ms");
    }
    assert!(late(&seen) > PACKETS as usize / 2);
}

#[test]
fn jitter_keeps_the_order_unless_told_otherwise() {
    let seen = arrived(Profile { delay: millis(20), jitter: millis(150), ..Profile::default() });
    assert_eq!(late(&seen), 0);
    assert!(seen.iter().all(|packet| delay(packet) <= millis(170)));
    assert!(seen.iter().map(delay).max() > Some(millis(165)));
}

#[test]
fn packets_that_are_held_back_are_overtaken() {
    let profile = Profile { delay: millis(20), reordering: 0.1, held_back: millis(12), ..Profile::default() };
    let seen = arrived(profile);
    let held = seen.iter().filter(|packet| delay(packet) == millis(32)).count();
    assert!((1_850..2_150).contains(&held), "{held}");
    assert_eq!(seen.len() as u64, PACKETS);
    assert!(late(&seen) > held * 9 / 10, "nearly all are overtaken by one that is not held back");
    assert!(seen.iter().all(|packet| [millis(20), millis(32)].contains(&delay(packet))));
}

#[test]
fn duplicates_arrive_twice() {
    let seen = arrived(Profile { duplicates: 0.05, delay: millis(5), ..Profile::default() });
    let twice = seen.windows(2).filter(|pair| pair[0].1 == pair[1].1).count();
    assert!((900..1_100).contains(&twice), "{twice}");
    assert_eq!(seen.len() as u64, PACKETS + twice as u64);
}

#[test]
fn a_profile_that_cannot_be_is_told() {
    for profile in [
        Profile { duplicates: -0.1, ..Profile::default() },
        Profile { reordering: 2.0, ..Profile::default() },
        Profile { delay: Duration::from_secs(61), ..Profile::default() },
        Profile { jitter: Duration::MAX, ..Profile::default() },
    ] {
        assert!(profile.check().is_err(), "{profile:?}");
    }
    assert_eq!(Profile::default().check(), Ok(()));
}
