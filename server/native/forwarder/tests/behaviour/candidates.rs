//! Of the address that a peer is reached at, the kind of its candidate is told and nothing more.

use crate::world::World;
use core::net::{IpAddr, SocketAddr};
use offrecord_forwarder::api::Command;
use offrecord_forwarder::{Candidate, CandidateKind, Event};

fn candidate(address: SocketAddr, kind: CandidateKind) -> Candidate {
    Candidate { address: Some(address.ip()), port: address.port(), kind }
}

fn kind_at_the_end(world: &mut World) -> CandidateKind {
    world.command(Command::EndStreams { id: 1 });
    let told = world.events.iter().rev().find_map(|event| match event {
        Event::TransportEnded { numbers, .. } => Some(numbers.candidate),
        _ => None,
    });
    told.expect("told")
}

#[test]
fn the_kind_is_that_of_the_path_in_use() {
    let mut world = World::connected(1);
    let (first, elsewhere) = (world.peers[0].address, SocketAddr::from(([198, 51, 100, 9], 4_000)));
    let candidates = vec![
        candidate(first, CandidateKind::Host),
        candidate(elsewhere, CandidateKind::ServerReflexive),
        Candidate { address: None, port: 9, kind: CandidateKind::Host },
    ];
    world.command(Command::AddCandidates { id: 1, candidates });
    assert_eq!(kind_at_the_end(&mut world), CandidateKind::Host);
    let check = world.peers[0].check(true);
    world.deliver(elsewhere, check);
    assert_eq!(kind_at_the_end(&mut world), CandidateKind::ServerReflexive);
}

#[test]
fn candidates_may_come_after_the_peer_was_reached() {
    let mut world = World::connected(1);
    assert_eq!(kind_at_the_end(&mut world), CandidateKind::Unknown);
    let other = Candidate { address: Some(IpAddr::from([10, 0, 0, 1])), port: 1, kind: CandidateKind::Host };
    world.command(Command::AddCandidates { id: 1, candidates: vec![other] });
    assert_eq!(kind_at_the_end(&mut world), CandidateKind::PeerReflexive);
    let here = candidate(world.peers[0].address, CandidateKind::Relayed);
    world.command(Command::AddCandidates { id: 1, candidates: vec![here] });
    assert_eq!(kind_at_the_end(&mut world), CandidateKind::Relayed);
}

#[test]
fn candidates_of_a_transport_that_is_gone_are_no_fault() {
    let mut world = World::connected(1);
    world.command(Command::CloseTransport { id: 1 });
    let here = candidate(world.peers[0].address, CandidateKind::Host);
    world.events.clear();
    world.command(Command::AddCandidates { id: 1, candidates: vec![here] });
    assert!(world.events.is_empty());
}
