//! Whether somebody speaks, from the audio levels that a publisher's packets carry (RFC 6464).
//!
//! Speech shows within a few packets, and ends after a pause longer than those between words. What is
//! told is coarse: a step of loudness, and a change of it only now and then.

use crate::api::Micros;

/// Time is counted in buckets of this length.
const BUCKET: u64 = 50_000;
/// Buckets looked back at before speech is taken to have ended.
const BUCKETS: usize = 16;
/// The most recent of them, which must hold enough speech for it to begin.
const ONSET_BUCKETS: usize = 8;
/// Two fifths of that time: longer than a click or a cough.
const ONSET: u32 = 160_000;
/// The faintest speech, in -dBov; a quiet room is fainter.
const FAINTEST: u8 = 35;
/// Decibels between two steps of loudness.
const STEP: i32 = 5;
/// Steps of loudness above silence, which is 0.
pub(crate) const LOUDEST: u8 = 7;
/// A loudness that changes is told again after this time, and only if it changed by this many steps.
const UPDATE_SPACING: u64 = 1_000_000;
const UPDATE_STEPS: u8 = 2;
/// What a packet stands for where its timestamps do not say, and at most.
const USUAL_PACKET: u64 = 20_000;
const LONGEST_PACKET: u64 = 60_000;
/// Smoothed levels are in this fraction of a decibel.
const FINE: i32 = 16;

/// The voice of one audio track.
#[derive(Debug, Default)]
pub(crate) struct Voice {
    /// Microseconds of speech by bucket, in a ring.
    speech: [u32; BUCKETS],
    /// Number of the newest bucket, since the clock's beginning.
    newest: u64,
    timestamp: Option<u32>,
    /// Of the packets with speech, in -dBov times `FINE`.
    level: i32,
    told: u8,
    told_at: Micros,
}

impl Voice {
    /// Takes note of a packet; `element` is its audio level element.
    pub fn hear(&mut self, now: Micros, element: &[u8], timestamp: u32, clock_rate: u32) {
        let Some(level) = element.first().map(|byte| byte & 0x7f) else { return };
        let ticks = self.timestamp.replace(timestamp).map_or(0, |before| timestamp.wrapping_sub(before));
        let elapsed = u64::from(ticks) * 1_000_000 / u64::from(clock_rate.max(1));
        let length = if (1..=LONGEST_PACKET).contains(&elapsed) { elapsed } else { USUAL_PACKET };
        self.advance(now);
        if level > FAINTEST {
            return;
        }
        let level = i32::from(level) * FINE;
        let is_first = self.speech.iter().all(|speech| *speech == 0);
        self.level = if is_first { level } else { self.level + (level - self.level) / 4 };
        self.speech[self.newest as usize % BUCKETS] += length as u32;
    }

    /// The step of loudness, 0 for silence, if there is something new to tell.
    pub fn announcement(&mut self, now: Micros) -> Option<u8> {
        if self.told == 0 && self.timestamp.is_none() {
            return None;
        }
        self.advance(now);
        let step = self.step();
        let is_told = if self.told == 0 || step == 0 {
            step != self.told
        } else {
            step.abs_diff(self.told) >= UPDATE_STEPS && now.0 >= self.told_at.0 + UPDATE_SPACING
        };
        if !is_told {
            return None;
        }
        (self.told, self.told_at) = (step, now);
        Some(step)
    }

    /// Whether speech was told of last.
    pub fn is_heard(&self) -> bool {
        self.told > 0
    }

    /// Forgets everything, as when the track is muted. True if silence is news.
    pub fn hush(&mut self) -> bool {
        core::mem::take(self).told > 0
    }

    fn step(&self) -> u8 {
        let recent = (0..ONSET_BUCKETS as u64)
            .filter_map(|back| self.newest.checked_sub(back))
            .map(|bucket| self.speech[bucket as usize % BUCKETS])
            .sum::<u32>();
        let speaks =
            if self.told > 0 { self.speech.iter().any(|speech| *speech > 0) } else { recent >= ONSET };
        if !speaks {
            return 0;
        }
        let above = i32::from(FAINTEST) - self.level / FINE;
        (1 + above / STEP).clamp(1, LOUDEST.into()) as u8
    }

    fn advance(&mut self, now: Micros) {
        let bucket = now.0 / BUCKET;
        let passed = bucket.saturating_sub(self.newest).min(BUCKETS as u64);
        for back in 0..passed {
            self.speech[(bucket - back) as usize % BUCKETS] = 0;
        }
        self.newest = self.newest.max(bucket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds 20 ms packets of these levels; what is told, with the packet it was told at.
    fn feed(voice: &mut Voice, levels: impl IntoIterator<Item = u8>, from: u64) -> Vec<(u64, u8)> {
        let mut told = Vec::new();
        for (at, level) in (from..).zip(levels) {
            let now = Micros(1_000_000 + at * 20_000);
            voice.hear(now, &[level | 0x80], at as u32 * 960, 48_000);
            told.extend(voice.announcement(now).map(|step| (at, step)));
        }
        told
    }

    #[test]
    fn loudness_comes_in_steps_of_five_decibels() {
        for (level, step) in [(0, 7), (4, 7), (7, 6), (12, 5), (22, 3), (31, 1), (35, 1)] {
            assert_eq!(feed(&mut Voice::default(), [level; 50], 0), [(7, step)], "-{level} dBov");
        }
        assert_eq!(feed(&mut Voice::default(), [36; 50], 0), []);
    }

    #[test]
    fn steady_speech_is_told_once_and_a_little_louder_is_not_news() {
        let mut voice = Voice::default();
        assert_eq!(feed(&mut voice, [24; 200], 0).len(), 1);
        assert_eq!(feed(&mut voice, [19; 200], 200), []);
        assert_eq!(feed(&mut voice, [9; 200], 400).len(), 1);
    }

    #[test]
    fn packets_of_sixty_milliseconds_count_for_what_they_are() {
        let mut voice = Voice::default();
        let told = (0..10_u64).find_map(|at| {
            let now = Micros(1_000_000 + at * 60_000);
            voice.hear(now, &[10], at as u32 * 2_880, 48_000);
            voice.announcement(now).map(|_| at)
        });
        assert_eq!(told, Some(3));
    }

    #[test]
    fn an_empty_element_and_a_clock_of_nothing_are_survived() {
        let mut voice = Voice::default();
        voice.hear(Micros(0), &[], 0, 0);
        voice.hear(Micros(0), &[0], u32::MAX, 0);
        voice.hear(Micros(0), &[0], 0, 0);
        voice.hear(Micros(u64::MAX / 2), &[0], 1, 1);
        assert_eq!(voice.announcement(Micros(u64::MAX / 2)), None);
    }
}
