//! Commands that cannot be carried out say so, and closing leaves nothing behind.

use crate::peer::Rtp;
use crate::world::{AUDIO, World, audio, consumer, video};
use offrecord_forwarder::api::{PacketCore, Refusal};
use offrecord_forwarder::{Command, Event};

fn refusal(world: &mut World, command: Command) -> Option<(u32, Refusal)> {
    world.events.clear();
    world.command(command);
    match world.events[..] {
        [Event::Refused { id, reason }] => Some((id, reason)),
        _ => None,
    }
}

#[test]
fn unknown_and_duplicate_identifiers() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    let again = world.peers[0].create_transport();
    let table = [
        (again, Some((1, Refusal::DuplicateId))),
        (Command::CreateProducer(audio(1, 1, 11)), Some((1, Refusal::DuplicateId))),
        (Command::CreateProducer(audio(2, 9, 11)), Some((2, Refusal::UnknownId))),
        (Command::CreateConsumer(consumer(1, 1, 2)), Some((1, Refusal::DuplicateId))),
        (Command::CreateConsumer(consumer(2, 9, 2)), Some((2, Refusal::UnknownId))),
        (Command::CreateConsumer(consumer(2, 1, 9)), Some((2, Refusal::UnknownId))),
        (Command::PauseProducer { id: 9, paused: true }, Some((9, Refusal::UnknownId))),
        (Command::PauseConsumer { id: 9, paused: true }, Some((9, Refusal::UnknownId))),
        (Command::SetPreferredLayer { id: 9, layer: 0, frame_rate: 0 }, Some((9, Refusal::UnknownId))),
        (Command::RequestKeyFrame { id: 9 }, Some((9, Refusal::UnknownId))),
        (Command::SendDtls { id: 9, datagram: vec![] }, Some((9, Refusal::UnknownId))),
        (Command::CloseProducer { id: 9 }, None),
        (Command::CloseConsumer { id: 9 }, None),
        (Command::CloseTransport { id: 9 }, None),
    ];
    for (command, expected) in table {
        assert_eq!(refusal(&mut world, command), expected);
    }
}

#[test]
fn limits_hold() {
    let mut world = World::connected(1);
    for id in 1..=64 {
        world.produce(audio(id, 1, id));
    }
    assert_eq!(refusal(&mut world, Command::CreateProducer(audio(65, 1, 65))), Some((65, Refusal::Limit)));
    for _ in 1..64 {
        world.add_peer();
    }
    let excess = crate::peer::Peer::new(200, "192.0.2.200:1".parse().unwrap()).create_transport();
    assert_eq!(refusal(&mut world, excess), Some((200, Refusal::Limit)));
}

#[test]
fn a_full_arena_admits_no_further_track() {
    let mut world = World::with_arena(40);
    world.connect();
    world.produce(video(1, 1, 1));
    assert_eq!(refusal(&mut world, Command::CreateProducer(video(2, 1, 2))), Some((2, Refusal::ArenaFull)));
    assert_eq!(refusal(&mut world, Command::CreateProducer(audio(3, 1, 3))), None);
    world.command(Command::CloseProducer { id: 1 });
    assert_eq!(refusal(&mut world, Command::CreateProducer(video(2, 1, 2))), None);
}

#[test]
fn closing_a_transport_closes_what_it_carries() {
    let mut world = World::connected(3);
    world.produce(audio(1, 1, 10));
    world.produce(audio(2, 2, 20));
    world.consume(1, 1, 1);
    world.consume(2, 2, 1);
    world.consume(0, 3, 2);
    world.command(Command::CloseTransport { id: 1 });
    let counters = world.forwarder.counters();
    assert_eq!((counters.transports, counters.producers, counters.consumers), (2, 1, 0));
    world.send_rtp(0, &Rtp { ssrc: 10, index: 1, payload_type: AUDIO, ..Rtp::default() });
    assert!(world.peers[1].rtp().is_empty());
}

#[test]
fn churn_leaves_nothing_behind() {
    let mut world = World::connected(2);
    for round in 0..500_u32 {
        let id = round + 1;
        world.produce(audio(id, 1, 10));
        let options = offrecord_forwarder::api::ConsumerOptions { ssrc: 5, ..consumer(id, id, 2) };
        world.command(Command::CreateConsumer(options));
        world.send_rtp(0, &Rtp { ssrc: 10, index: round.into(), payload_type: AUDIO, ..Rtp::default() });
        world.command(if round % 2 == 0 {
            Command::CloseProducer { id }
        } else {
            Command::CloseConsumer { id }
        });
        world.command(Command::CloseProducer { id });
    }
    assert_eq!(world.peers[1].rtp().len(), 500);
    let counters = world.forwarder.counters();
    assert_eq!((counters.producers, counters.consumers), (0, 0));
}
