//! A peer that begins ICE anew keeps its keys, its streams and, until it has another, its path.

use crate::peer::Rtp;
use crate::world::{AUDIO, SECOND, World, audio};
use core::net::SocketAddr;
use offrecord_forwarder::Event;
use offrecord_forwarder::api::{Command, PacketCore};

fn world() -> World {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    world
}

fn send(world: &mut World, index: u64) -> usize {
    world.send_rtp(0, &Rtp { ssrc: 10, index, payload_type: AUDIO, ..Rtp::default() });
    world.peers[1].rtp().len()
}

fn restart(world: &mut World) {
    let command = world.peers[1].restart();
    world.command(command);
}

/// Whether a check with credentials of that generation is answered.
fn is_answered(world: &mut World, generation: u32, from: SocketAddr) -> bool {
    let current = core::mem::replace(&mut world.peers[1].generation, generation);
    let check = world.peers[1].check(true);
    world.peers[1].generation = current;
    let dropped = world.forwarder.counters().packets_dropped;
    world.deliver(from, check);
    world.forwarder.counters().packets_dropped == dropped
}

#[test]
fn media_goes_on_by_the_old_path_and_moves_to_the_new_one() {
    let mut world = world();
    let (before, after) = (world.peers[1].address, SocketAddr::from(([198, 51, 100, 9], 4_000)));
    restart(&mut world);
    assert_eq!(send(&mut world, 1), 1);
    assert!(is_answered(&mut world, 1, after));
    assert_eq!(send(&mut world, 2), 1, "it left the old path");
    world.peers[1].address = after;
    assert_eq!(send(&mut world, 3), 2);
    assert_ne!(before, after);
}

#[test]
fn nothing_is_set_up_anew() {
    let mut world = world();
    world.events.clear();
    restart(&mut world);
    let address = world.peers[1].address;
    assert!(is_answered(&mut world, 1, address));
    assert_eq!(send(&mut world, 1), 1);
    assert!(!world.events.iter().any(|event| matches!(
        event,
        Event::Reachable { .. } | Event::ConsentExpired { .. } | Event::Refused { .. }
    )));
}

#[test]
fn checks_from_before_count_until_the_first_of_the_new() {
    let mut world = world();
    let address = world.peers[1].address;
    restart(&mut world);
    assert!(is_answered(&mut world, 0, address));
    world.advance(29 * SECOND);
    assert!(is_answered(&mut world, 0, address), "consent lasts by them");
    assert!(is_answered(&mut world, 1, address));
    assert!(!is_answered(&mut world, 0, address));
}

#[test]
fn of_restarts_in_a_row_the_last_counts_and_what_was_in_use() {
    let mut world = world();
    let address = world.peers[1].address;
    (0..3).for_each(|_| restart(&mut world));
    assert!(is_answered(&mut world, 0, address));
    assert!(!is_answered(&mut world, 1, address));
    assert!(!is_answered(&mut world, 2, address));
    assert!(is_answered(&mut world, 3, address));
}

#[test]
fn nobody_elses_credentials_are_taken() {
    let mut world = world();
    let taken = world.peers[0].create_transport();
    let Command::CreateTransport { local_ufrag, local_pwd, .. } = taken else { unreachable!() };
    world.command(Command::RestartIce { id: 2, local_ufrag, local_pwd });
    let (first, second) = (world.peers[0].address, world.peers[1].address);
    let check = world.peers[0].check(true);
    world.deliver(first, check);
    assert!(is_answered(&mut world, 0, second));
    assert_eq!(send(&mut world, 1), 1);
}

#[test]
fn a_transport_that_is_gone_leaves_no_credentials() {
    let mut world = world();
    let address = world.peers[1].address;
    restart(&mut world);
    world.command(Command::CloseTransport { id: 2 });
    assert!(!is_answered(&mut world, 0, address));
    assert!(!is_answered(&mut world, 1, address));
    world.events.clear();
    restart(&mut world);
    assert!(world.events.is_empty());
}
