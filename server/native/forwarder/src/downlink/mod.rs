//! What a subscriber's path carries, as its feedback tells: by transport-wide numbers where it takes them
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01), else by its own estimate (REMB). Of who tells
//! neither, nothing is known, and nothing is held back from it.
//!
//! Feedback is hostile input: it changes nothing but what its sender receives, and reading it is bounded.

mod allocation;
mod allowance;
mod bandwidth;
mod congestion;
mod delivery;
mod history;
mod lateness;
mod pacer;
mod patience;
mod probing;
mod repeats;
mod report;
mod saturation;
mod search;
mod share;
mod trial;

use crate::api::{ConsumerId, Micros};
use crate::consumer::Waiting;
use allocation::Budget;
pub(crate) use allocation::Demand;
pub(crate) use allowance::Allowance;
pub use bandwidth::Bandwidth;
use congestion::{Congestion, LEAST, MOST, START};
use delivery::Delivery;
use history::History;
use lateness::Lateness;
use pacer::{Pace, Pacer};
use patience::Patience;
pub(crate) use patience::Want;
use probing::Probing;
use repeats::Repeats;
pub(crate) use report::Report;
use report::reference_step;
use search::Search;
use trial::Trial;

/// Reports taken in a burst, and the time that earns another one.
const MAX_REPORTS: u32 = 64;
const REPORT_SPACING: u64 = 5_000;
/// Addresses and ports of IPv4 and UDP.
const NETWORK_HEADER: usize = 28;
/// An estimate of the peer that it does not repeat is none.
const REMB_LIFE: u64 = 10_000_000;
/// What is measured at the start is known after this time.
const SETTLING: u64 = 700_000;
/// What is believed of a path before anything is known of it, in bits a second, and how long that is believed
/// of a peer that tells nothing.
const ASSUMED: u64 = 600_000;
const SILENCE: u64 = 3_000_000;
/// A peer's clock that is off by more than this since its last report was set anew.
const MAX_STRAY: u64 = 60_000_000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Downlink {
    history: History,
    lateness: Lateness,
    /// Made for the first numbered packet.
    congestion: Option<Box<Congestion>>,
    probing: Probing,
    pacer: Pacer<Waiting>,
    repeats: Repeats,
    clock: Option<PeerClock>,
    /// When the first report came.
    heard: Option<Micros>,
    remb: Option<(Micros, u64)>,
    reports: (Micros, u32),
    trial: Trial,
    search: Search,
    delivery: Delivery,
    patience: Patience,
    /// Since when something was sent whose reception it should tell of; it takes numbers.
    first_sent: Option<Micros>,
    /// It said that it takes numbers.
    pub is_numbered: bool,
    told: Bandwidth,
}

/// The reference time of the last report, and what that is here.
#[derive(Clone, Copy, Debug)]
struct PeerClock {
    reference: u32,
    at: Micros,
}

impl Downlink {
    /// True once something is or can be known of the path.
    pub fn is_in_use(&self) -> bool {
        self.is_numbered || self.remb.is_some()
    }

    /// The transport-wide number of the packet that is sent next.
    pub fn number(&self) -> u16 {
        self.history.next() as u16
    }

    /// Whether media may leave at once: nothing waits, and there is room for it.
    pub fn is_open(&mut self, now: Micros) -> bool {
        let Some(pace) = self.pace(now) else { return !self.pacer.is_holding() };
        self.pacer.is_open(now, pace)
    }

    /// Media has to wait; what is sent again comes first. False if too much does.
    pub fn wait(&mut self, now: Micros, bytes: usize, what: Waiting) -> bool {
        self.pacer.push(now, bytes + NETWORK_HEADER, what, what.is_again)
    }

    /// Whether so many bytes may be sent again; they count from now on.
    pub fn may_repeat(&mut self, now: Micros, bytes: usize) -> bool {
        let Some(estimate) = self.estimate(now) else { return true };
        self.repeats.take(now, bytes + NETWORK_HEADER, estimate)
    }

    /// What waits longest, if it may leave now.
    pub fn next_waiting(&mut self, now: Micros) -> Option<Waiting> {
        if !self.pacer.is_holding() {
            return None;
        }
        let pace = self.pace(now);
        self.pacer.next(now, pace)
    }

    /// How fast media may leave; `None` where nothing holds it up.
    fn pace(&self, now: Micros) -> Option<Pace> {
        let measured = self.probing.rate().map(Pace::even);
        let is_draining = self.delivery.is_draining(now);
        measured.or_else(|| self.estimate(now).map(|carried| Pace::of(carried, is_draining)))
    }

    /// What waits for a consumer is not to be sent any more.
    pub fn drop_waiting(&mut self, consumer: ConsumerId) {
        if self.pacer.is_holding() {
            self.pacer.forget(|waiting| waiting.consumer == consumer);
        }
    }

    /// A packet leaves, of so many bytes sealed; under the number [`Downlink::number`] if it is numbered.
    pub fn sent(&mut self, now: Micros, bytes: usize, is_numbered: bool) {
        let bytes = bytes + NETWORK_HEADER;
        // What is known of the path by numbers is what it carries of numbered packets.
        if is_numbered || !self.is_numbered {
            self.pacer.sent(bytes);
        }
        if !is_numbered {
            return self.delivery.note_beside(now, bytes);
        }
        let congestion = self.congestion.get_or_insert_with(|| Box::new(Congestion::new(now)));
        let probe = self.probing.id();
        congestion.sent(now, self.history.next(), bytes, probe);
        self.history.push(now, bytes, probe);
        self.probing.note(bytes);
        self.first_sent.get_or_insert(now);
    }

    /// The peer tells what has arrived of what was sent to it.
    pub fn hear(&mut self, now: Micros, report: Report<'_>) {
        let Some(congestion) = &mut self.congestion else { return };
        let (since, left) = &mut self.reports;
        let earned = now.0.saturating_sub(since.0) / REPORT_SPACING;
        if earned > 0 {
            *since = now;
            *left = MAX_REPORTS.min(left.saturating_add(u32::try_from(earned).unwrap_or(MAX_REPORTS)));
        }
        let Some(remaining) = left.checked_sub(1) else { return };
        *left = remaining;
        let Some(first) = self.history.unwrap(report.first) else { return };
        let base = match self.clock {
            Some(before) => {
                let stepped =
                    before.at.0.checked_add_signed(reference_step(before.reference, report.reference));
                stepped.filter(|at| at.abs_diff(now.0) < MAX_STRAY).unwrap_or(now.0)
            }
            None => now.0,
        };
        self.clock = Some(PeerClock { reference: report.reference, at: Micros(base) });
        for (number, arrival) in (first..).zip(report.arrivals()) {
            let Some((sent, lost)) = self.history.hear(now, number, arrival.is_some()) else { continue };
            let Some(since) = arrival else {
                self.lateness.doubt(number);
                continue;
            };
            if let Some(lost) = lost {
                self.lateness.came(now, lost);
            }
            let arrival = base.checked_add_signed(since);
            self.delivery.note(sent.at, sent.bytes.into(), arrival);
            congestion.note(number, sent, arrival);
        }
        while let Some((number, sent)) = self.lateness.next_lost(now, &self.history) {
            self.delivery.note(sent.at, sent.bytes.into(), None);
            congestion.note(number, sent, None);
        }
        congestion.report(now);
        self.delivery.report(now);
        self.history.tidy();
        self.heard.get_or_insert(now);
        self.start_probing(now);
    }

    /// The peer tells what it believes it can receive, in bits a second.
    pub fn believe(&mut self, now: Micros, rate: u64) {
        self.remb = Some((now, rate.clamp(LEAST, MOST)));
    }

    /// What may be spent of what the path carries, where so many bits a second are wished for and so many are
    /// shown. `None` while nothing is known.
    pub fn budget(&mut self, now: Micros, wish: u64, shown: u64) -> Option<Budget> {
        if let Some(congestion) = &mut self.congestion {
            congestion.wish(now, wish);
        }
        let Some(estimate) = self.estimate(now) else {
            // Who takes numbers will tell what arrives, unless it does not.
            let is_awaited = self.first_sent.is_none_or(|since| now.0 < since.0 + SILENCE);
            return (self.is_numbered && is_awaited).then(|| Budget::of(ASSUMED));
        };
        Some(match self.heard {
            Some(_) if self.is_full(now) => Budget::strictly(estimate),
            Some(_) => Budget::of(estimate),
            None => self.trial.budget(now, estimate, shown),
        })
    }

    /// So many bits a second would let something more be shown.
    pub fn look_for(&mut self, now: Micros, wanted: Option<u64>) {
        if self.heard.is_none() {
            return;
        }
        if let Some(congestion) = &mut self.congestion
            && let Some(rate) = self.search.due(now, self.delivery.correct(now, congestion.target()), wanted)
        {
            congestion.probe(rate);
            self.start_probing(now);
        }
    }

    /// Whether what is too much by the budget is to be shown nevertheless, for now.
    pub fn is_patient(&mut self, now: Micros, want: Want, budget: Budget, shown: u64) -> bool {
        let lasts = self.patience.lasts(now, want, budget.keep, shown);
        lasts && !self.is_full(now)
    }

    /// Whether the path is full beyond doubt: what is sent too much of now is lost, or others are in its place.
    pub fn is_full(&self, now: Micros) -> bool {
        self.delivery.is_full(now)
    }

    /// Something is shown larger from now on.
    pub fn note_rise(&mut self, now: Micros) {
        self.patience.note_rise(now);
        if let (None, Some((_, estimate))) = (self.heard, self.remb) {
            self.trial.begin(now, estimate);
        }
    }

    /// Lets time pass.
    pub fn tick(&mut self, now: Micros) {
        if let Some(congestion) = &mut self.congestion {
            congestion.process(now);
            self.start_probing(now);
        }
    }

    /// When [`Downlink::owed_padding`] or [`Downlink::next_waiting`] wants to be asked next.
    pub fn next_release(&self) -> Option<Micros> {
        let (probing, pacing) = (self.probing.next(), self.pacer.next_time());
        probing.into_iter().chain(pacing).min()
    }

    /// Bytes of padding that a measurement of the path needs now.
    pub fn owed_padding(&mut self, now: Micros) -> Option<u64> {
        let owed = self.probing.owed(now);
        self.start_probing(now);
        owed
    }

    /// Nothing can be sent to measure the path with.
    pub fn stop_probing(&mut self) {
        self.probing.stop();
    }

    fn start_probing(&mut self, now: Micros) {
        if !self.probing.is_running()
            && let Some(probe) = self.congestion.as_mut().and_then(|congestion| congestion.next_probe())
        {
            self.probing.start(now, probe);
        }
    }

    /// What the path carries in steps, if that is news.
    pub fn announcement(&mut self, now: Micros) -> Option<Bandwidth> {
        let bandwidth = Bandwidth::of(self.estimate(now));
        (bandwidth != core::mem::replace(&mut self.told, bandwidth)).then_some(bandwidth)
    }

    /// Nothing is sent any more. True if something was told of the path.
    pub fn forget(&mut self) -> bool {
        core::mem::take(self).told != Bandwidth::Unknown
    }

    /// What the path carries of numbered packets, in bits a second. `None` while nothing is known.
    pub fn estimate(&self, now: Micros) -> Option<u64> {
        if let Some(since) = self.heard {
            let target = self.congestion.as_ref().map(|congestion| congestion.target());
            return target.map(|target| {
                // The first measurements are under way, unless they have failed.
                let is_settled = now.0 >= since.0 + SETTLING || target < START;
                self.delivery.correct(now, target.max(if is_settled { 0 } else { ASSUMED }))
            });
        }
        self.remb.filter(|(at, _)| now.0 < at.0 + REMB_LIFE).map(|(_, rate)| rate)
    }
}
