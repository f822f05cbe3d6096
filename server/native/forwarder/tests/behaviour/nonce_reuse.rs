//! One key, one SSRC, one index: one plaintext, for ever. AES-GCM breaks otherwise.

use crate::peer::{Rtp, nack};
use crate::world::{AUDIO, MILLISECOND, VIDEO, World, audio, consumer, video, vp8};
use core::time::Duration;
use offrecord_forwarder::api::Refusal;
use offrecord_forwarder::{Command, Event};
use offrecord_netem::{Loss, Profile};
use std::collections::HashMap;

#[test]
fn an_ssrc_that_is_used_again_goes_on_counting() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    let mut sent = 0;
    let mut send = |world: &mut World| {
        sent += 1;
        world.send_rtp(0, &Rtp { ssrc: 10, index: sent, payload_type: AUDIO, ..Rtp::default() });
    };
    for id in 1..4 {
        let mut options = consumer(id, 1, 2);
        options.ssrc = 5_000;
        world.command(Command::CreateConsumer(options));
        (0..10).for_each(|_| send(&mut world));
        world.command(Command::CloseConsumer { id });
        send(&mut world);
    }
    let packets = world.peers[1].rtp();
    assert_eq!(packets.len(), 30);
    assert!(packets.windows(2).all(|pair| pair[1].index == pair[0].index + 1));
}

#[test]
fn two_consumers_cannot_share_an_ssrc() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 10));
    world.consume(1, 1, 1);
    let options = offrecord_forwarder::api::ConsumerOptions { ssrc: 1_001, ..consumer(2, 1, 2) };
    world.command(Command::CreateConsumer(options));
    assert_eq!(world.events.last(), Some(&Event::Refused { id: 2, reason: Refusal::DuplicateId }));
}

#[test]
fn keys_are_set_once() {
    let mut world = World::connected(1);
    let keys = world.peers[0].set_keys();
    world.command(keys);
    assert_eq!(world.events.last(), Some(&Event::Refused { id: 1, reason: Refusal::DuplicateId }));
}

#[test]
fn a_bad_network_and_many_requests_never_yield_two_packets_of_one_number() {
    let mut world = World::connected(2);
    let up = Profile {
        loss: Loss::Random { share: 0.05 },
        duplicates: 0.05,
        delay: Duration::from_millis(5),
        jitter: Duration::from_millis(60),
        jitter_reorders: true,
        ..Profile::default()
    };
    world.set_paths(up, Profile::default());
    world.produce(video(1, 1, 20));
    let ssrc = world.consume(1, 1, 1);
    for index in 0..3_000_u64 {
        let payload = vp8(index % 40 == 0, index as u16, index as u8);
        let timestamp = index as u32 * 900;
        world.send_rtp(
            0,
            &Rtp {
                ssrc: 20,
                index: 65_000 + index,
                timestamp,
                payload_type: VIDEO,
                payload,
                ..Rtp::default()
            },
        );
        if index % 500 == 250 {
            let paused = index % 1_000 == 250;
            world.command(Command::PauseConsumer { id: 1, paused });
        }
        if index % 7 == 0 {
            let newest = world.peers[1].rtp().last().map_or(0, |packet| packet.index as u16);
            let sequences: Vec<u16> = (0..20).map(|back| newest.wrapping_sub(back * 3)).collect();
            world.send_rtcp(1, nack(ssrc, &sequences));
        }
        world.advance(10 * MILLISECOND);
    }
    let mut known: HashMap<u64, Vec<u8>> = HashMap::new();
    let packets = world.peers[1].rtp();
    let mut repeats = 0;
    for (packet, sealed) in packets.iter().zip(world.peers[1].sealed()) {
        let first = known.entry(packet.index).or_insert_with(|| sealed.clone());
        repeats += usize::from(!core::ptr::eq(first.as_ptr(), sealed.as_ptr()));
        assert_eq!(*first, sealed, "index {}", packet.index);
    }
    assert!(repeats > 100 && known.len() > 1_000, "{repeats} repeats of {}", known.len());
}
