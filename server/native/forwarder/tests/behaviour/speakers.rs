//! Who speaks is told in coarse steps: soon when speech begins, after a pause when it ends, and rarely
//! in between.

use crate::peer::{AUDIO_LEVEL, Rtp};
use crate::world::{AUDIO, MILLISECOND, SECOND, World, audio, video};
use offrecord_forwarder::Event;
use offrecord_forwarder::api::{Command, PacketCore};

const SILENCE: u8 = 127;
const SPEECH: u8 = 22;
const PACKET: u64 = 20 * MILLISECOND;

/// A speaking peer; times at which levels were told, since the beginning.
struct Speaker {
    world: World,
    index: u64,
    began: u64,
}

impl Speaker {
    fn new() -> Self {
        let mut world = World::connected(1);
        world.produce(audio(1, 1, 10));
        let began = world.now;
        Self { world, index: 0, began }
    }

    /// 20 ms packets for so long; what was told meanwhile, in milliseconds since the beginning.
    fn sound(&mut self, duration: u64, level: impl Fn(u64) -> u8) -> Vec<(u64, u8)> {
        let mut told = Vec::new();
        for packet in 0..duration / PACKET {
            let extensions = vec![(AUDIO_LEVEL, vec![level(packet)])];
            self.index += 1;
            let timestamp = self.index as u32 * 960;
            self.world.send_rtp(
                0,
                &Rtp {
                    ssrc: 10,
                    index: self.index,
                    timestamp,
                    payload_type: AUDIO,
                    extensions,
                    ..Rtp::default()
                },
            );
            told.extend(self.told());
            self.world.advance(PACKET);
            told.extend(self.told());
        }
        told
    }

    fn told(&mut self) -> Vec<(u64, u8)> {
        let at = (self.world.now - self.began) / MILLISECOND;
        let levels = self.world.events.drain(..).filter_map(|event| match event {
            Event::SpeakerLevel { producer: 1, level } => Some((at, level)),
            _ => None,
        });
        levels.collect()
    }
}

#[test]
fn speech_is_told_within_a_quarter_of_a_second_and_its_end_within_one() {
    let mut speaker = Speaker::new();
    assert_eq!(speaker.sound(SECOND, |_| SILENCE), []);
    let told = speaker.sound(2 * SECOND, |_| SPEECH);
    assert!(matches!(told[..], [(1_000..=1_250, 3)]), "{told:?}");
    let told = speaker.sound(2 * SECOND, |_| SILENCE);
    assert!(matches!(told[..], [(3_500..=4_000, 0)]), "{told:?}");
}

#[test]
fn pauses_between_words_end_nothing() {
    let mut speaker = Speaker::new();
    let told = speaker.sound(20 * SECOND, |packet| if packet % 50 < 25 { SPEECH } else { SILENCE });
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_click_is_no_speech() {
    let mut speaker = Speaker::new();
    assert_eq!(speaker.sound(10 * SECOND, |packet| if packet % 50 < 5 { 5 } else { SILENCE }), []);
}

#[test]
fn who_stops_sending_stops_speaking() {
    let mut speaker = Speaker::new();
    speaker.sound(SECOND, |_| SPEECH);
    speaker.world.advance(2 * SECOND);
    assert!(matches!(speaker.told()[..], [(_, 0)]));
}

#[test]
fn a_muted_voice_is_silent_at_once_and_begins_anew() {
    let mut speaker = Speaker::new();
    speaker.sound(SECOND, |_| SPEECH);
    let now = speaker.world.now;
    speaker.world.command(Command::PauseProducer { id: 1, paused: true });
    assert_eq!(speaker.world.now, now);
    assert!(matches!(speaker.told()[..], [(_, 0)]));
    assert_eq!(speaker.sound(SECOND, |_| SPEECH), [], "a paused producer is not listened to");
    speaker.world.command(Command::PauseProducer { id: 1, paused: false });
    assert_eq!(speaker.sound(SECOND, |_| SPEECH).len(), 1);
}

#[test]
fn a_voice_that_jumps_about_is_told_at_most_once_a_second() {
    let mut speaker = Speaker::new();
    let told = speaker.sound(20 * SECOND, |packet| if packet % 20 < 10 { 2 } else { 33 });
    assert!((2..=21).contains(&told.len()), "{told:?}");
    assert!(told.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 1_000), "{told:?}");
}

#[test]
fn only_audio_speaks_and_only_with_the_extension() {
    let mut world = World::connected(1);
    world.produce(video(1, 1, 10));
    world.produce(audio(2, 1, 20));
    for index in 0..100 {
        let (ssrc, payload_type, extensions) =
            if index % 2 == 0 { (10, 96, vec![(AUDIO_LEVEL, vec![SPEECH])]) } else { (20, AUDIO, vec![]) };
        let packet = Rtp { ssrc, payload_type, extensions, index, ..Rtp::default() };
        world.send_rtp(0, &packet);
        world.advance(10 * MILLISECOND);
    }
    assert_eq!(world.forwarder.counters().packets_received, 101);
    assert!(!world.events.iter().any(|event| matches!(event, Event::SpeakerLevel { .. })));
}
