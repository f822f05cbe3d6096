//! Who is told to receive is who gets packets: the list and the destinations agree at every step.

use crate::peer::{Received, Rtp};
use crate::world::{AUDIO, World, audio, consumer};
use offrecord_forwarder::api::{ConsumerOptions, Refusal};
use offrecord_forwarder::{Command, Event};

/// Consumer, producer, transport and whether paused, as told; the end must count them.
fn listed(world: &mut World, transport: u32) -> Vec<(u32, u32, u32, bool)> {
    world.events.clear();
    world.command(Command::ListReceivers { id: transport, sequence: 7 });
    let mut rows = Vec::new();
    let Some((Event::ReceiversEnd { sequence: 7, count }, receivers)) = world.events.split_last() else {
        panic!("no end: {:?}", world.events)
    };
    for event in receivers {
        let Event::Receiver { sequence: 7, consumer, producer, transport, paused } = *event else {
            panic!("not a receiver: {event:?}")
        };
        rows.push((consumer, producer, transport, paused));
    }
    assert_eq!(*count as usize, rows.len());
    rows
}

/// Transports of the peers that a packet of the first peer reaches.
fn reached(world: &mut World, index: u64) -> Vec<u32> {
    let before: Vec<usize> = world.peers.iter().map(|peer| peer.rtp().len()).collect();
    let packet =
        Rtp { ssrc: 20, index, timestamp: index as u32 * 960, payload_type: AUDIO, ..Rtp::default() };
    world.send_rtp(0, &packet);
    let peers = world.peers.iter().zip(before);
    peers.filter(|(peer, before)| peer.rtp().len() > *before).map(|(peer, _)| peer.id).collect()
}

fn assert_agrees(world: &mut World, index: u64, expected: &[u32]) {
    let active: Vec<u32> = listed(world, 1).iter().filter(|row| !row.3).map(|row| row.2).collect();
    assert_eq!(active, expected);
    assert_eq!(reached(world, index), expected);
}

#[test]
fn the_list_is_where_packets_go() {
    let mut world = World::connected(4);
    world.produce(audio(1, 1, 20));
    assert_agrees(&mut world, 0, &[]);
    for (peer, id) in [(1, 11), (2, 12), (3, 13)] {
        world.consume(peer, id, 1);
    }
    assert_agrees(&mut world, 1, &[2, 3, 4]);
    world.command(Command::PauseConsumer { id: 12, paused: true });
    assert_eq!(listed(&mut world, 1), [(11, 1, 2, false), (12, 1, 3, true), (13, 1, 4, false)]);
    assert_agrees(&mut world, 2, &[2, 4]);
    world.command(Command::PauseConsumer { id: 12, paused: false });
    world.command(Command::CloseConsumer { id: 11 });
    assert_agrees(&mut world, 3, &[3, 4]);
    world.command(Command::CloseTransport { id: 4 });
    assert_agrees(&mut world, 4, &[3]);
    world.command(Command::CloseProducer { id: 1 });
    assert_agrees(&mut world, 5, &[]);
}

#[test]
fn only_what_the_transport_itself_sends_is_listed_in_the_order_of_consumers() {
    let mut world = World::connected(3);
    world.produce(audio(1, 1, 20));
    world.produce(audio(2, 2, 30));
    world.produce(audio(3, 1, 40));
    for (peer, id, producer) in [(2, 15, 3), (2, 13, 1), (1, 14, 1), (0, 12, 2)] {
        world.consume(peer, id, producer);
    }
    assert_eq!(listed(&mut world, 1), [(13, 1, 3, false), (14, 1, 2, false), (15, 3, 3, false)]);
    assert_eq!(listed(&mut world, 9), []);
}

#[test]
fn a_transport_whose_participant_is_gone_gets_nothing_from_that_moment_on() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 20));
    world.produce(audio(2, 2, 30));
    world.consume(1, 11, 1);
    world.consume(0, 12, 2);
    assert_agrees(&mut world, 0, &[2]);
    world.command(Command::EndStreams { id: 2 });
    assert_agrees(&mut world, 1, &[]);
    assert_eq!(listed(&mut world, 2), []);
    let packet = Rtp { ssrc: 30, index: 1, payload_type: AUDIO, ..Rtp::default() };
    world.send_rtp(1, &packet);
    assert!(world.peers[0].rtp().is_empty());
    world.command(Command::CreateConsumer(ConsumerOptions { ssrc: 77, ..consumer(13, 1, 2) }));
    assert_eq!(world.events.last(), Some(&Event::Refused { id: 13, reason: Refusal::UnknownId }));
    world.produce(audio(3, 2, 50));
    assert_eq!(world.events.last(), Some(&Event::Refused { id: 3, reason: Refusal::UnknownId }));
    let goodbye = vec![21, 254, 253, 0];
    world.command(Command::SendDtls { id: 2, datagram: goodbye.clone() });
    let last = world.peers[1].received.last().map(|(_, what)| what);
    assert!(matches!(last, Some(Received::Other(datagram)) if *datagram == goodbye), "it still leaves");
}
