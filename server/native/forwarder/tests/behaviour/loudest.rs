//! Where only so many voices of a room are forwarded, they are the loudest, and each stream stays whole.

use crate::peer::{AUDIO_LEVEL, Rtp};
use crate::world::{AUDIO, MILLISECOND, World, audio};
use offrecord_forwarder::Event;
use offrecord_forwarder::api::{Command, ProducerOptions};

const PACKET: u64 = 20 * MILLISECOND;
const SILENCE: u8 = 127;
const SPEECH: u8 = 22;
const SPEAKERS: u32 = 3;
const LISTENER: usize = 3;

/// Three speakers in a room with one place, and somebody who listens to all of them.
struct Hall {
    world: World,
    packets: [u64; SPEAKERS as usize],
}

fn voice(id: u32, most_voices: usize) -> ProducerOptions {
    ProducerOptions { room: 9, most_voices, ..audio(id, id, id * 10) }
}

impl Hall {
    fn new(most_voices: usize) -> Self {
        let mut world = World::connected(4);
        for speaker in 1..=SPEAKERS {
            world.produce(voice(speaker, most_voices));
            world.consume(LISTENER, speaker, speaker);
        }
        Self { world, packets: [0; SPEAKERS as usize] }
    }

    /// A packet of each speaker, with such a level in it.
    fn speak(&mut self, levels: [Option<u8>; SPEAKERS as usize]) {
        for (speaker, level) in levels.into_iter().enumerate() {
            self.packets[speaker] += 1;
            let index = self.packets[speaker];
            self.world.send_rtp(
                speaker,
                &Rtp {
                    ssrc: (speaker as u32 + 1) * 10,
                    index,
                    timestamp: index as u32 * 960,
                    payload_type: AUDIO,
                    extensions: level.map(|level| (AUDIO_LEVEL, vec![level])).into_iter().collect(),
                    ..Rtp::default()
                },
            );
        }
        self.world.advance(PACKET);
    }

    /// Timestamps of all that the listener got of a speaker, as numbers of that speaker's packets.
    fn heard_of(&self, speaker: u32) -> Vec<u32> {
        let packets =
            self.world.peers[LISTENER].rtp().into_iter().filter(|packet| packet.ssrc == 1_000 + speaker);
        let packets: Vec<Rtp> = packets.collect();
        assert!(packets.windows(2).all(|pair| pair[1].index == pair[0].index + 1), "a gap looks like a loss");
        let first = packets.first().map_or(0, |packet| packet.timestamp);
        packets.iter().map(|packet| packet.timestamp.wrapping_sub(first) / 960).collect()
    }
}

const ONE: usize = 1;

#[test]
fn without_a_limit_everybody_is_forwarded() {
    let mut hall = Hall::new(0);
    (0..10).for_each(|_| hall.speak([Some(SPEECH); 3]));
    assert!((1..=SPEAKERS).all(|speaker| hall.heard_of(speaker).len() == 10));
}

#[test]
fn the_loudest_is_forwarded_from_its_first_loud_packet_on_and_the_others_are_not() {
    let mut hall = Hall::new(ONE);
    (0..10).for_each(|_| hall.speak([Some(SPEECH), Some(SILENCE), Some(SILENCE)]));
    assert_eq!(hall.heard_of(1).len(), 10);
    (0..100).for_each(|_| hall.speak([Some(SILENCE), Some(SPEECH), Some(SILENCE)]));
    let second = hall.heard_of(2).len();
    assert!((50..100).contains(&second), "{second}: a pause keeps a place, for a while");
    assert!(hall.heard_of(3).is_empty());
}

#[test]
fn who_is_heard_again_has_numbers_without_a_gap_and_time_that_went_on() {
    let mut hall = Hall::new(ONE);
    hall.speak([Some(SPEECH), Some(SILENCE), Some(SILENCE)]);
    (0..200).for_each(|_| hall.speak([Some(SILENCE), Some(SPEECH), Some(SILENCE)]));
    (0..200).for_each(|_| hall.speak([Some(SPEECH), Some(SILENCE), Some(SILENCE)]));
    let heard = hall.heard_of(1);
    let gap = heard.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(gap.is_some_and(|gap| gap > 100), "{gap:?}: the pause shows in its timestamps");
    assert_eq!(heard.last(), Some(&400));
}

#[test]
fn a_voice_without_levels_is_always_forwarded_and_takes_no_place() {
    let mut hall = Hall::new(ONE);
    (0..10).for_each(|_| hall.speak([None, Some(SPEECH), Some(SILENCE)]));
    assert_eq!(hall.heard_of(1).len(), 10);
    assert_eq!(hall.heard_of(2).len(), 10);
    assert!(hall.heard_of(3).is_empty());
}

#[test]
fn who_is_muted_or_gone_leaves_its_place_at_once() {
    for end in [Command::PauseProducer { id: 1, paused: true }, Command::CloseProducer { id: 1 }] {
        let mut hall = Hall::new(ONE);
        hall.speak([Some(0), Some(60), Some(SILENCE)]);
        assert!(hall.heard_of(2).is_empty());
        hall.world.command(end);
        hall.speak([Some(0), Some(60), Some(SILENCE)]);
        assert_eq!(hall.heard_of(2).len(), 1);
    }
}

#[test]
fn rooms_have_places_of_their_own_and_speakers_are_told_all_the_same() {
    let mut world = World::connected(2);
    for (id, room) in [(1, 7), (2, 8)] {
        world.produce(ProducerOptions { room, most_voices: 1, ..audio(id, 1, id * 10) });
        world.consume(1, id, id);
    }
    for index in 1..=20 {
        for ssrc in [10, 20] {
            let extensions = vec![(AUDIO_LEVEL, vec![SPEECH])];
            let timestamp = index as u32 * 960;
            world.send_rtp(
                0,
                &Rtp { ssrc, index, timestamp, payload_type: AUDIO, extensions, ..Rtp::default() },
            );
        }
        world.advance(PACKET);
    }
    assert_eq!(world.peers[1].rtp().len(), 40);
    let told = world.events.iter().filter(|event| matches!(event, Event::SpeakerLevel { level: 1.., .. }));
    assert_eq!(told.count(), 2);
}
