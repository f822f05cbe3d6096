//! Nothing is sent to an address that no peer proved lately, whatever anybody sends.

use crate::crypto::binding_request;
use crate::peer::{Rtp, nack, picture_loss};
use crate::world::{AUDIO, MILLISECOND, SECOND, VIDEO, World, audio, video, vp8};
use core::net::SocketAddr;
use offrecord_forwarder::Command;
use std::collections::BTreeMap;

const PEERS: usize = 3;
/// Consent, and the period in which its end is noticed.
const PROOF: u64 = 30 * SECOND + 300 * MILLISECOND;
/// What one transport may have at a time.
const MOST_ADDRESSES: usize = 8;

fn world() -> World {
    let mut world = World::connected(PEERS as u32);
    world.produce(audio(1, 1, 10));
    world.produce(video(2, 2, 20));
    for (peer, id, producer) in [(1, 1, 1), (2, 2, 1), (0, 3, 2), (2, 4, 2)] {
        world.consume(peer, id, producer);
    }
    world
}

fn fresh(number: &mut u16) -> SocketAddr {
    *number += 1;
    SocketAddr::from(([203, 0, 113, (*number % 250) as u8], *number))
}

/// Sends what each peer has to send, from where it is now.
fn talk(world: &mut World, index: u64) {
    world.send_rtp(0, &Rtp { ssrc: 10, index, payload_type: AUDIO, ..Rtp::default() });
    let payload = vp8(index.is_multiple_of(30), index as u16, 0);
    world.send_rtp(1, &Rtp { ssrc: 20, index, payload_type: VIDEO, payload, ..Rtp::default() });
    world.send_rtcp(2, nack(1_004, &[index as u16, index.wrapping_sub(1) as u16]));
    world.send_rtcp(0, picture_loss(1_003));
}

#[test]
fn every_destination_was_proved() {
    let mut world = world();
    let mut number = 1_000;
    let mut proved: BTreeMap<SocketAddr, u64> =
        world.peers.iter().map(|peer| (peer.address, world.now)).collect();
    let mut captured: Vec<Vec<u8>> = Vec::new();
    world.destinations.clear();
    for index in 0..4_000_u64 {
        let peer = world.random.below(PEERS as u64) as usize;
        let stranger = fresh(&mut number);
        match world.random.below(12) {
            // A participant stays, or moves with a nomination or without, or asks from a second address.
            0..=2 => {
                let check = world.peers[peer].check(true);
                proved.insert(world.peers[peer].address, world.now);
                captured.push(check.clone());
                world.deliver(world.peers[peer].address, check);
            }
            3 => {
                let nominates = world.random.below(2) == 0;
                let check = world.peers[peer].check(nominates);
                proved.insert(stranger, world.now);
                world.deliver(stranger, check);
                if nominates {
                    world.peers[peer].address = stranger;
                }
            }
            // Somebody copies its request, makes one without the password, or sends what it would send.
            4 if !captured.is_empty() => {
                let newest = captured.len() - 1;
                world.deliver(stranger, captured[newest].clone());
            }
            5 => {
                let username = format!("local{}:remote", peer + 1);
                let attributes: [(u16, &[u8]); 2] = [(0x802a, &[1; 8]), (0x0025, &[])];
                let mut transaction = [0; 12];
                transaction[4..].copy_from_slice(&index.to_be_bytes());
                world.deliver(stranger, binding_request(&username, b"a guess", transaction, &attributes));
            }
            6 => {
                let sealed = world.peers[peer].seal(&Rtp {
                    ssrc: 10 * (peer as u32 + 1),
                    index: index + 1,
                    payload_type: AUDIO,
                    ..Rtp::default()
                });
                world.deliver(stranger, sealed);
            }
            7 => world.deliver(stranger, vec![22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            8 => {
                let datagram = (0..world.random.below(200)).map(|at| at as u8).collect();
                world.deliver(stranger, datagram);
            }
            9 if index % 500 == 9 => world.advance(35 * SECOND),
            _ => talk(&mut world, index),
        }
        world.command(Command::SendDtls { id: peer as u32 + 1, datagram: vec![22; 40] });
        let pause = world.random.below(100 * MILLISECOND);
        world.advance(pause);
        world.peers.iter_mut().for_each(|peer| peer.received.clear());
        for (to, sent) in core::mem::take(&mut world.destinations) {
            let at = proved.get(&to).unwrap_or_else(|| panic!("step {index}: {to} proved nothing"));
            assert!(sent < at + PROOF, "step {index}: {to} proved nothing lately");
        }
    }
}

#[test]
fn a_transport_has_few_addresses_at_a_time() {
    let mut world = world();
    let mut number = 1_000;
    let addresses: Vec<SocketAddr> = (0..3 * MOST_ADDRESSES).map(|_| fresh(&mut number)).collect();
    for &address in &addresses {
        let check = world.peers[0].check(false);
        world.deliver(address, check);
    }
    let mut heard = 0;
    for (index, &address) in (1..).zip(&addresses) {
        let before = world.peers[1].rtp().len();
        let sealed = world.peers[0].seal(&Rtp { ssrc: 10, index, payload_type: AUDIO, ..Rtp::default() });
        world.deliver(address, sealed);
        heard += world.peers[1].rtp().len() - before;
    }
    // Its first one, which it nominated, keeps a place.
    assert_eq!(heard, MOST_ADDRESSES - 1);
}
