//! So much in a second, and so much at once: what a peer may ask of the relay.

use crate::api::Micros;

/// Of a unit, as [`Bucket::spent`] counts.
const UNITS: u64 = 1_000_000;
/// After so many microseconds without anything, what may come at once may come.
const LONGEST_PAUSE: u64 = 10_000_000;

/// Counts in whatever unit it is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// In a second.
    rate: u64,
    /// At once.
    most: u64,
    /// What was taken and has not yet passed at the rate, in millionths.
    spent: u64,
    at: Micros,
}

impl Bucket {
    /// Nothing of it is taken yet.
    pub const fn new(rate: u64, most: u64) -> Self {
        Self { rate, most, spent: 0, at: Micros(0) }
    }

    /// From now on it is so much in a second, and so much at once.
    pub const fn adjust(&mut self, rate: u64, most: u64) {
        (self.rate, self.most) = (rate, most);
    }

    /// Whether anything may be taken now.
    pub fn has_room(&mut self, now: Micros) -> bool {
        let passed = now.0.saturating_sub(self.at.0).min(LONGEST_PAUSE) * self.rate;
        self.spent = self.spent.saturating_sub(passed);
        self.at = self.at.max(now);
        self.spent < self.most * UNITS
    }

    /// So much is taken; the last time a little more than there is.
    pub fn take(&mut self, amount: u64) {
        self.spent += amount * UNITS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut Bucket, at: impl Iterator<Item = u64>) -> usize {
        let take = |at: &u64| {
            let has_room = bucket.has_room(Micros(*at));
            if has_room {
                bucket.take(10);
            }
            has_room
        };
        at.filter(take).count()
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        let mut bucket = Bucket::new(1_000, 500);
        assert_eq!(taken(&mut bucket, [5; 1_000].into_iter()), 50);
        assert_eq!(taken(&mut bucket, 5..1_000_005), 100, "a second of a thousand");
        assert_eq!(taken(&mut bucket, [60_000_000; 100].into_iter()), 50, "and the burst again, no more");
    }

    #[test]
    fn who_stays_below_the_rate_is_never_held_up() {
        let mut bucket = Bucket::new(1_000, 10);
        assert_eq!(taken(&mut bucket, (0..10_000_000).step_by(10_000)), 1_000);
    }
}
