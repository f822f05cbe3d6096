//! When a path is full. Packets then wait longer and longer, or so long that some are lost, and what arrives meanwhile
//! is what the path carries, to the percent, long before an estimate has come down to that.

use crate::api::Micros;

/// Arrivals are looked at over so much time on the peer's clock: after a moment without a network everything arrives
/// at once, and that is no measure.
const SPAN: u64 = 100_000;
/// Packets of them at least.
const LEAST_PACKETS: u64 = 8;
/// A path is full where all packets wait for so long and longer than before by so much, or some are lost as well.
const LONG_QUEUE: i64 = 120_000;
const GROWTH: i64 = 30_000;
const LOSS: u64 = 5;
/// A short queue is full where so many of 100 are lost, and those that arrive have waited.
const SHORT_QUEUE: i64 = 30_000;
const HEAVY_LOSS: u64 = 25;
/// Of what arrives, in percent: less, so that the queue shrinks.
const DRAIN: u64 = 90;
/// The same where it has not shrunk since that was found.
const DRAIN_MORE: u64 = 85;
/// What was found holds for so long: estimates do not know it yet, and then look at a queue that still drains.
const HOLD: u64 = 3_000_000;
/// What is sent so soon after that meets the same queue, and tells nothing new.
const BLIND: u64 = 500_000;
/// It is beyond doubt for so long.
const FRESH: u64 = 500_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Saturation {
    window: Window,
    /// The delay of the window before.
    before: Option<i64>,
    /// What it carries, in bits a second, and when that was found.
    found: Option<(Micros, u64)>,
}

/// What was told of packets lately. Times of arrival are the peer's.
#[derive(Debug, Default)]
struct Window {
    first: Option<u64>,
    last: u64,
    /// Of all but the first.
    bytes: u64,
    arrived: u64,
    lost: u64,
    delay: Option<i64>,
}

impl Saturation {
    /// A packet that left then arrived, by the peer's clock, or was lost.
    pub fn note(&mut self, left: Micros, bytes: usize, arrival: Option<u64>) {
        if self.found.is_some_and(|(at, _)| left.0 < at.0 + BLIND) {
            return;
        }
        let window = &mut self.window;
        let Some(arrival) = arrival else {
            window.lost += 1;
            return;
        };
        window.arrived += 1;
        window.bytes += if window.first.is_some() { bytes as u64 } else { 0 };
        window.first = Some(window.first.map_or(arrival, |first| first.min(arrival)));
        window.last = window.last.max(arrival);
        let delay = arrival.cast_signed().wrapping_sub(left.0.cast_signed());
        window.delay = Some(window.delay.map_or(delay, |known| known.min(delay)));
    }

    /// That was one report; `least` is how long packets are on their way where nothing waits, by the same clocks, and
    /// so many bits a second are sent beside, of which nothing is told.
    pub fn report(&mut self, now: Micros, least: Option<i64>, beside: u64) {
        let (Some(first), Some(delay)) = (self.window.first, self.window.delay) else { return };
        let span = self.window.last - first;
        if span < SPAN || self.window.arrived < LEAST_PACKETS {
            return;
        }
        let Window { bytes, arrived, lost, .. } = core::mem::take(&mut self.window);
        let waits = least.map_or(0, |least| delay.saturating_sub(least));
        let grows = self.before.replace(delay).is_some_and(|before| delay.saturating_sub(before) > GROWTH);
        let loses = |percent| lost * 100 >= percent * (lost + arrived);
        if (waits > LONG_QUEUE && (grows || loses(LOSS))) || (waits > SHORT_QUEUE && loses(HEAVY_LOSS)) {
            // What is sent beside is lost likewise now, and is to arrive.
            let displaced = beside * lost / (lost + arrived);
            let carried = (bytes * 8_000_000 / span).saturating_sub(displaced);
            let share = if self.holds(now) { DRAIN_MORE } else { DRAIN };
            self.found = Some((now, carried * share / 100));
            self.before = None;
        }
    }

    /// An estimate in bits a second, made right.
    pub fn correct(&self, now: Micros, estimate: u64) -> u64 {
        self.found.filter(|_| self.holds(now)).map_or(estimate, |(_, carried)| carried)
    }

    /// Whether the path was found full so lately that its queue may be long.
    pub fn holds(&self, now: Micros) -> bool {
        self.found.is_some_and(|(at, _)| now.0 < at.0 + HOLD)
    }

    /// Whether the path was found full just now.
    pub fn is_certain(&self, now: Micros) -> bool {
        self.found.is_some_and(|(at, _)| now.0 < at.0 + FRESH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Option<i64> = Some(20_000);

    /// So many packets of 1,250 bytes, sent every 5 ms and passed on every `each`; every `loses`th is lost. The waiting
    /// time of the first is given.
    fn send(saturation: &mut Saturation, from: u64, count: u64, each: u64, waits: u64, loses: u64) {
        for at in 0..count {
            let left = from + at * 5_000;
            let is_lost = loses > 0 && at % loses == 0;
            let arrival = from + 20_000 + waits + at * each;
            saturation.note(Micros(left), 1_250, (!is_lost).then_some(arrival));
            if at % 10 == 9 {
                saturation.report(Micros(arrival + 20_000), LEAST, 0);
            }
        }
    }

    #[test]
    fn where_packets_wait_longer_and_longer_what_arrives_is_what_is_carried() {
        let mut saturation = Saturation::default();
        send(&mut saturation, 0, 200, 5_000, 0, 0);
        assert_eq!(saturation.correct(Micros(1_000_000), 2_000_000), 2_000_000);
        send(&mut saturation, 1_000_000, 60, 20_000, 0, 0);
        let now = Micros(1_000_000 + 60 * 20_000);
        assert_eq!(saturation.correct(now, 2_000_000), 450_000, "500 kbit/s and a little less");
        assert_eq!(saturation.correct(now, 100_000), 450_000);
        assert_eq!(saturation.correct(Micros(now.0 + HOLD), 2_000_000), 2_000_000);
    }

    #[test]
    fn a_full_queue_is_known_by_its_losses_a_long_path_is_not_full() {
        let mut saturation = Saturation::default();
        send(&mut saturation, 0, 200, 5_000, 200_000, 0);
        assert!(saturation.found.is_none());
        send(&mut saturation, 1_000_000, 100, 5_000, 200_000, 10);
        assert!(saturation.found.is_some());
    }

    #[test]
    fn what_is_sent_beside_is_left_its_room() {
        let mut saturation = Saturation::default();
        let lose = |saturation: &mut Saturation, beside| {
            for at in 0..100_u64 {
                let arrival = (at % 2 == 0).then_some(at * 5_000 + 300_000);
                saturation.note(Micros(at * 5_000), 1_250, arrival);
            }
            saturation.report(Micros(900_000), LEAST, beside);
        };
        lose(&mut saturation, 100_000);
        assert_eq!(saturation.correct(Micros(900_000), 0), 855_000, "half of it is lost by now");
    }

    #[test]
    fn losses_alone_and_a_moment_without_a_network_are_no_full_path() {
        let mut saturation = Saturation::default();
        send(&mut saturation, 0, 400, 5_000, 0, 3);
        for at in 0..40_u64 {
            // Everything of 200 ms arrives at their end.
            saturation.note(Micros(3_000_000 + at * 5_000), 1_250, Some(3_220_000));
            saturation.report(Micros(3_240_000), LEAST, 0);
        }
        send(&mut saturation, 3_200_000, 400, 5_000, 0, 0);
        assert!(saturation.found.is_none());
    }

    #[test]
    fn what_is_sent_until_a_finding_has_changed_something_tells_nothing_new() {
        let mut saturation = Saturation::default();
        send(&mut saturation, 0, 200, 5_000, 0, 0);
        send(&mut saturation, 1_000_000, 60, 20_000, 0, 0);
        let found = saturation.found;
        assert!(found.is_some());
        send(&mut saturation, 1_300_000, 120, 40_000, 300_000, 2);
        assert_eq!(saturation.found, found);
        send(&mut saturation, 2_000_000, 60, 40_000, 300_000, 2);
        assert_eq!(saturation.found.map(|(_, carried)| carried), Some(106_250));
    }
}
