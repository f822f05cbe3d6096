//! Losses follow their law: how many, and how many in a row.

use crate::{arrivals, millis, one_link, send_all};
use offrecord_netem::{Limit, Loss, Profile};

const PACKETS: u64 = 200_000;

/// Whether each packet arrived.
fn fates(loss: Loss, seed: u64) -> Vec<bool> {
    let (mut network, link) = one_link(seed, Limit::default(), Profile { loss, ..Profile::default() });
    send_all(&mut network, link, millis(0), millis(1), PACKETS);
    let mut fates = vec![false; PACKETS as usize];
    arrivals(&mut network).iter().for_each(|(_, number)| fates[*number as usize] = true);
    let counts = network.counts(link);
    assert_eq!(counts.lost.packets + counts.delivered.packets, PACKETS);
    fates
}

/// Share of losses, and the mean number of them in a row.
fn share_and_run(fates: &[bool]) -> (f64, f64) {
    let lost = fates.iter().filter(|arrived| !**arrived).count() as f64;
    let runs = fates.windows(2).filter(|pair| pair[0] && !pair[1]).count() as f64;
    (lost / fates.len() as f64, lost / runs)
}

fn is_near(value: f64, expected: f64, tolerance: f64) -> bool {
    (value - expected).abs() <= expected * tolerance
}

#[test]
fn random_losses_have_the_share_and_come_singly() {
    for (seed, share) in [(1, 0.01), (2, 0.05), (3, 0.2)] {
        let (lost, run) = share_and_run(&fates(Loss::Random { share }, seed));
        assert!(is_near(lost, share, 0.1), "{lost} of {share}");
        assert!(is_near(run, 1.0 / (1.0 - share), 0.03), "{run} in a row at {share}");
    }
}

#[test]
fn each_place_is_lost_as_often_as_another() {
    let fates = fates(Loss::Random { share: 0.1 }, 4);
    let lost = |part: &[bool]| part.iter().filter(|arrived| !**arrived).count() as f64;
    for part in fates.chunks(PACKETS as usize / 10) {
        assert!(is_near(lost(part), 0.1 * part.len() as f64, 0.1), "{}", lost(part));
    }
}

#[test]
fn bursts_have_the_share_and_the_length() {
    for (seed, share, packets) in [(5, 0.05, 5.0), (6, 0.02, 20.0), (7, 0.2, 3.0)] {
        let (lost, run) = share_and_run(&fates(Loss::Bursts { share, packets, inside: 1.0 }, seed));
        assert!(is_near(lost, share, 0.15), "{lost} of {share}");
        assert!(is_near(run, packets, 0.1), "{run} in a row of {packets}");
    }
}

#[test]
fn some_packets_survive_a_burst_that_is_not_total() {
    let (lost, run) = share_and_run(&fates(Loss::Bursts { share: 0.05, packets: 20.0, inside: 0.5 }, 8));
    assert!(is_near(lost, 0.05, 0.15), "{lost}");
    assert!(is_near(run, 2.0, 0.15), "{run} in a row");
}

#[test]
fn nothing_is_lost_at_zero_and_everything_at_one() {
    for (share, arrived) in [(0.0, PACKETS as usize), (1.0, 0)] {
        let fates = fates(Loss::Random { share }, 9);
        assert_eq!(fates.iter().filter(|fate| **fate).count(), arrived);
    }
}

#[test]
fn a_law_that_cannot_be_is_told() {
    for loss in [
        Loss::Random { share: 1.1 },
        Loss::Random { share: f64::NAN },
        Loss::Bursts { share: 0.1, packets: 0.5, inside: 1.0 },
        Loss::Bursts { share: 0.6, packets: 5.0, inside: 0.5 },
        Loss::Bursts { share: 0.9, packets: 1.0, inside: 1.0 },
        Loss::Bursts { share: 0.1, packets: 5.0, inside: 0.0 },
    ] {
        assert!(loss.check().is_err(), "{loss:?}");
    }
    assert_eq!(Loss::Bursts { share: 0.5, packets: 1.0, inside: 1.0 }.check(), Ok(()));
    assert_eq!(Loss::Bursts { share: 0.0, packets: 1.0, inside: 0.0 }.check(), Ok(()));
}
