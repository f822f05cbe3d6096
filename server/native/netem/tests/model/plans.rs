//! Changes come at their time, not when somebody looks next.

use crate::{QUEUE, SIZE, arrivals, millis, send_all};
use offrecord_netem::{Change, Limit, Network, Profile};

#[test]
fn a_rate_follows_its_plan() {
    let mut network = Network::new(1);
    let bottleneck = network.add_bottleneck(Limit::new(3_000_000, QUEUE));
    let link = network.add_link(bottleneck, Profile::default());
    network.plan(millis(10_000), Change::Limit(bottleneck, Limit::new(500_000, QUEUE)));
    network.plan(millis(40_000), Change::Limit(bottleneck, Limit::new(3_000_000, QUEUE)));
    send_all(&mut network, link, millis(0), millis(2), 25_000); // 5 Mbit/s for 50 s
    let seen = arrivals(&mut network);
    let rate = |from: u64, until: u64| {
        let range = millis(from)..millis(until);
        let packets = seen.iter().filter(|(at, _)| range.contains(at)).count();
        (packets * SIZE * 8) as f64 / (range.end - range.start).as_secs_f64()
    };
    for (from, until, expected) in
        [(1_000, 10_000, 3e6), (12_000, 40_000, 5e5), (10_000, 40_000, 5e5), (41_000, 50_000, 3e6)]
    {
        let found = rate(from, until);
        assert!((found - expected).abs() < expected * 0.005, "{from} to {until}: {found}");
    }
}

#[test]
fn a_blackout_loses_exactly_what_is_sent_in_it() {
    let mut network = Network::new(1);
    let bottleneck = network.add_bottleneck(Limit::default());
    let delay = millis(30);
    let link = network.add_link(bottleneck, Profile { delay, ..Profile::default() });
    let dark = Profile { blackout: true, delay, ..Profile::default() };
    network.plan(millis(1_000), Change::Profile(link, dark));
    network.plan(millis(6_000), Change::Profile(link, Profile { delay, ..Profile::default() }));
    send_all(&mut network, link, millis(5), millis(10), 1_000);
    let lost: Vec<_> = {
        let seen: Vec<_> = arrivals(&mut network).into_iter().map(|(_, number)| number).collect();
        (0..1_000).filter(|number| !seen.contains(number)).collect()
    };
    assert_eq!(lost, (100..600).collect::<Vec<_>>());
    assert_eq!(network.counts(link).blacked_out.packets, 500);
}

#[test]
fn what_is_on_the_way_keeps_its_delay_and_order() {
    let mut network = Network::new(1);
    let bottleneck = network.add_bottleneck(Limit::default());
    let slow = Profile { delay: millis(100), ..Profile::default() };
    let link = network.add_link(bottleneck, slow);
    network.send(millis(0), link, SIZE, 0);
    network.change(millis(10), Change::Profile(link, Profile { delay: millis(20), ..slow }));
    network.send(millis(20), link, SIZE, 1);
    network.send(millis(90), link, SIZE, 2);
    assert_eq!(arrivals(&mut network), [(millis(100), 0), (millis(100), 1), (millis(110), 2)]);
}
