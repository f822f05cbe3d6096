//! A bottleneck lets its rate through, and its queue is as long as it is told.

use crate::{QUEUE, SIZE, arrivals, millis, one_link, send_all};
use core::time::Duration;
use offrecord_netem::{Change, Limit, Network, Profile};

const RATE: u64 = 1_000_000; // a packet takes 10 ms

#[test]
fn what_is_offered_below_the_rate_passes_without_waiting() {
    let (mut network, link) = one_link(1, Limit::new(RATE, QUEUE), Profile::default());
    send_all(&mut network, link, millis(0), millis(10), 1_000);
    for (at, number) in arrivals(&mut network) {
        assert_eq!(at, millis(10 * (number + 1)));
    }
    assert!(network.counts(link).waited.longest() == millis(10));
}

#[test]
fn what_is_offered_above_the_rate_leaves_at_exactly_the_rate() {
    // Packets take no whole number of nanoseconds: what is left of each goes to the next.
    for (rate, pause) in [(777_777, millis(1)), (9_700_000_001, millis(0))] {
        let (mut network, link) = one_link(1, Limit::new(rate, QUEUE), Profile::default());
        send_all(&mut network, link, millis(0), pause, 40_000);
        let arrived = arrivals(&mut network);
        let (last, _) = arrived[arrived.len() - 1];
        let exact = (arrived.len() * SIZE * 8) as u128 * 1_000_000_000 / u128::from(rate);
        assert_eq!(last.as_nanos(), exact + 1, "rounded up once, and not with every packet");
        let counts = network.counts(link);
        assert_eq!(counts.delivered.packets + counts.overflowed.packets, 40_000);
    }
}

#[test]
fn the_queue_is_bounded_in_time() {
    let (mut network, link) = one_link(1, Limit::new(RATE, QUEUE), Profile::default());
    send_all(&mut network, link, millis(0), millis(1), 5_000);
    arrivals(&mut network);
    let longest = network.counts(link).waited.longest();
    assert!(longest > millis(200) && longest <= millis(211), "{longest:?}");
}

#[test]
fn the_queue_is_bounded_in_bytes() {
    let limit = Limit { rate: Some(RATE), queue_bytes: Some(5 * SIZE), queue_time: None };
    let (mut network, link) = one_link(1, limit, Profile::default());
    (0..100).for_each(|number| network.send(millis(0), link, SIZE, number));
    let numbers: Vec<_> = arrivals(&mut network).into_iter().map(|(_, number)| number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4], "the tail is dropped");
    assert_eq!(network.counts(link).overflowed.packets, 95);
}

#[test]
fn what_is_larger_than_the_queue_passes_an_empty_one() {
    let limit = Limit { rate: Some(RATE), queue_bytes: Some(SIZE / 2), queue_time: None };
    let (mut network, link) = one_link(1, limit, Profile::default());
    network.send(millis(0), link, SIZE, 0);
    network.send(millis(0), link, SIZE, 1);
    assert_eq!(arrivals(&mut network), [(millis(10), 0)]);
}

#[test]
fn what_waits_goes_on_at_the_new_rate() {
    let mut network = Network::new(1);
    let bottleneck = network.add_bottleneck(Limit::new(RATE, QUEUE));
    let link = network.add_link(bottleneck, Profile::default());
    (0..3).for_each(|number| network.send(millis(0), link, SIZE, number));
    // The first is half through: its other half takes ten times as long.
    network.change(millis(5), Change::Limit(bottleneck, Limit::new(RATE / 10, QUEUE)));
    let expected = [(millis(55), 0), (millis(155), 1), (millis(255), 2)];
    assert_eq!(arrivals(&mut network), expected);
}

#[test]
fn a_limit_that_is_lifted_empties_the_queue_at_once() {
    let mut network = Network::new(1);
    let bottleneck = network.add_bottleneck(Limit::new(RATE, QUEUE));
    let link = network.add_link(bottleneck, Profile::default());
    (0..3).for_each(|number| network.send(millis(0), link, SIZE, number));
    network.change(millis(5), Change::Limit(bottleneck, Limit::default()));
    assert_eq!(arrivals(&mut network), [(millis(5), 0), (millis(5), 1), (millis(5), 2)]);
}

#[test]
fn time_on_the_way_takes_no_room_in_the_queue() {
    let delay = Duration::from_secs(1);
    let (mut network, link) =
        one_link(1, Limit::new(RATE, millis(20)), Profile { delay, ..Profile::default() });
    send_all(&mut network, link, millis(0), millis(10), 1_000);
    assert_eq!(arrivals(&mut network).len(), 1_000);
}

#[test]
fn a_limit_that_cannot_be_is_told() {
    let no_bound = Limit { rate: Some(RATE), queue_bytes: None, queue_time: None };
    let no_rate = Limit { rate: None, ..Limit::new(RATE, QUEUE) };
    for limit in [no_bound, no_rate, Limit::new(0, QUEUE), Limit::new(RATE, Duration::from_secs(61))] {
        assert!(limit.check().is_err(), "{limit:?}");
    }
    assert_eq!(Limit::new(RATE, QUEUE).check(), Ok(()));
    assert_eq!(Limit::default().check(), Ok(()));
}
