//! The same seed is the same network; another seed is another; links do not disturb each other.

use crate::{QUEUE, SIZE, arrivals, millis, one_link, send_all};
use core::time::Duration;
use offrecord_netem::{Change, Limit, Loss, Network, Profile};

fn bad() -> Profile {
    Profile {
        loss: Loss::Bursts { share: 0.1, packets: 4.0, inside: 0.8 },
        duplicates: 0.02,
        delay: millis(30),
        jitter: millis(40),
        jitter_reorders: true,
        reordering: 0.05,
        held_back: millis(50),
        ..Profile::default()
    }
}

fn fates(seed: u64, profile: Profile) -> Vec<(Duration, u64)> {
    let (mut network, link) = one_link(seed, Limit::new(2_000_000, QUEUE), profile);
    send_all(&mut network, link, millis(0), millis(5), 5_000);
    arrivals(&mut network)
}

#[test]
fn the_same_seed_gives_the_same_fates() {
    assert!(fates(7, bad()) == fates(7, bad()));
}

#[test]
fn another_seed_gives_others() {
    assert!(fates(7, bad()) != fates(8, bad()));
}

#[test]
fn jitter_does_not_change_which_packets_are_lost() {
    let numbers = |profile| {
        let mut numbers: Vec<_> = fates(7, profile).into_iter().map(|(_, number)| number).collect();
        numbers.sort_unstable();
        numbers
    };
    let steady = Profile { jitter: Duration::ZERO, reordering: 0.0, ..bad() };
    assert!(numbers(bad()) == numbers(steady));
}

#[test]
fn a_blackout_does_not_change_what_is_lost_after_it() {
    let lost_after = |blackout| {
        let (mut network, link) = one_link(7, Limit::default(), bad());
        network.change(millis(0), Change::Profile(link, Profile { blackout, ..bad() }));
        send_all(&mut network, link, millis(0), millis(5), 1_000);
        network.change(millis(5_000), Change::Profile(link, bad()));
        arrivals(&mut network);
        send_all(&mut network, link, millis(6_000), millis(5), 1_000);
        let mut numbers: Vec<_> = arrivals(&mut network).into_iter().map(|(_, number)| number).collect();
        numbers.sort_unstable();
        numbers
    };
    assert!(lost_after(true) == lost_after(false));
}

#[test]
fn links_of_one_network_meet_different_fates() {
    let mut network = Network::new(7);
    let links = [(); 2].map(|()| {
        let bottleneck = network.add_bottleneck(Limit::default());
        network.add_link(bottleneck, bad())
    });
    for number in 0..1_000 {
        links.iter().for_each(|link| network.send(millis(number), *link, SIZE, number));
    }
    network.advance(millis(2_000));
    let mut arrived = links.map(|_| Vec::new());
    while let Some(arrival) = network.poll() {
        arrived[usize::from(arrival.link == links[1])].push(arrival.content);
    }
    assert!(arrived[0] != arrived[1]);
}

#[test]
fn the_losses_of_a_link_do_not_depend_on_what_others_carry() {
    let lost = |others: usize| {
        let mut network = Network::new(7);
        let links: Vec<_> = (0..3)
            .map(|_| {
                let bottleneck = network.add_bottleneck(Limit::default());
                network.add_link(bottleneck, bad())
            })
            .collect();
        for turn in 0..5_000 {
            (0..others).for_each(|_| network.send(millis(turn), links[0], SIZE, 0));
            network.send(millis(turn), links[1], SIZE, turn);
        }
        network.counts(links[1]).lost.packets
    };
    assert_eq!(lost(0), lost(3));
}

#[test]
fn asking_more_often_changes_nothing() {
    let (mut network, link) = one_link(7, Limit::new(2_000_000, QUEUE), bad());
    for number in 0..5_000 {
        network.send(millis(5 * number), link, SIZE, number);
        (0..5).for_each(|step| network.advance(millis(5 * number + step)));
    }
    assert!(arrivals(&mut network) == fates(7, bad()));
}
