//! Nothing is asked of a publisher for an encoding that nobody is sent.

use crate::peer::{MID, RID, Rtp};
use crate::world::{MILLISECOND, SECOND, VIDEO, World, simulcast, vp8};
use offrecord_forwarder::Command;
use std::collections::BTreeSet;

const RIDS: [&str; 3] = ["q", "h", "f"];

/// One publisher of three encodings.
struct Publisher {
    world: World,
    next: [u64; 3],
}

impl Publisher {
    /// With so many subscribers, who are sent the highest encoding.
    fn new(subscribers: u32) -> Self {
        let mut world = World::connected(1 + subscribers);
        world.produce(simulcast(1, 1));
        (1..=subscribers).for_each(|at| {
            world.consume(at as usize, at, 1);
        });
        let mut publisher = Self { world, next: [0; 3] };
        publisher.send(&[0, 1, 2]);
        publisher.send(&[0, 1, 2]);
        publisher
    }

    /// A key frame of each of these encodings.
    fn send(&mut self, layers: &[usize]) {
        for &layer in layers {
            let index = self.next[layer];
            self.next[layer] += 1;
            let packet = Rtp {
                ssrc: ssrc(layer),
                index,
                timestamp: index as u32 * 3_000,
                payload_type: VIDEO,
                extensions: vec![(MID, b"1".to_vec()), (RID, RIDS[layer].into())],
                payload: vp8(true, index as u16, index as u8),
                ..Rtp::default()
            };
            self.world.send_rtp(0, &packet);
        }
        self.world.advance(10 * MILLISECOND);
    }

    /// So many packets of each encoding do not arrive, and those behind them do. Which encodings are asked for
    /// packets, or for a key frame, until nothing is due any more.
    fn lose(&mut self, packets: u64) -> (BTreeSet<usize>, BTreeSet<usize>) {
        self.world.advance(2 * SECOND);
        self.send(&[0, 1, 2]);
        self.world.peers[0].received.clear();
        self.next.iter_mut().for_each(|next| *next += packets);
        self.send(&[0, 1, 2]);
        self.world.advance(SECOND);
        let nacks = self.world.peers[0].rtcp(205).into_iter().filter(|(_, packet)| packet[0] & 31 == 1);
        let nacked = nacks.map(|(_, packet)| u32::from_be_bytes(packet[8..12].try_into().unwrap()));
        let wished = self.world.peers[0].picture_losses().into_iter().map(|(_, media)| media);
        (nacked.map(layer).collect(), wished.map(layer).collect())
    }
}

fn ssrc(layer: usize) -> u32 {
    70 + layer as u32
}

fn layer(ssrc: u32) -> usize {
    ssrc as usize - 70
}

fn only(layers: &[usize]) -> BTreeSet<usize> {
    layers.iter().copied().collect()
}

#[test]
fn only_the_encoding_that_is_sent_on_is_asked_for() {
    let mut publisher = Publisher::new(1);
    assert_eq!(publisher.lose(3).0, only(&[2]));
    publisher.world.command(Command::SetPreferredLayer { id: 1, layer: 0, frame_rate: 0 });
    assert_eq!(publisher.lose(3).0, only(&[0]));
}

#[test]
fn each_subscriber_counts() {
    let mut publisher = Publisher::new(2);
    publisher.world.command(Command::SetPreferredLayer { id: 2, layer: 1, frame_rate: 0 });
    assert_eq!(publisher.lose(3).0, only(&[1, 2]));
    publisher.world.command(Command::CloseConsumer { id: 2 });
    assert_eq!(publisher.lose(3).0, only(&[2]));
}

#[test]
fn where_nobody_watches_nothing_is_asked_for() {
    let nothing = (only(&[]), only(&[]));
    assert_eq!(Publisher::new(0).lose(3), nothing);
    let mut publisher = Publisher::new(1);
    publisher.world.command(Command::PauseConsumer { id: 1, paused: true });
    assert_eq!(publisher.lose(3), nothing);
    assert_eq!(publisher.lose(2_000), nothing, "nor key frames behind an outage");
    publisher.world.command(Command::PauseConsumer { id: 1, paused: false });
    assert_eq!(publisher.lose(2_000), (only(&[]), only(&[2])));
    assert_eq!(publisher.lose(3).0, only(&[2]));
}

#[test]
fn what_was_missing_when_the_last_one_looked_away_is_not_asked_for_again() {
    let mut publisher = Publisher::new(1);
    publisher.next[2] += 3;
    publisher.send(&[2]);
    assert_eq!(publisher.world.peers[0].nacked().len(), 3);
    publisher.world.command(Command::PauseConsumer { id: 1, paused: true });
    publisher.world.peers[0].received.clear();
    publisher.world.advance(SECOND);
    assert!(publisher.world.peers[0].nacked().is_empty());
    publisher.world.command(Command::PauseConsumer { id: 1, paused: false });
    publisher.world.advance(SECOND);
    assert!(publisher.world.peers[0].nacked().is_empty(), "and not when somebody looks again");
}

#[test]
fn a_subscriber_that_cannot_be_sent_to_does_not_count() {
    let mut publisher = Publisher::new(1);
    for _ in 0..4 {
        publisher.world.advance(10 * SECOND);
        let check = publisher.world.peers[0].check(true);
        publisher.world.deliver(publisher.world.peers[0].address, check);
    }
    assert_eq!(publisher.lose(3).0, only(&[]), "its consent is over");
}
