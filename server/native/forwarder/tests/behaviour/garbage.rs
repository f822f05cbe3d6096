//! Nothing that arrives makes the core panic, from strangers or from authenticated peers.

use crate::peer::{MID, RID, Rtp};
use crate::world::{AUDIO, MILLISECOND, VIDEO, World, audio, simulcast, video};
use offrecord_forwarder::Command;
use offrecord_netem::Random;

fn world() -> World {
    let mut world = World::connected(3);
    world.produce(audio(1, 1, 10));
    world.produce(simulcast(2, 1));
    world.produce(video(3, 2, 20));
    for (peer, id, producer) in [(1, 1, 1), (1, 2, 2), (2, 3, 1), (2, 4, 2), (2, 5, 3), (0, 6, 3)] {
        world.consume(peer, id, producer);
    }
    world
}

fn noise(random: &mut Random, limit: u64) -> Vec<u8> {
    (0..random.below(limit)).map(|_| random.draw() as u8).collect()
}

#[test]
fn noise_from_strangers_and_peers() {
    let mut world = world();
    let mut random = Random(42);
    for round in 0..60_000 {
        let mut datagram = noise(&mut random, 120);
        if let Some(first) = datagram.first_mut() {
            *first = [0, 20, 128, 144][random.below(4) as usize];
        }
        let from = world.peers[round % 3].address;
        world.deliver(if round % 5 == 0 { "203.0.113.1:1".parse().unwrap() } else { from }, datagram);
    }
    world.advance(1_000 * MILLISECOND);
}

#[test]
fn changed_checks() {
    let mut world = world();
    let mut random = Random(43);
    for _ in 0..20_000 {
        let mut check = world.peers[0].check(true);
        for _ in 0..=random.below(3) {
            let at = random.below(check.len() as u64) as usize;
            check[at] = random.draw() as u8;
        }
        check.truncate(check.len() - random.below(4) as usize);
        world.deliver(world.peers[0].address, check);
    }
}

#[test]
fn authentic_nonsense() {
    let mut world = world();
    let mut random = Random(44);
    for round in 0..30_000_u64 {
        let peer = (round % 3) as usize;
        let ssrc = [10, 20, 30 + random.below(400) as u32, random.draw() as u32][random.below(4) as usize];
        let rids: [&[u8]; 4] = [b"q", b"h", b"f", b"?"];
        let extensions = match random.below(3) {
            0 => vec![],
            1 => vec![(MID, b"1".to_vec()), (RID, rids[random.below(4) as usize].to_vec())],
            _ => vec![
                (MID, b"0".to_vec()),
                (1 + random.below(14) as u8, vec![random.draw() as u8; 1 + random.below(16) as usize]),
            ],
        };
        let packet = Rtp {
            ssrc,
            index: round + random.below(3) * random.below(30_000),
            timestamp: random.draw() as u32,
            payload_type: [AUDIO, VIDEO, random.below(128) as u8][random.below(3) as usize],
            marker: random.below(2) == 0,
            extensions,
            payload: noise(&mut random, 40),
        };
        let mut sealed = world.peers[peer].seal(&packet);
        if (192..224).contains(&sealed[1]) {
            sealed[1] &= 0x7f;
        }
        world.send(peer, sealed);
        let mut compound = vec![
            0x80 | random.below(32) as u8,
            200 + random.below(8) as u8,
            0,
            random.below(12) as u8,
            0,
            0,
            0,
            1,
        ];
        compound.extend([0, 0, 3, 0xe8 + random.below(8) as u8]);
        compound.extend(noise(&mut random, 80));
        world.send_rtcp(peer, compound);
        if round % 50 == 0 {
            let id = 1 + random.below(6) as u32;
            let command = match random.below(6) {
                0 => Command::PauseConsumer { id, paused: random.below(2) == 0 },
                1 => Command::SetPreferredLayer {
                    id,
                    layer: random.below(5) as u8,
                    frame_rate: random.below(40) as u8,
                },
                2 => Command::PauseProducer { id, paused: random.below(2) == 0 },
                3 => Command::RequestKeyFrame { id },
                4 => Command::ListReceivers { id, sequence: round as u32 },
                _ => Command::CloseConsumer { id: 100 },
            };
            world.command(command);
        }
        world.advance(random.below(5) * MILLISECOND);
        world.peers.iter_mut().for_each(|peer| peer.received.clear());
        world.events.clear();
    }
}
