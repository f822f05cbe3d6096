//! What is given up where the relay cannot keep up with all of it: of the rooms that cost most, and sound last.
//!
//! A packet costs one for its coming, and one for each that goes out for it. Rooms share what the relay was seen to
//! do so that whoever costs less than an even share loses nothing, and what is left goes to the others evenly; the
//! same among the tracks of a room. A video in several encodings is first shown in lower ones. What still costs too
//! much is dropped as it comes, unopened, which its publisher takes for a congested path, and sends less.

use crate::api::{MediaKind, Micros, Outbox, RoomId};
use crate::bucket::Bucket;
use crate::forwarder::Forwarder;
use crate::producer::Producer;

/// Between two looks at how the relay keeps up.
const REVIEW: u64 = 100_000;
/// So many in a row in which it did not.
const PATIENCE: u32 = 2;
/// So many without anything to give up, until it is over: longer than [`HOLD`], so that no encoding is left out then.
const CALM: u32 = 40;
/// Waiting for less than this share of a period, in thousandths, is not keeping up.
const SELDOM: u64 = 50;
/// Working for less than this share says nothing of what can be done.
const LITTLE: u64 = 20;
/// Of what can be done in a second, so much may be spent, in hundredths: the rest keeps waits short.
const SPENT: u64 = 85;
/// An encoding that was too much is not tried again for this time: each change costs a key frame.
const HOLD: u64 = 3_000_000;
const _: () = assert!(CALM as u64 * REVIEW > HOLD);
const ENCODINGS: usize = 4;

/// What a track costs, and may cost.
#[derive(Debug)]
pub(crate) struct Share {
    /// Packets that came since the last look, by encoding; those dropped here too.
    asked: [u64; ENCODINGS],
    /// What they cost.
    spent: u64,
    /// Highest encoding that may be forwarded.
    highest: u8,
    lowered: Micros,
    ration: Option<Bucket>,
}

impl Default for Share {
    fn default() -> Self {
        Self { asked: [0; ENCODINGS], spent: 0, highest: u8::MAX, lowered: Micros(0), ration: None }
    }
}

impl Share {
    /// The highest encoding that may be forwarded.
    pub fn highest(&self) -> u8 {
        self.highest
    }

    /// Whether a packet that has come may be taken.
    pub fn takes(&mut self, now: Micros, encoding: u8) -> bool {
        let takes = self.ration.as_mut().is_none_or(|ration| ration.has_room(now));
        if !takes {
            self.ask(encoding);
        }
        takes
    }

    /// So much was spent on a packet that was taken.
    pub fn spend(&mut self, cost: u64) {
        self.spent += cost;
        if let Some(ration) = &mut self.ration {
            ration.take(cost);
        }
    }

    /// A packet has come.
    pub fn ask(&mut self, encoding: u8) {
        if let Some(asked) = self.asked.get_mut(usize::from(encoding)) {
            *asked += 1;
        }
    }

    /// From now on it may cost so much in a second and its encodings up to `highest` are forwarded; `None`: all.
    /// True if these are others than before.
    fn limit(&mut self, now: Micros, limit: Option<(u64, u8)>) -> bool {
        match (limit, &mut self.ration) {
            (None, ration) => *ration = None,
            (Some((rate, _)), Some(ration)) => ration.adjust(rate, at_once(rate)),
            (Some((rate, _)), ration) => *ration = Some(Bucket::new(rate, at_once(rate))),
        }
        let highest = limit.map_or(u8::MAX, |(_, highest)| highest);
        if highest > self.highest && now.0 < self.lowered.0 + HOLD {
            return false;
        }
        if highest < self.highest {
            self.lowered = now;
        }
        core::mem::replace(&mut self.highest, highest) != highest
    }
}

fn at_once(rate: u64) -> u64 {
    (rate * REVIEW / 1_000_000).max(1)
}

/// How the relay keeps up.
#[derive(Debug, Default)]
pub(crate) struct Pressure {
    reviewed: Micros,
    /// Since the caller began, and when last looked at.
    idle: u64,
    idle_before: u64,
    /// In this period, each batch had more behind it; and there was one.
    is_behind: Option<bool>,
    /// Datagrams that came and went, when last looked at.
    datagrams_before: u64,
    periods_behind: u32,
    periods_calm: u32,
    /// What may be spent in a second, while something is given up.
    capacity: Option<u64>,
}

impl Pressure {
    /// See [`crate::api::PacketCore::note_batch`].
    pub fn note_batch(&mut self, idle: u64, is_behind: bool) {
        self.idle = idle;
        self.is_behind = Some(is_behind && self.is_behind.unwrap_or(true));
    }

    /// Whether something is given up.
    pub fn is_high(&self) -> bool {
        self.capacity.is_some()
    }

    /// At the end of a period of so many microseconds, in which media cost so much; `datagrams` came and went so far.
    fn review(&mut self, period: u64, spent: u64, datagrams: u64) {
        let waited = self.idle.saturating_sub(self.idle_before).min(period) * 1_000 / period;
        let passed = datagrams.saturating_sub(self.datagrams_before);
        // Where something else is most of the work, giving up media helps nobody.
        let is_media = spent * 2 >= passed;
        let is_behind = self.is_behind == Some(true) && waited < SELDOM && is_media;
        let rate = spent * 1_000_000 / period * SPENT / 100;
        let worked = 1_000 - waited;
        self.periods_behind = if is_behind { self.periods_behind + 1 } else { 0 };
        self.capacity = match self.capacity {
            None => (self.periods_behind >= PATIENCE).then_some(rate),
            Some(capacity) if is_behind => Some(capacity.min(rate)),
            Some(capacity) if worked >= LITTLE && is_media => {
                Some((capacity * 7 + rate * 1_000 / worked) / 8)
            }
            capacity => capacity,
        };
        (self.idle_before, self.datagrams_before) = (self.idle, datagrams);
        self.is_behind = None;
    }

    /// Whether all that is asked may be given, and for how long already.
    fn note_demand(&mut self, fits: bool) {
        self.periods_calm = if fits { self.periods_calm + 1 } else { 0 };
        if self.periods_calm >= CALM {
            self.capacity = None;
        }
    }
}

/// What a track would cost in a second, and what it gets of that.
#[derive(Clone, Copy, Debug)]
struct Demand {
    producer: usize,
    room: RoomId,
    kind: MediaKind,
    cost: u64,
    allowed: u64,
}

impl Forwarder {
    /// Looks how the relay keeps up, and shares what it can do.
    pub(crate) fn review_pressure(&mut self, now: Micros, out: &mut Outbox) {
        let period = now.0.saturating_sub(self.pressure.reviewed.0);
        if period < REVIEW {
            return;
        }
        self.pressure.reviewed = now;
        let was_high = self.pressure.is_high();
        let spent = self.producers.iter().map(|(_, producer)| producer.share.spent).sum();
        self.pressure.review(period, spent, self.counters.packets_received + self.counters.packets_sent);
        if let Some(capacity) = self.pressure.capacity {
            let mut demands = self.demands(now, period);
            self.pressure.note_demand(share(&mut demands, capacity));
            let limits = demands.iter().map(|demand| (demand.producer, self.limit(now, period, demand)));
            let limits: Vec<_> = limits.collect();
            self.set_limits(now, limits, out);
        } else if was_high {
            let all = self.producers.iter().map(|(at, _)| (at, None)).collect();
            self.set_limits(now, all, out);
        }
        for (_, producer) in self.producers.iter_mut() {
            (producer.share.asked, producer.share.spent) = ([0; ENCODINGS], 0);
        }
    }

    fn demands(&self, now: Micros, period: u64) -> Vec<Demand> {
        let costs = |(producer, it): (usize, &Producer)| {
            let cost = self.cost(now, period, it, u8::MAX);
            Demand { producer, room: it.room, kind: it.kind, cost, allowed: cost }
        };
        self.producers.iter().map(costs).collect()
    }

    /// What a track would cost in a second if its encodings up to `highest` were forwarded to whoever wants them.
    fn cost(&self, now: Micros, period: u64, producer: &Producer, highest: u8) -> u64 {
        let share = &producer.share;
        let asked = share.asked.map(|packets| packets * 1_000_000 / period);
        let came = asked.iter().sum();
        if producer.kind == MediaKind::Audio && share.ration.is_none() {
            return share.spent * 1_000_000 / period;
        }
        let consumers = producer.consumers.iter().filter_map(|&at| self.consumers.get(at));
        let wants = consumers.filter(|consumer| !consumer.is_paused).filter_map(|consumer| {
            let wanted = consumer.highest().min(highest);
            if producer.is_one_stream() { Some(0) } else { producer.encoding_up_to(now, wanted) }
        });
        wants
            .map(|encoding| asked.get(usize::from(encoding)).copied().unwrap_or_default())
            .fold(came, u64::saturating_add)
    }

    /// What a track may cost in a second, and its highest encoding; `None`: all is allowed.
    fn limit(&self, now: Micros, period: u64, demand: &Demand) -> Option<(u64, u8)> {
        let producer = self.producers.get(demand.producer)?;
        if demand.allowed >= demand.cost {
            return None;
        }
        let fits = |highest: &u8| self.cost(now, period, producer, *highest) <= demand.allowed;
        let top = producer.streams.len().saturating_sub(1) as u8;
        Some((demand.allowed, (0..=top).rev().find(fits).unwrap_or(0)))
    }

    fn set_limits(&mut self, now: Micros, limits: Vec<(usize, Option<(u64, u8)>)>, out: &mut Outbox) {
        for (at, limit) in limits {
            if self.producers.get_mut(at).is_some_and(|producer| producer.share.limit(now, limit)) {
                self.retarget_consumers(now, at, out);
            }
        }
    }
}

/// Shares what may be spent in a second: sound first, then evenly among rooms, and in each among its tracks. True if
/// all have what they ask.
fn share(demands: &mut [Demand], capacity: u64) -> bool {
    demands.sort_unstable_by_key(|demand| (demand.kind == MediaKind::Video, demand.room));
    let sound = demands.partition_point(|demand| demand.kind == MediaKind::Audio);
    let (sound, video) = demands.split_at_mut(sound);
    let left = capacity.saturating_sub(share_among_rooms(sound, capacity));
    share_among_rooms(video, left);
    demands.iter().all(|demand| demand.allowed >= demand.cost)
}

/// Returns what is given of it. They are in the order of rooms.
fn share_among_rooms(demands: &mut [Demand], capacity: u64) -> u64 {
    let by_room = |one: &Demand, other: &Demand| one.room == other.room;
    let costs = demands.chunk_by(by_room).map(|room| room.iter().map(|demand| demand.cost).sum()).collect();
    let most = even_share(costs, capacity);
    for room in demands.chunk_by_mut(by_room) {
        let most = even_share(room.iter().map(|demand| demand.cost).collect(), most);
        room.iter_mut().for_each(|demand| demand.allowed = demand.cost.min(most));
    }
    demands.iter().map(|demand| demand.allowed).sum()
}

/// What each may have at most, so that all together have no more than there is, and whoever asks for less has it
/// (max-min fairness).
fn even_share(mut asked: Vec<u64>, capacity: u64) -> u64 {
    asked.sort_unstable();
    let (mut left, mut others) = (capacity, asked.len() as u64);
    for one in asked {
        if one > left / others {
            return left / others;
        }
        (left, others) = (left - one, others - 1);
    }
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(room: RoomId, kind: MediaKind, cost: u64) -> Demand {
        Demand { producer: 0, room, kind, cost, allowed: cost }
    }

    fn shared(mut demands: Vec<Demand>, capacity: u64) -> Vec<(RoomId, u64)> {
        share(&mut demands, capacity);
        demands.iter().map(|demand| (demand.room, demand.allowed)).collect()
    }

    #[test]
    fn whoever_asks_for_less_than_an_even_share_has_it() {
        assert_eq!(even_share(vec![10, 200, 300], 310), 150);
        assert_eq!(even_share(vec![10, 20, 30], 60), u64::MAX);
        assert_eq!(even_share(vec![], 0), u64::MAX);
    }

    #[test]
    fn rooms_share_and_not_tracks() {
        use MediaKind::Video;
        let asked =
            vec![demand(1, Video, 90), demand(2, Video, 50), demand(2, Video, 50), demand(3, Video, 5)];
        assert_eq!(shared(asked, 105), [(1, 50), (2, 25), (2, 25), (3, 5)]);
    }

    #[test]
    fn sound_has_all_before_video_has_any() {
        use MediaKind::{Audio, Video};
        let asked = || vec![demand(1, Video, 90), demand(1, Audio, 40), demand(2, Audio, 10)];
        assert_eq!(shared(asked(), 60), [(1, 40), (2, 10), (1, 10)]);
        assert_eq!(shared(asked(), 30), [(1, 20), (2, 10), (1, 0)]);
    }
}
