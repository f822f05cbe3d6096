//! Sound in RED (RFC 2198): whole for those who have it, the new sound alone for the others.

use crate::peer::{AUDIO_LEVEL, Rtp, nack};
use crate::world::{AUDIO, RED, World, consumer, red_audio};
use offrecord_forwarder::api::{ConsumerOptions, PacketCore};
use offrecord_forwarder::{Command, Event};

/// What the subscribers of these tests call the publisher's payload types.
const TO_RED: [(u8, u8); 2] = [(AUDIO, 96), (RED, 97)];
const TO_OPUS: [(u8, u8); 1] = [(AUDIO, 96)];

fn sound(number: u8) -> Vec<u8> {
    vec![number; 3 + usize::from(number % 5)]
}

/// Frame `number`, behind the one before it.
fn red(number: u8, block_type: u8) -> Vec<u8> {
    let before = sound(number - 1);
    let header = [0x80 | block_type, 0x0f, 0, before.len() as u8, block_type];
    [&header[..], &before, &sound(number)].concat()
}

fn packet(number: u8, payload: Vec<u8>) -> Rtp {
    let extensions = vec![(AUDIO_LEVEL, vec![10])];
    Rtp {
        ssrc: 10,
        index: 500 + u64::from(number),
        timestamp: 1_000 + u32::from(number) * 960,
        payload_type: RED,
        marker: number == 1,
        extensions,
        payload,
    }
}

fn consume(world: &mut World, peer: u32, payload_types: &[(u8, u8)]) -> u32 {
    let payload_types = payload_types.to_vec();
    let options = ConsumerOptions { payload_types, ..consumer(peer, 7, peer) };
    let ssrc = options.ssrc;
    world.command(Command::CreateConsumer(options));
    ssrc
}

/// A publisher, a subscriber with RED, and one without.
fn room() -> World {
    let mut world = World::connected(3);
    world.produce(red_audio(7, 1, 10));
    consume(&mut world, 2, &TO_RED);
    consume(&mut world, 3, &TO_OPUS);
    world
}

#[test]
fn who_has_red_gets_it_whole_in_its_own_payload_types() {
    let mut world = room();
    for number in 1..=20 {
        world.send_rtp(0, &packet(number, red(number, AUDIO)));
    }
    let packets = world.peers[1].rtp();
    assert_eq!(packets.len(), 20);
    for (number, received) in (1..).zip(packets) {
        assert_eq!((received.payload_type, received.payload), (97, red(number, 96)));
    }
}

#[test]
fn who_has_opus_alone_gets_the_new_sound_of_every_packet() {
    let mut world = room();
    for number in 1..=20 {
        let payload = if number == 1 { [vec![AUDIO], sound(1)].concat() } else { red(number, AUDIO) };
        world.send_rtp(0, &packet(number, payload));
    }
    let packets = world.peers[2].rtp();
    assert_eq!(packets.len(), 20);
    for (number, received) in (1..).zip(&packets) {
        assert_eq!((received.payload_type, received.marker), (96, number == 1));
        assert_eq!(received.payload, sound(number));
        assert_eq!(received.extensions, [(9, vec![10])]);
    }
    assert!(packets.windows(2).all(|two| two[1].index == two[0].index + 1));
    assert!(packets.windows(2).all(|two| two[1].timestamp == two[0].timestamp + 960));
}

#[test]
fn opus_beside_red_is_the_same_track() {
    let mut world = room();
    for number in 1..=40 {
        let as_red = packet(number, red(number, AUDIO));
        let plain = Rtp { payload_type: AUDIO, payload: sound(number), ..as_red.clone() };
        world.send_rtp(0, if number % 2 == 0 { &plain } else { &as_red });
        world.advance(20_000);
    }
    let types: Vec<u8> = world.peers[1].rtp().iter().map(|received| received.payload_type).collect();
    assert_eq!(types, [97, 96].repeat(20));
    assert!(world.peers[2].rtp().iter().all(|received| received.payload_type == 96));
    assert_eq!(world.peers[2].rtp().len(), 40);
    let told = world.events.iter().filter(|event| matches!(event, Event::ProducerLayers { .. }));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [&Event::ProducerLayers { producer: 7, payload_type: RED, layers: 1 }]
    );
}

#[test]
fn malformed_red_is_dropped_for_everybody_and_leaves_no_gap() {
    let mut world = room();
    let broken = [
        vec![],
        vec![AUDIO],                                        // nothing new
        vec![0x80 | AUDIO, 0x0f, 0],                        // a header cut short
        vec![0x80 | AUDIO, 0x0f, 3, 0xff, AUDIO, 1],        // longer than the packet
        [red(3, AUDIO), vec![0; 3]].concat()[..8].to_vec(), // what is repeated, and nothing new
        red(5, RED),                                        // RED in RED
        red(5, 0),                                          // sound that was not agreed on
        [&[0xef, 0, 4, 0].repeat(300)[..], &[AUDIO, 1]].concat(),
    ];
    let dropped = world.forwarder.counters().packets_dropped;
    world.send_rtp(0, &packet(1, red(1, AUDIO)));
    for (number, payload) in (2..).zip(&broken) {
        world.send_rtp(0, &packet(number, payload.clone()));
    }
    let last = 2 + broken.len() as u8;
    world.send_rtp(0, &packet(last, red(last, AUDIO)));
    assert_eq!(world.forwarder.counters().packets_dropped - dropped, broken.len() as u64);
    for peer in [1, 2] {
        let packets = world.peers[peer].rtp();
        assert_eq!(packets.len(), 2);
        assert_eq!(packets[1].index, packets[0].index + 1);
    }
}

#[test]
fn what_was_stripped_is_sent_again_the_same_to_the_byte() {
    let mut world = room();
    for number in 1..=20 {
        world.send_rtp(0, &packet(number, red(number, AUDIO)));
        world.advance(20_000);
    }
    let lost = world.peers[2].rtp()[11].index as u16;
    world.send_rtcp(2, nack(1_003, &[lost]));
    let sealed = world.peers[2].sealed();
    assert_eq!(sealed.len(), 21);
    assert_eq!(sealed[20], sealed[11]);
}

#[test]
fn who_speaks_in_red_is_heard() {
    let mut world = room();
    for number in 1..=50 {
        world.send_rtp(0, &packet(number, red(number, AUDIO)));
        world.advance(20_000);
    }
    let is_speech = |event: &Event| matches!(event, Event::SpeakerLevel { producer: 7, level: 1.. });
    assert!(world.events.iter().any(is_speech));
}
