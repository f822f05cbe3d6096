//! What has arrived lately, whatever an estimate says. A path that delivers so much, without a queue and without
//! loss, carries it: an estimate that falls since a key frame began is made right by that. And a path that is full
//! carries no more than arrives, though the estimate may not know it yet.

use super::congestion::{LEAST, MOST};
use super::saturation::Saturation;
use crate::api::Micros;
use crate::rate::Rate;

const WINDOW: u64 = 400_000;
/// Packets wait so much longer than they did at the least, at most.
const QUEUE: i64 = 40_000;
/// The least delay is what it was within twice this time: clocks drift, and paths change.
const MEMORY: u64 = 10_000_000;
/// Of 100 packets.
const LOSS: u64 = 3;
/// A window with less in it than the one before is still carried by so many percent: jitter moves packets from one
/// to the next.
const FADE: u64 = 95;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    since: Micros,
    bytes: u64,
    arrived: u64,
    lost: u64,
    /// From leaving to arriving, by clocks that do not agree; the least of a window and of the two before it.
    delay: Option<i64>,
    least: [Option<i64>; 2],
    least_since: Micros,
    /// Bits a second; 0 where that is no measure.
    carried: u64,
    saturation: Saturation,
    /// What is sent without numbers.
    beside: Rate,
}

impl Delivery {
    /// A packet that left then arrived, by the peer's clock, or was lost.
    pub fn note(&mut self, left: Micros, bytes: usize, arrival: Option<u64>) {
        self.saturation.note(left, bytes, arrival);
        let Some(arrival) = arrival else {
            self.lost += 1;
            return;
        };
        self.arrived += 1;
        self.bytes += bytes as u64;
        let delay = arrival.cast_signed().wrapping_sub(left.0.cast_signed());
        self.delay = Some(self.delay.map_or(delay, |known| known.min(delay)));
    }

    /// A packet without a number left.
    pub fn note_beside(&mut self, now: Micros, bytes: usize) {
        self.beside.note(now, bytes);
    }

    /// That was one report.
    pub fn report(&mut self, now: Micros) {
        self.saturation.report(now, self.least.into_iter().flatten().min(), self.beside.bits());
        let elapsed = now.0.saturating_sub(self.since.0);
        if elapsed < WINDOW {
            return;
        }
        if now.0 >= self.least_since.0 + MEMORY {
            self.least = [self.least[1], None];
            self.least_since = now;
        }
        let is_recent = elapsed < 3 * WINDOW;
        let rate = self.bytes * 8_000_000 / elapsed;
        self.carried = match self.delay {
            Some(delay) if is_recent => {
                self.least[1] = Some(self.least[1].map_or(delay, |known| known.min(delay)));
                let least = self.least.into_iter().flatten().min().unwrap_or(delay);
                let is_whole = self.lost * 100 <= LOSS * (self.lost + self.arrived);
                let is_prompt = delay.saturating_sub(least) < QUEUE;
                if is_whole && is_prompt { rate.max(self.carried * FADE / 100) } else { 0 }
            }
            _ => 0,
        };
        (self.since, self.bytes, self.arrived, self.lost, self.delay) = (now, 0, 0, 0, None);
    }

    /// An estimate in bits a second, made right.
    pub fn correct(&self, now: Micros, estimate: u64) -> u64 {
        self.saturation.correct(now, estimate.max(self.carried)).clamp(LEAST, MOST)
    }

    /// Whether the path was found full so lately that its queue may be long.
    pub fn is_draining(&self, now: Micros) -> bool {
        self.saturation.holds(now)
    }

    /// Whether the path was found full just now.
    pub fn is_full(&self, now: Micros) -> bool {
        self.saturation.is_certain(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of a packet of 1,250 bytes every 10 ms, each so much later than the one before.
    fn second(delivery: &mut Delivery, from: u64, queue: u64, loses: u64) -> u64 {
        for at in 0..100 {
            let now = from * 1_000_000 + at * 10_000;
            let is_lost = loses > 0 && at % loses == 0;
            let arrival = now + 7_000_000 + queue;
            delivery.note(Micros(now), 1_250, (!is_lost).then_some(arrival));
            delivery.report(Micros(now + 30_000));
        }
        delivery.correct(Micros(from * 1_000_000), 0)
    }

    #[test]
    fn what_arrives_with_ease_is_carried() {
        let mut delivery = Delivery::default();
        second(&mut delivery, 1, 0, 0);
        assert!((990_000..1_030_000).contains(&second(&mut delivery, 2, 5_000, 0)));
        assert_eq!(second(&mut delivery, 3, 90_000, 0), LEAST, "it waits");
        assert_eq!(second(&mut delivery, 4, 0, 10), LEAST, "a tenth is lost");
        assert!(second(&mut delivery, 5, 0, 0) > LEAST);
        for at in 6..40 {
            second(&mut delivery, at, 90_000, 0);
        }
        assert!(delivery.correct(Micros(40_000_000), 0) > LEAST, "that is how long the path is by now");
    }

    #[test]
    fn whatever_a_peer_tells_what_is_carried_can_be_sent_at() {
        let mut delivery = Delivery::default();
        for at in 0..200_u64 {
            let arrival = if at < 60 { at * 10_000 } else { at * 5_000_000 };
            delivery.note(Micros(at * 10_000), 100, (at % 3 > 0).then_some(arrival));
            delivery.report(Micros(at * 10_000 + 30_000));
            let carried = delivery.correct(Micros(at * 10_000 + 30_000), 1_000_000);
            assert!((LEAST..=MOST).contains(&carried), "{carried}");
        }
        assert_eq!(delivery.correct(Micros(2_020_000), 1_000_000), LEAST);
    }
}
