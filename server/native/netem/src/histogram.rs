//! Percentiles of many durations in fixed memory.

use core::time::Duration;

/// Steps between one power of two and the next: a percentile is at most 1/16 too long.
const STEPS: u64 = 16;
const BUCKETS: usize = 32 * STEPS as usize;

/// Durations by microseconds; above an hour they count as an hour.
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    buckets: Box<[u32; BUCKETS]>,
    count: u64,
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: Box::new([0; BUCKETS]), count: 0, longest: Duration::ZERO }
    }
}

impl core::fmt::Debug for Histogram {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Histogram")
            .field("count", &self.count)
            .field("median", &self.percentile(50.0))
            .field("longest", &self.longest)
            .finish()
    }
}

/// Values below `STEPS` have a bucket each; above, each power of two has `STEPS`.
fn bucket(micros: u64) -> usize {
    if micros < STEPS {
        return micros as usize;
    }
    let exponent = u64::from(micros.ilog2() - STEPS.ilog2());
    ((exponent + 1) * STEPS + (micros >> exponent) - STEPS) as usize
}

/// The longest duration of a bucket.
fn upper(bucket: usize) -> u64 {
    let (row, step) = (bucket as u64 / STEPS, bucket as u64 % STEPS);
    if row == 0 { step } else { ((STEPS + step + 1) << (row - 1)) - 1 }
}

impl Histogram {
    /// Counts one.
    pub fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).min(3_600_000_000);
        let bucket = &mut self.buckets[bucket(micros).min(BUCKETS - 1)];
        *bucket = bucket.saturating_add(1);
        self.count += 1;
        self.longest = self.longest.max(time);
    }

    /// How many were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest, exactly.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// What `percent` of them do not exceed; zero where there are none.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Duration {
        let rank = (self.count as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return Duration::from_micros(upper(index)).min(self.longest);
            }
        }
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_at_most_a_sixteenth_too_long() {
        let mut histogram = Histogram::default();
        (1..=100_000).for_each(|micros| histogram.record(Duration::from_micros(micros)));
        for percent in [1.0, 50.0, 95.0, 99.0, 100.0] {
            let exact = percent * 1_000.0;
            let told = histogram.percentile(percent).as_micros() as f64;
            assert!(told >= exact && told <= exact * 17.0 / 16.0 + 1.0, "{percent}: {told}");
        }
        assert_eq!(histogram.count(), 100_000);
        assert_eq!(histogram.longest(), Duration::from_millis(100));
    }

    #[test]
    fn every_bucket_is_above_the_one_before() {
        for value in 1..70_000 {
            assert!(bucket(value) >= bucket(value - 1) && upper(bucket(value)) >= value, "{value}");
        }
        let mut histogram = Histogram::default();
        histogram.record(Duration::MAX);
        assert_eq!(histogram.longest(), Duration::MAX);
    }

    #[test]
    fn nothing_recorded_is_zero() {
        assert_eq!(Histogram::default().percentile(99.0), Duration::ZERO);
    }
}
