//! Links, the bottlenecks they pass, and the packets on the way.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use crate::bottleneck::{Bottleneck, Queued};
use crate::counts::{Cause, Counts};
use crate::loss::Losing;
use crate::profile::{Limit, Profile};
use crate::random::Random;

/// What a network holds unless told otherwise.
const MOST_BYTES: usize = 64 << 20;

/// A link of one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkId(usize);

/// A bottleneck of one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BottleneckId(usize);

/// What may change while packets are on the way. Those keep the delay that they have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Of a link.
    Profile(LinkId, Profile),
    /// Of a bottleneck.
    Limit(BottleneckId, Limit),
}

/// A packet that came through.
#[derive(Debug, PartialEq, Eq)]
pub struct Arrival<T> {
    /// The link it was sent on.
    pub link: LinkId,
    /// When it arrived; not after the time that the network was advanced to.
    pub at: Duration,
    /// As it was sent.
    pub content: T,
}

#[derive(Debug)]
struct Link {
    profile: Profile,
    bottleneck: BottleneckId,
    losing: Losing,
    duplicating: Random,
    jittering: Random,
    reordering: Random,
    latest: Duration,
    counts: Counts,
}

#[derive(Debug)]
struct Flying<T> {
    link: LinkId,
    size: usize,
    content: T,
}

/// See the crate. Times are since any moment, and never go back.
#[derive(Debug)]
pub struct Network<T> {
    seed: u64,
    most_bytes: usize,
    held_bytes: usize,
    links: Vec<Link>,
    bottlenecks: Vec<Bottleneck<(LinkId, T)>>,
    /// By time and number, so that what is due at once keeps its order.
    flying: BTreeMap<(Duration, u64), Flying<T>>,
    planned: BTreeMap<(Duration, u64), Change>,
    arrived: VecDeque<Arrival<T>>,
    number: u64,
    now: Duration,
}

impl<T: Clone> Network<T> {
    /// A network without links.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            most_bytes: MOST_BYTES,
            held_bytes: 0,
            links: Vec::new(),
            bottlenecks: Vec::new(),
            flying: BTreeMap::new(),
            planned: BTreeMap::new(),
            arrived: VecDeque::new(),
            number: 0,
            now: Duration::ZERO,
        }
    }

    /// Bytes that may wait and be on the way; what comes beyond that is dropped.
    pub fn set_most_bytes(&mut self, most: usize) {
        self.most_bytes = most;
    }

    /// Something for links to pass, several if they share it.
    pub fn add_bottleneck(&mut self, limit: Limit) -> BottleneckId {
        self.bottlenecks.push(Bottleneck::new(limit));
        BottleneckId(self.bottlenecks.len() - 1)
    }

    /// One direction of a path, behind a bottleneck.
    pub fn add_link(&mut self, bottleneck: BottleneckId, profile: Profile) -> LinkId {
        let purpose = self.links.len() as u64 * 4;
        let random = |of| Random::split(self.seed, purpose + of);
        self.links.push(Link {
            profile,
            bottleneck,
            losing: Losing::new(random(0)),
            duplicating: random(1),
            jittering: random(2),
            reordering: random(3),
            latest: Duration::ZERO,
            counts: Counts::default(),
        });
        LinkId(self.links.len() - 1)
    }

    /// What became of the packets of a link.
    #[must_use]
    pub fn counts(&self, link: LinkId) -> &Counts {
        &self.links[link.0].counts
    }

    /// Counts begin anew, on every link.
    pub fn clear_counts(&mut self) {
        self.links.iter_mut().for_each(|link| link.counts = Counts::default());
    }

    /// Changes something now.
    pub fn change(&mut self, now: Duration, change: Change) {
        self.advance(now);
        match change {
            Change::Profile(link, profile) => self.links[link.0].profile = profile,
            Change::Limit(bottleneck, limit) => self.bottlenecks[bottleneck.0].set(self.now, limit),
        }
    }

    /// Changes something at a time to come, exactly then.
    pub fn plan(&mut self, at: Duration, change: Change) {
        let number = self.next_number();
        self.planned.insert((at, number), change);
    }

    /// A packet of `size` bytes, headers included, comes to a link.
    pub fn send(&mut self, now: Duration, link: LinkId, size: usize, content: T) {
        self.advance(now);
        let Link { profile, losing, duplicating, counts, .. } = &mut self.links[link.0];
        counts.offered.add(size);
        // Drawn in any case: a blackout does not shift what comes after it.
        let is_lost = losing.loses(&profile.loss);
        let is_twice = profile.duplicates > 0.0 && duplicating.happens(profile.duplicates);
        if profile.blackout || is_lost {
            counts.drop(if profile.blackout { Cause::Blackout } else { Cause::Loss }, size);
            return;
        }
        if is_twice {
            counts.duplicated.add(size);
            self.enter(link, size, content.clone());
        }
        self.enter(link, size, content);
        self.advance(now);
    }

    fn enter(&mut self, link: LinkId, size: usize, content: T) {
        let now = self.now;
        let bottleneck = &mut self.bottlenecks[self.links[link.0].bottleneck.0];
        let counts = &mut self.links[link.0].counts;
        if self.held_bytes + size > self.most_bytes {
            counts.drop(Cause::Memory, size);
        } else if !bottleneck.has_room(now, size) {
            counts.drop(Cause::Queue, size);
        } else {
            self.held_bytes += size;
            bottleneck.push(now, Queued { size, entered: now, content: (link, content) });
        }
    }

    /// When something happens next, if nothing is sent meanwhile.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        let planned = self.planned.first_key_value().map(|(key, _)| key.0);
        let flying = self.flying.first_key_value().map(|(key, _)| key.0);
        let leaving = self.bottlenecks.iter().filter_map(Bottleneck::next);
        leaving.chain(planned).chain(flying).min()
    }

    /// Everything happens that is due by now; what arrives is there for [`Self::poll`].
    pub fn advance(&mut self, now: Duration) {
        while let Some(at) = self.next_timeout().filter(|at| *at <= now) {
            self.now = self.now.max(at);
            if let Some(planned) = self.planned.first_entry().filter(|entry| entry.key().0 <= at) {
                match planned.remove() {
                    Change::Profile(link, profile) => self.links[link.0].profile = profile,
                    Change::Limit(bottleneck, limit) => self.bottlenecks[bottleneck.0].set(self.now, limit),
                }
            } else if let Some(packet) = self.bottlenecks.iter_mut().find_map(|each| each.pop(at)) {
                self.depart(at, packet);
            } else if let Some((_, packet)) = self.flying.pop_first() {
                self.held_bytes -= packet.size;
                self.links[packet.link.0].counts.delivered.add(packet.size);
                self.arrived.push_back(Arrival { link: packet.link, at, content: packet.content });
            }
        }
        self.now = self.now.max(now);
    }

    /// What arrived first of that which is not yet taken.
    pub fn poll(&mut self) -> Option<Arrival<T>> {
        self.arrived.pop_front()
    }

    /// A packet has passed its bottleneck and is on the way.
    fn depart(&mut self, at: Duration, packet: Queued<(LinkId, T)>) {
        let (id, content) = packet.content;
        let number = self.next_number();
        let link = &mut self.links[id.0];
        link.counts.wait(at.saturating_sub(packet.entered));
        let Profile { delay, jitter, jitter_reorders, reordering, held_back, .. } = link.profile;
        let mut arrival = at + delay;
        if !jitter.is_zero() {
            arrival += jitter.mul_f64(link.jittering.fraction());
        }
        if !jitter_reorders {
            arrival = arrival.max(link.latest);
        }
        link.latest = link.latest.max(arrival);
        if reordering > 0.0 && link.reordering.happens(reordering) {
            link.counts.held_back.add(packet.size);
            arrival += held_back;
        }
        self.flying.insert((arrival, number), Flying { link: id, size: packet.size, content });
    }

    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
}
