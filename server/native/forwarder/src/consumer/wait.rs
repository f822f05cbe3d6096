//! What a subscriber is to be sent, now or in a moment: its place in the stream is settled when it comes.

use super::form::Form;
use super::write::Envelope;
use super::{Consumer, Newest, Segment};
use crate::api::{ConsumerId, MediaKind, Micros, Outbox};
use crate::arena::Arena;
use crate::producer::{Producer, View};
use crate::transport::Outlet;

/// A packet that waits: which it is of the publisher's, and what becomes of it. Its bytes are in the ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub consumer: ConsumerId,
    /// It was sent before.
    pub is_again: bool,
    place: Place,
}

/// Where a packet of the publisher comes in the subscriber's stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub segment: Segment,
    /// The publisher's index.
    pub source: u64,
    /// The subscriber's.
    pub index: u64,
}

impl Consumer {
    /// Sends a packet that has its place, or lets it wait for its turn. False if it could do neither.
    pub(super) fn settle(
        &mut self,
        now: Micros,
        view: &View<'_>,
        (form, place): (Form, Place),
        kind: MediaKind,
        outlet: &mut Outlet<'_>,
        out: &mut Outbox,
    ) -> bool {
        let is_taken = if kind == MediaKind::Audio || outlet.downlink.is_open(now) {
            self.leave(now, view, form, &place, outlet, out)
        } else {
            outlet.downlink.wait(now, view.bytes.len(), Waiting { consumer: self.id, is_again: false, place })
        };
        if is_taken && place.index >= self.next_out {
            if place.segment.takes(view) {
                self.newest = Some(Newest::of(now, view, &place.segment, self.newest));
            }
            self.next_out = place.index + 1;
        }
        is_taken
    }

    /// Sends a packet that has waited. False if it is not held any more.
    pub fn release(
        &mut self,
        now: Micros,
        Waiting { place, is_again, .. }: Waiting,
        (producer, arena): (&Producer, &Arena),
        outlet: &mut Outlet<'_>,
        out: &mut Outbox,
    ) -> bool {
        let Some(stream) = producer.streams.get(usize::from(place.segment.encoding)) else { return false };
        if self.is_stopped() || stream.epoch != place.segment.epoch {
            return false;
        }
        let view =
            stream.ring.get(place.source, arena).and_then(|held| producer.view_again(held, place.source));
        let Some(view) = view else { return false };
        let Some(form) = Form::of(&view, &self.payload_types) else { return false };
        if is_again {
            self.leave_again(now, &view, form, &place, outlet, out)
        } else {
            self.leave(now, &view, form, &place, outlet, out)
        }
    }

    /// Lets a packet that was sent before wait for its turn. False if too much does.
    pub(super) fn wait_again(
        &self,
        now: Micros,
        bytes: usize,
        place: Place,
        outlet: &mut Outlet<'_>,
    ) -> bool {
        outlet.downlink.wait(now, bytes, Waiting { consumer: self.id, is_again: true, place })
    }

    fn leave(
        &mut self,
        now: Micros,
        view: &View<'_>,
        form: Form,
        place: &Place,
        outlet: &mut Outlet<'_>,
        out: &mut Outbox,
    ) -> bool {
        let number = self.is_numbered(form.payload_type).then(|| outlet.downlink.number());
        let envelope = Envelope { ssrc: self.ssrc, index: place.index, form, original: None, number };
        let Some(length) = self.send(now, view, &place.segment, &envelope, outlet, out) else { return false };
        self.traffic.send(length);
        if place.segment.takes(view) {
            self.octets = self.octets.wrapping_add((view.payload_length - form.skipped) as u32);
        }
        self.resending.earn(view.bytes.len());
        true
    }
}
