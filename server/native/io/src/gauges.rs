//! Numbers the packet thread publishes and anybody may read without stopping it.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use offrecord_forwarder::api::Counters;

/// Buckets per power of two of the residence histogram: an error of at most an eighth.
const SUB: usize = 8;
/// Powers of two covered: up to 2^22 microseconds, about four seconds.
const POWERS: usize = 22;
/// Bounds of the residences that are counted since birth, in microseconds; what is longer is counted as well.
pub const BOUNDS: [u64; 5] = [250, 1_000, 4_000, 16_000, 64_000];

/// Written by the packet thread after every batch.
pub struct Gauges {
    transports: AtomicU32,
    producers: AtomicU32,
    consumers: AtomicU32,
    packets_received: AtomicU64,
    packets_sent: AtomicU64,
    packets_dropped: AtomicU64,
    bytes_received: AtomicU64,
    bytes_sent: AtomicU64,
    lost_incoming: AtomicU64,
    lost_outgoing: AtomicU64,
    resent_incoming: AtomicU64,
    resent_outgoing: AtomicU64,
    shed: AtomicU64,
    residence: [AtomicU32; SUB * POWERS],
    longest_residence: AtomicU64,
    residences: [AtomicU64; BOUNDS.len() + 1],
    oldest_media: AtomicU64,
    connections: AtomicU32,
}

/// A snapshot. Residence and ages cover the time since the reading before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What the core counts; drops of the sockets are added to its own.
    pub counters: Counters,
    /// From the kernel's receive timestamp to the return of the send call; 0 when nothing arrived.
    pub residence_p50_micros: u32,
    /// The same of 99 of 100.
    pub residence_p99_micros: u32,
    /// The longest of them.
    pub residence_longest_micros: u64,
    /// The greatest age of a packet that was kept to be sent again.
    pub oldest_media_micros: u64,
}

impl Default for Gauges {
    fn default() -> Self {
        Self {
            transports: AtomicU32::new(0),
            producers: AtomicU32::new(0),
            consumers: AtomicU32::new(0),
            packets_received: AtomicU64::new(0),
            packets_sent: AtomicU64::new(0),
            packets_dropped: AtomicU64::new(0),
            bytes_received: AtomicU64::new(0),
            bytes_sent: AtomicU64::new(0),
            lost_incoming: AtomicU64::new(0),
            lost_outgoing: AtomicU64::new(0),
            resent_incoming: AtomicU64::new(0),
            resent_outgoing: AtomicU64::new(0),
            shed: AtomicU64::new(0),
            residence: [const { AtomicU32::new(0) }; SUB * POWERS],
            longest_residence: AtomicU64::new(0),
            residences: [const { AtomicU64::new(0) }; BOUNDS.len() + 1],
            oldest_media: AtomicU64::new(0),
            connections: AtomicU32::new(0),
        }
    }
}

impl Gauges {
    /// Stores the core's counters, with the datagrams that the sockets refused.
    pub fn publish(&self, counters: &Counters, refused_by_sockets: u64) {
        self.transports.store(counters.transports, Relaxed);
        self.producers.store(counters.producers, Relaxed);
        self.consumers.store(counters.consumers, Relaxed);
        self.packets_received.store(counters.packets_received, Relaxed);
        self.packets_sent.store(counters.packets_sent, Relaxed);
        self.packets_dropped.store(counters.packets_dropped.saturating_add(refused_by_sockets), Relaxed);
        self.bytes_received.store(counters.bytes_received, Relaxed);
        self.bytes_sent.store(counters.bytes_sent, Relaxed);
        self.lost_incoming.store(counters.lost_incoming, Relaxed);
        self.lost_outgoing.store(counters.lost_outgoing, Relaxed);
        self.resent_incoming.store(counters.resent_incoming, Relaxed);
        self.resent_outgoing.store(counters.resent_outgoing, Relaxed);
        self.shed.store(counters.shed, Relaxed);
        self.oldest_media.fetch_max(counters.oldest_media, Relaxed);
    }

    /// Stores how many connections there are.
    pub fn publish_connections(&self, count: usize) {
        self.connections.store(count as u32, Relaxed);
    }

    /// Connections of ICE over TCP that there are.
    pub fn connections(&self) -> u32 {
        self.connections.load(Relaxed)
    }

    /// One datagram's time in the relay.
    pub fn residence(&self, micros: u64) {
        self.residence[bucket(micros)].fetch_add(1, Relaxed);
        self.longest_residence.fetch_max(micros, Relaxed);
        self.residences[BOUNDS.partition_point(|&bound| bound < micros)].fetch_add(1, Relaxed);
    }

    /// How many datagrams were in the relay for at most each of [`BOUNDS`], and how many in all, since birth.
    pub fn residences(&self) -> [u64; BOUNDS.len() + 1] {
        let mut sum = 0;
        self.residences.each_ref().map(|count| {
            sum += count.load(Relaxed);
            sum
        })
    }

    /// Reads everything and starts a new residence window.
    pub fn read(&self) -> Reading {
        let window: Vec<u64> = self.residence.iter().map(|count| count.swap(0, Relaxed).into()).collect();
        Reading {
            counters: self.counters(),
            residence_p50_micros: percentile(&window, 50),
            residence_p99_micros: percentile(&window, 99),
            residence_longest_micros: self.longest_residence.swap(0, Relaxed),
            oldest_media_micros: self.oldest_media.swap(0, Relaxed),
        }
    }

    /// Reads what is counted since birth, and what exists.
    pub fn counters(&self) -> Counters {
        Counters {
            transports: self.transports.load(Relaxed),
            producers: self.producers.load(Relaxed),
            consumers: self.consumers.load(Relaxed),
            packets_received: self.packets_received.load(Relaxed),
            packets_sent: self.packets_sent.load(Relaxed),
            packets_dropped: self.packets_dropped.load(Relaxed),
            bytes_received: self.bytes_received.load(Relaxed),
            bytes_sent: self.bytes_sent.load(Relaxed),
            lost_incoming: self.lost_incoming.load(Relaxed),
            lost_outgoing: self.lost_outgoing.load(Relaxed),
            resent_incoming: self.resent_incoming.load(Relaxed),
            resent_outgoing: self.resent_outgoing.load(Relaxed),
            shed: self.shed.load(Relaxed),
            oldest_media: 0,
        }
    }
}

fn bucket(micros: u64) -> usize {
    let value = usize::try_from(micros).unwrap_or(usize::MAX);
    if value < SUB {
        return value;
    }
    let power = value.ilog2() as usize;
    let sub = (value >> (power - 3)) - SUB;
    ((power - 2) * SUB + sub).min(SUB * POWERS - 1)
}

/// The largest value that falls in a bucket.
fn upper(bucket: usize) -> u32 {
    if bucket < SUB {
        return u32::try_from(bucket).unwrap_or(u32::MAX);
    }
    let power = bucket / SUB + 2;
    let width = 1_u64 << (power - 3);
    let low = (SUB + bucket % SUB) as u64 * width;
    u32::try_from(low + width - 1).unwrap_or(u32::MAX)
}

fn percentile(window: &[u64], percent: u64) -> u32 {
    let total: u64 = window.iter().sum();
    if total == 0 {
        return 0;
    }
    let wanted = (total * percent).div_ceil(100);
    let mut seen = 0;
    for (index, count) in window.iter().enumerate() {
        seen += count;
        if seen >= wanted {
            return upper(index);
        }
    }
    upper(window.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_in_a_bucket_that_holds_it() {
        let mut last = 0;
        for value in 0..100_000_u64 {
            let index = bucket(value);
            assert!(index >= last, "buckets are ordered");
            assert!(u64::from(upper(index)) >= value);
            assert!(u64::from(upper(index)) <= value + value / 8 + 1);
            last = index;
        }
        assert_eq!(bucket(u64::MAX), SUB * POWERS - 1);
    }

    #[test]
    fn the_percentile_ignores_one_in_a_hundred() {
        let gauges = Gauges::default();
        for _ in 0..99 {
            gauges.residence(100);
        }
        gauges.residence(1_000_000);
        let p99 = gauges.read().residence_p99_micros;
        assert!((100..=112).contains(&p99), "{p99}");
        assert_eq!(gauges.read().residence_p99_micros, 0, "a reading starts a new window");
    }

    #[test]
    fn half_of_the_packets_were_faster_than_the_median() {
        let gauges = Gauges::default();
        [10, 10, 20, 5_000].into_iter().for_each(|micros| gauges.residence(micros));
        assert_eq!(gauges.read().residence_p50_micros, 10);
    }

    #[test]
    fn residences_are_counted_since_birth_by_what_they_were_at_most() {
        let gauges = Gauges::default();
        [0, 250, 251, 1_000, 70_000, u64::MAX].into_iter().for_each(|micros| gauges.residence(micros));
        gauges.read();
        assert_eq!(gauges.residences(), [2, 4, 4, 4, 4, 6]);
    }

    #[test]
    fn the_greatest_of_a_window_is_kept_until_it_is_read() {
        let gauges = Gauges::default();
        for oldest_media in [20, 900, 40] {
            gauges.publish(&Counters { oldest_media, ..Counters::default() }, 0);
            gauges.residence(oldest_media + 1);
        }
        let reading = gauges.read();
        assert_eq!((reading.oldest_media_micros, reading.residence_longest_micros), (900, 901));
        let reading = gauges.read();
        assert_eq!((reading.oldest_media_micros, reading.residence_longest_micros), (0, 0));
    }

    #[test]
    fn refused_sends_count_as_dropped() {
        let gauges = Gauges::default();
        gauges.publish(&Counters { packets_dropped: 2, packets_sent: 9, ..Counters::default() }, 3);
        let reading = gauges.read().counters;
        assert_eq!((reading.packets_dropped, reading.packets_sent), (5, 9));
    }
}
