//! A network holds no more bytes than it may.

use crate::{SIZE, millis};
use offrecord_netem::{Limit, Network, Profile};

#[test]
fn what_does_not_fit_is_dropped_and_told() {
    let mut network = Network::new(1);
    network.set_most_bytes(10 * SIZE);
    let bottleneck = network.add_bottleneck(Limit::default());
    let link = network.add_link(bottleneck, Profile { delay: millis(100), ..Profile::default() });
    (0..25).for_each(|number| network.send(millis(0), link, SIZE, number));
    assert_eq!(network.counts(link).refused.packets, 15);
    network.advance(millis(100));
    assert_eq!(network.counts(link).delivered.packets, 10);
    network.send(millis(100), link, SIZE, 99);
    assert_eq!(network.counts(link).refused.packets, 15, "there is room again");
}

#[test]
fn counts_begin_anew_when_cleared() {
    let mut network = Network::new(1);
    let bottleneck = network.add_bottleneck(Limit::new(1_000_000, millis(10)));
    let link = network.add_link(bottleneck, Profile::default());
    (0..5).for_each(|number| network.send(millis(0), link, SIZE, number));
    assert_eq!(network.counts(link).offered.packets, 5);
    assert!(network.counts(link).overflowed.packets > 0);
    network.clear_counts();
    assert_eq!(network.counts(link), &Default::default());
}
