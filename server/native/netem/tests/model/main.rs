//! The model of a network, a file per behaviour.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod losses;
mod memory;
mod order;
mod plans;
mod rate;
mod seed;
mod sharing;

use core::time::Duration;
use offrecord_netem::{Limit, LinkId, Network, Profile};

const SIZE: usize = 1_250;
const QUEUE: Duration = Duration::from_millis(200);

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A network of one link.
fn one_link(seed: u64, limit: Limit, profile: Profile) -> (Network<u64>, LinkId) {
    let mut network = Network::new(seed);
    let bottleneck = network.add_bottleneck(limit);
    let link = network.add_link(bottleneck, profile);
    (network, link)
}

/// Sends packets 0, 1, 2 and so on with a pause between them.
fn send_all(network: &mut Network<u64>, link: LinkId, from: Duration, pause: Duration, numbers: u64) {
    (0..numbers).for_each(|number| network.send(from + pause * number as u32, link, SIZE, number));
}

/// When each packet arrived, of everything that was sent.
fn arrivals(network: &mut Network<u64>) -> Vec<(Duration, u64)> {
    while let Some(at) = network.next_timeout() {
        network.advance(at);
    }
    core::iter::from_fn(|| network.poll()).map(|arrival| (arrival.at, arrival.content)).collect()
}
