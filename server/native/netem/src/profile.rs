//! What a link does to packets, and what a bottleneck lets through.

use core::time::Duration;

use crate::loss::Loss;

/// The longest time that may be asked for: what waits longer is not a network.
const LONGEST: Duration = Duration::from_secs(60);
/// Bits a second.
const RATES: core::ops::RangeInclusive<u64> = 1_000..=100_000_000_000;

/// One direction of a path. The default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Profile {
    /// Everything is lost.
    pub blackout: bool,
    /// What is lost never reaches the bottleneck.
    pub loss: Loss,
    /// Share of packets that are sent twice.
    pub duplicates: f64,
    /// From leaving the bottleneck to arriving.
    pub delay: Duration,
    /// Added to the delay: evenly, from nothing up to this.
    pub jitter: Duration,
    /// Jitter changes the order; otherwise a packet waits for those before it.
    pub jitter_reorders: bool,
    /// Share of packets that are held back by `held_back`, so that later ones overtake them.
    pub reordering: f64,
    /// See `reordering`.
    pub held_back: Duration,
}

impl Profile {
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), &'static str> {
        self.loss.check()?;
        if ![self.duplicates, self.reordering].iter().all(|share| (0.0..=1.0).contains(share)) {
            return Err("a share of packets is from 0 to 1");
        }
        if [self.delay, self.jitter, self.held_back].iter().any(|time| *time > LONGEST) {
            return Err("a delay is at most a minute");
        }
        Ok(())
    }
}

/// How much passes a bottleneck, and how much waits there. What comes when the queue is full is lost
/// (drop tail). The default is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limit {
    /// Bits a second; `None` is no limit, and no queue.
    pub rate: Option<u64>,
    /// Bytes that may wait; `None` is no bound of bytes.
    pub queue_bytes: Option<usize>,
    /// How long what comes now may have to wait at the rate; `None` is no bound of time.
    pub queue_time: Option<Duration>,
}

impl Limit {
    /// Bits a second, and the longest that a packet may have to wait.
    #[must_use]
    pub fn new(rate: u64, queue: Duration) -> Self {
        Self { rate: Some(rate), queue_bytes: None, queue_time: Some(queue) }
    }

    /// What is wrong with it.
    pub fn check(&self) -> Result<(), &'static str> {
        match self.rate {
            None if self.queue_bytes.is_some() || self.queue_time.is_some() => {
                Err("a queue without a rate holds nothing up")
            }
            Some(rate) if !RATES.contains(&rate) => {
                Err("a rate is from 1 kbit/s to 100 Gbit/s; use a blackout")
            }
            Some(_) if self.queue_bytes.is_none() && self.queue_time.is_none() => {
                Err("the queue of a rate needs a bound")
            }
            _ if self.queue_time.is_some_and(|time| time > LONGEST) => Err("a queue is at most a minute"),
            _ => Ok(()),
        }
    }
}
