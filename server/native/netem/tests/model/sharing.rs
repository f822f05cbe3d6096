//! Links that share a bottleneck share its rate and its queue; others do not notice.

use crate::{QUEUE, SIZE, millis};
use offrecord_netem::{Limit, Network, Profile, Random};

#[test]
fn two_links_share_one_bottleneck_by_what_they_offer() {
    let mut network = Network::new(1);
    let bottleneck = network.add_bottleneck(Limit::new(1_000_000, QUEUE));
    let greedy = network.add_link(bottleneck, Profile::default());
    let modest = network.add_link(bottleneck, Profile { delay: millis(70), ..Profile::default() });
    let mut random = Random(3);
    for turn in 0..10_000 {
        let whose = random.below(4); // drop tail favours who comes first
        (0..4).for_each(|place| {
            let link = if place == whose { modest } else { greedy };
            network.send(millis(10 * turn), link, SIZE, ());
        });
    }
    network.advance(millis(101_000));
    let (greedy, modest) = (network.counts(greedy), network.counts(modest));
    let passed = greedy.delivered.packets + modest.delivered.packets;
    assert!((10_000..=10_021).contains(&passed), "{passed}: one packet each 10 ms, and the queue");
    let share = modest.delivered.packets as f64 / passed as f64;
    assert!((share - 0.25).abs() < 0.02, "{share}");
    assert!(modest.waited.percentile(50.0) > millis(150), "it waits behind the other's packets");
}

#[test]
fn a_link_elsewhere_is_not_held_up() {
    let mut network = Network::new(1);
    let full = network.add_bottleneck(Limit::new(10_000, QUEUE));
    let free = network.add_bottleneck(Limit::default());
    let (full, free) =
        (network.add_link(full, Profile::default()), network.add_link(free, Profile::default()));
    for turn in 0..100 {
        network.send(millis(turn), full, SIZE, ());
        network.send(millis(turn), free, SIZE, ());
    }
    assert_eq!(network.counts(free).delivered.packets, 100);
    assert_eq!(network.counts(free).waited.longest(), millis(0));
    assert!(network.counts(full).overflowed.packets > 90);
}
