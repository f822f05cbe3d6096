//! Shares each path among the videos that its subscriber looks at, several times a second.

use super::Want;
use super::allocation::{Demand, Step, allot, next_rise};
use crate::api::{MediaKind, Micros, Outbox};
use crate::consumer::Consumer;
use crate::forwarder::Forwarder;
use crate::layers::Top;
use crate::producer::{Producer, Target};

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
            let changes = || given.iter().zip(&demands).filter(|(step, demand)| **step < demand.shown);
            let want = match (changes().next(), changes().any(|(step, _)| step.is_none())) {
                (None, _) => Want::Nothing,
                (_, false) => Want::Size,
                (_, true) => Want::Pause,
            };
            if transport.downlink.is_patient(now, want, budget, shown) {
                *given = demands.iter().map(|demand| demand.shown).collect();
            }
            if given.iter().zip(&demands).any(|(step, demand)| *step > demand.shown) {
                transport.downlink.note_rise(now);
            }
        }
        let mut stopped = Vec::new();
        let is_full = transport.downlink.is_full(now);
        let wanted_rate = given.as_ref().and_then(|given| next_rise(&demands, given));
        for (position, (&at, demand)) in wanted.iter().zip(&demands).enumerate() {
            let Some(consumer) = self.consumers.get_mut(at) else { continue };
            let Some(producer) = self.producers.get(consumer.producer) else { continue };
            let before = consumer.allowance.extent();
            match given.as_ref().map(|given| given[position]) {
                // Nothing is known of the path, or nothing of the video.
                None => consumer.allowance.lift(),
                // It begins small: how much there is of it is known in a moment.
                Some(_) if demand.count == 0 => {
                    consumer.allowance.lift();
                    consumer.allowance.layer = 0;
                }
                Some(step) => {
                    // What would go on until the smaller one begins would be lost, and take the place of that.
                    if is_full && demand.is_another_stream(step) && !producer.is_one_stream() {
                        stopped.push(consumer.id);
                        consumer.interrupt();
                    }
                    consumer.allow(now, demand, step);
                }
            }
            if before != consumer.allowance.extent() {
                if consumer.allowance.is_congested != before.2 {
                    stopped.push(consumer.id);
                    consumer.interrupt();
                    Self::announce_consumer(now, consumer, producer, out);
                }
                self.retarget(now, at, out);
            }
        }
        if let Some(transport) = self.transports.get_mut(index) {
            stopped.into_iter().for_each(|consumer| transport.downlink.drop_waiting(consumer));
            transport.downlink.look_for(now, wanted_rate);
        }
    }
}

/// The sizes of a video up to the one that is wished for.
fn demand(now: Micros, consumer: &Consumer, producer: &Producer, speaks: bool) -> Demand {
    let allowance = &consumer.allowance;
    let mut demand = Demand { may_pause: consumer.may_pause, ..Demand::default() };
    (demand.may_rise, demand.may_resume) = (allowance.may_rise(now), allowance.may_resume(now));
    let Some(wanted) = producer.choose(now, consumer.preferred) else { return demand };
    let wanted = producer.layer(now, producer.target(wanted, u8::MAX));
    let live = producer.live_layers(now);
    let current = consumer.target.filter(|_| !allowance.is_congested);
    for layer in (0..=wanted).filter(|layer| live >> layer & 1 == 1 || producer.is_one_stream()) {
        push_steps(now, &mut demand, layer, consumer, producer);
    }
    if let Some(target) = current {
        let layer = producer.layer(now, target);
        let is_shown = |step: &Step| step.layer == layer && step.temporal <= target.top.temporal;
        let shown = demand.steps[..demand.count].iter().rposition(is_shown);
        // Else what is shown is larger than what is wished for by now, or has fallen silent.
        demand.shown = shown.or(demand.count.checked_sub(1));
    }
    if producer.is_one_stream()
        && let Some(last) = demand.count.checked_sub(1)
    {
        // What is added to it later needs no key frame.
        demand.steps[last].layer = u8::MAX;
    }
    demand.rank = (consumer.priority, wanted, speaks);
    demand
}

/// The smallest comes at a part of its frames too, the others with as many as are wished for.
fn push_steps(now: Micros, demand: &mut Demand, layer: u8, consumer: &Consumer, producer: &Producer) {
    let Target { encoding, top } = producer.target(layer, u8::MAX);
    let Some(stream) = producer.streams.get(usize::from(encoding)) else { return };
    let before = demand.count.checked_sub(1).map(|before| demand.steps[before].rate);
    let guess = before.map_or(0, |before| before.max(USUAL_SMALLEST) * USUAL_STEP);
    let highest = consumer.wished_temporal(stream).min(stream.layers.highest_temporal(now));
    if before.is_none() {
        for temporal in 0..highest {
            let rate = stream.layers.rate(Top { temporal, ..top });
            if rate > 0 {
                demand.push(layer, temporal, rate);
            }
        }
    }
    let rate = stream.layers.rate(Top { temporal: highest, ..top });
    demand.push(layer, top.temporal, if rate > 0 { rate } else { guess });
}
