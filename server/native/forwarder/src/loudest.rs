//! Which voices of a room are forwarded, where there are more than anybody can follow: the loudest.
//!
//! By the audio levels that packets carry (RFC 6464). A pause between words keeps the place of who spoke, and of
//! voices that are about as loud the one that is forwarded stays.

use crate::api::Micros;

/// Of RFC 6464: levels are from 0, the loudest, to this, in -dBov.
const SILENCE: u8 = 127;
/// Decibels that a voice must be louder by to take the place of another.
const MARGIN: u64 = 6;
/// Microseconds in which a voice that pauses loses a decibel.
const FADE: u64 = 25_000;

/// What becomes of a packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is forwarded.
    Has,
    /// From this packet on; the other producer has lost its place to it.
    Takes(usize),
    /// It is not forwarded.
    Lacks,
}

#[derive(Debug)]
struct Heard {
    producer: usize,
    /// When it has faded to silence if nothing more is heard: the later, the louder.
    fades_until: Micros,
}

/// The voices of one room that have a place.
#[derive(Debug, Default)]
pub(crate) struct Loudest {
    heard: Vec<Heard>,
}

impl Loudest {
    /// Takes note of a packet of a producer, where so many have a place. `level` is in -dBov.
    pub fn hear(&mut self, now: Micros, producer: usize, level: u8, places: usize) -> Place {
        let loudness = u64::from(SILENCE - level.min(SILENCE));
        let fades_until = Micros(now.0.saturating_add(loudness * FADE));
        if let Some(heard) = self.heard.iter_mut().find(|heard| heard.producer == producer) {
            heard.fades_until = heard.fades_until.max(fades_until);
            return Place::Has;
        }
        let new = Heard { producer, fades_until };
        if self.heard.len() < places {
            self.heard.push(new);
            return Place::Has;
        }
        let Some(quietest) = self.heard.iter_mut().min_by_key(|heard| heard.fades_until) else {
            return Place::Lacks;
        };
        if fades_until.0 < quietest.fades_until.max(now).0.saturating_add(MARGIN * FADE) {
            return Place::Lacks;
        }
        Place::Takes(core::mem::replace(quietest, new).producer)
    }

    /// A producer is gone or muted. True if nobody has a place any more.
    pub fn leave(&mut self, producer: usize) -> bool {
        self.heard.retain(|heard| heard.producer != producer);
        self.heard.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: u64 = 20_000;

    fn at(packet: u64) -> Micros {
        Micros(1_000_000 + packet * PACKET)
    }

    #[test]
    fn while_there_are_places_everybody_has_one() {
        let mut room = Loudest::default();
        for producer in 0..3 {
            assert_eq!(room.hear(at(0), producer, SILENCE, 3), Place::Has);
        }
        assert_eq!(room.hear(at(0), 3, SILENCE, 3), Place::Lacks);
    }

    #[test]
    fn who_begins_to_speak_takes_the_place_of_who_is_silent_with_the_first_packet() {
        let mut room = Loudest::default();
        room.hear(at(0), 0, 20, 2);
        room.hear(at(0), 1, SILENCE, 2);
        assert_eq!(room.hear(at(1), 2, 40, 2), Place::Takes(1));
        assert_eq!(room.hear(at(2), 2, 40, 2), Place::Has);
        assert_eq!(room.hear(at(2), 1, SILENCE, 2), Place::Lacks);
    }

    #[test]
    fn of_voices_that_are_about_as_loud_the_one_that_is_heard_stays() {
        let mut room = Loudest::default();
        let mut changes = 0;
        for packet in 0..500 {
            for (producer, level) in [(0, 30 + (packet % 5) as u8), (1, 32 - (packet % 5) as u8)] {
                changes += u32::from(matches!(room.hear(at(packet), producer, level, 1), Place::Takes(_)));
            }
        }
        assert_eq!(changes, 0);
    }

    #[test]
    fn a_pause_between_words_keeps_a_place_and_a_long_one_does_not() {
        let mut room = Loudest::default();
        room.hear(at(0), 0, 20, 1);
        for packet in 1..=10 {
            room.hear(at(packet), 0, SILENCE, 1);
            assert_eq!(room.hear(at(packet), 1, 25, 1), Place::Lacks);
        }
        let taken = (11..100).find(|&packet| {
            room.hear(at(packet), 0, SILENCE, 1);
            room.hear(at(packet), 1, 25, 1) == Place::Takes(0)
        });
        assert!(taken.is_some_and(|packet| packet < 30), "{taken:?}");
    }

    #[test]
    fn who_leaves_makes_room() {
        let mut room = Loudest::default();
        room.hear(at(0), 0, 10, 1);
        assert_eq!(room.hear(at(1), 1, 60, 1), Place::Lacks);
        assert!(room.leave(0));
        assert_eq!(room.hear(at(2), 1, 60, 1), Place::Has);
        assert!(!room.leave(7));
    }

    #[test]
    fn levels_that_nobody_defined_and_rooms_without_places_are_survived() {
        let mut room = Loudest::default();
        assert_eq!(room.hear(Micros(0), 0, u8::MAX, 0), Place::Lacks);
        assert_eq!(room.hear(Micros(u64::MAX), 0, 0, 1), Place::Has);
        assert_eq!(room.hear(Micros(0), 1, 0, 1), Place::Lacks);
    }
}
