//! Shares each path among the videos that its subscriber looks at, several times a second.

use super::allocation::{Demand, allot, next_rise};
use crate::api::{MediaKind, Micros, Outbox};
use crate::consumer::Consumer;
use crate::forwarder::Forwarder;
use crate::producer::Producer;

/// What layers take as long as that is not measured: so many bits a second, and so much more each.
const USUAL_SMALLEST: u64 = 150_000;
const USUAL_STEP: u64 = 3;
/// Who was heard this recently speaks.
const VOICE: u64 = 200_000;
/// Between two looks at one path.
const SPACING: u64 = 100_000;

impl Forwarder {
    /// Lets time pass on every downlink.
    pub(crate) fn tend_downlinks(&mut self, now: Micros, out: &mut Outbox) {
        for index in 0..self.transports.end() {
            let Some(transport) = self.transports.get_mut(index) else { continue };
            if !transport.downlink.is_in_use() {
                continue;
            }
            if now >= transport.next_share {
                transport.next_share = Micros(now.0 + SPACING);
                self.share(now, index, out);
            }
            let Some(transport) = self.transports.get_mut(index) else { continue };
            transport.downlink.tick(now);
            self.schedule.attend(index, transport);
        }
    }

    /// Decides anew what each consumer of a transport may be sent.
    pub(crate) fn share(&mut self, now: Micros, index: usize, out: &mut Outbox) {
        let Some(transport) = self.transports.get(index) else { return };
        let mut wanted = Vec::new();
        let mut demands = Vec::new();
        for &at in &transport.consumers {
            let Some(consumer) = self.consumers.get(at) else { continue };
            let Some(producer) = self.producers.get(consumer.producer) else { continue };
            if producer.kind == MediaKind::Video && !producer.is_paused && !consumer.is_paused {
                let owner = self.transports.get(producer.transport);
                let speaks = owner.is_some_and(|owner| now.0 < owner.last_voice.0 + VOICE);
                demands.push(demand(now, consumer, producer, speaks));
                wanted.push(at);
            }
        }
        let wish = demands.iter().filter_map(|demand| demand.steps[..demand.count].last());
        let wish = wish.map(|step| step.rate).sum();
        let shown = demands.iter().filter_map(|demand| Some(demand.steps[demand.shown?].rate)).sum();
        let Some(transport) = self.transports.get_mut(index) else { return };
        let budget = transport.downlink.budget(now, wish, shown);
        let mut given = budget.map(|budget| allot(budget, &demands));
        if let (Some(given), Some(budget)) = (&mut given, budget) {
            let is_short = given.iter().zip(&demands).any(|(step, demand)| *step < demand.shown);
            if transport.downlink.is_patient(now, is_short, budget, shown) {
                *given = demands.iter().map(|demand| demand.shown).collect();
            }
            if given.iter().zip(&demands).any(|(step, demand)| *step > demand.shown) {
                transport.downlink.note_rise(now);
            }
        }
        let wanted_rate = given.as_ref().and_then(|given| next_rise(&demands, given));
        for (position, (&at, demand)) in wanted.iter().zip(&demands).enumerate() {
            let Some(consumer) = self.consumers.get_mut(at) else { continue };
            let before = (consumer.allowance.layer, consumer.allowance.is_congested);
            match given.as_ref().map(|given| given[position]) {
                // Nothing is known of the path, or nothing of the video.
                None => (consumer.allowance.layer, consumer.allowance.is_congested) = (u8::MAX, false),
                // It begins small: how much there is of it is known in a moment.
                Some(_) if demand.count == 0 => {
                    (consumer.allowance.layer, consumer.allowance.is_congested) = (0, false)
                }
                Some(step) => consumer.allow(now, demand, step),
            }
            if before != (consumer.allowance.layer, consumer.allowance.is_congested) {
                if consumer.allowance.is_congested != before.1 {
                    consumer.interrupt();
                    Self::announce_consumer(consumer, out);
                }
                self.retarget(now, at, out);
            }
        }
        if let Some(transport) = self.transports.get_mut(index) {
            transport.downlink.look_for(now, wanted_rate);
        }
    }
}

/// The sizes of a video up to the one that is wished for.
fn demand(now: Micros, consumer: &Consumer, producer: &Producer, speaks: bool) -> Demand {
    let allowance = &consumer.allowance;
    let mut demand =
        Demand { may_rise: allowance.may_rise(now), may_pause: consumer.may_pause, ..Demand::default() };
    let Some(wanted) = producer.choose(now, consumer.preferred) else { return demand };
    let live = producer.live_streams(now);
    let current = consumer.target.filter(|_| !allowance.is_congested);
    for (layer, stream) in (0..=wanted).zip(&producer.streams) {
        if live >> layer & 1 == 1 || producer.streams.len() == 1 {
            let before = demand.count.checked_sub(1).map(|before| demand.steps[before].rate);
            let guess = before.map_or(0, |before| before.max(USUAL_SMALLEST) * USUAL_STEP);
            demand.push(layer, Some(stream.rate.bits()).filter(|&rate| rate > 0).unwrap_or(guess));
            if current == Some(layer) {
                demand.shown = Some(demand.count - 1);
            }
        }
    }
    if demand.shown.is_none() && current.is_some() {
        // What is shown is larger than what is wished for by now, or has fallen silent.
        demand.shown = demand.count.checked_sub(1);
    }
    demand.rank = (consumer.priority, wanted, speaks);
    demand
}
