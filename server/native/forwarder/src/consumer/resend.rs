//! What a subscriber lost is sent again, within a budget: wrapped in a stream of its own (RFC 4588) where
//! the subscriber has one, else the same to the byte.

use super::form::Form;
use super::write::Envelope;
use super::{Consumer, Place, Segment, UNMAPPED};
use crate::api::{ConsumerOptions, MediaKind, Micros, Outbox};
use crate::arena::Arena;
use crate::producer::{Producer, View};
use crate::transport::Outlet;
use std::collections::VecDeque;

/// Bytes that may be sent again in a burst.
const BURST: u64 = 128_000;
/// Share of the bytes sent that may be sent again: one in this many.
const SHARE: u64 = 2;
/// A packet is not sent again twice within this time, or within so much of a round trip, in percent, which is as
/// long as the subscriber cannot know that it was sent again.
const SPACING: u64 = 15_000;
const LONGEST_SPACING: u64 = 300_000;
const ROUND_TRIP: u64 = 80;
const RECENT: usize = 256;
/// Bytes owed that are worth the repetition of a packet.
const WORTH_REPEATING: u64 = 300;

/// What is left to send again, and how it is sent.
#[derive(Debug)]
pub(super) struct Resending {
    budget: u64,
    /// Nothing before it is sent again: the key frame that the newest segment begins with, or what came first.
    pub first_wanted: u64,
    /// Indices sent again, and when.
    recent: VecDeque<(u64, Micros)>,
    repair: Option<Repair>,
    /// What [`Consumer::next_index`] was when packets were last repeated to measure the path, and how far back.
    repeated: (u64, u64),
}

/// The stream of retransmissions.
#[derive(Debug)]
struct Repair {
    ssrc: u32,
    /// First index that was not sent.
    next_index: u64,
    /// By the payload type of the media.
    payload_types: [u8; 128],
}

impl Resending {
    /// `first_repair` is the first index of retransmissions that have an SSRC of their own.
    pub fn new(options: &ConsumerOptions, first_repair: Option<u64>) -> Self {
        let mut payload_types = [UNMAPPED; 128];
        for &(media, repair) in &options.rtx_payload_types {
            payload_types[usize::from(media & 0x7f)] = repair & 0x7f;
        }
        let repair =
            first_repair.map(|next_index| Repair { ssrc: options.rtx_ssrc, next_index, payload_types });
        Self { budget: BURST, first_wanted: 0, recent: VecDeque::new(), repair, repeated: (0, 0) }
    }

    /// A packet of so many bytes was sent.
    pub fn earn(&mut self, bytes: usize) {
        self.budget = BURST.min(self.budget + bytes as u64 / SHARE);
    }

    /// Whether packets of a payload type are sent again in a stream of their own.
    pub fn is_wrapped(&self, payload_type: u8) -> bool {
        let repair = self.repair.as_ref();
        repair.is_some_and(|repair| repair.payload_types[usize::from(payload_type)] != UNMAPPED)
    }

    /// SSRC, index and a payload type of the next packet that repeats nothing.
    pub fn padding(&self) -> Option<(u32, u64, u8)> {
        let repair = self.repair.as_ref()?;
        let payload_type = repair.payload_types.iter().copied().find(|&number| number != UNMAPPED)?;
        Some((repair.ssrc, repair.next_index, payload_type))
    }

    /// The retransmission that repeats a packet, if its payload type has any.
    fn wrap(&self, packet: &Envelope) -> Option<Envelope> {
        let repair = self.repair.as_ref()?;
        let payload_type = repair.payload_types[usize::from(packet.form.payload_type)];
        let original = Some(packet.index as u16);
        (payload_type != UNMAPPED).then_some(Envelope {
            ssrc: repair.ssrc,
            index: repair.next_index,
            form: packet.form.under(payload_type),
            original,
            number: packet.number,
        })
    }

    fn was_just_resent(&mut self, now: Micros, index: u64, round_trip: u64) -> bool {
        let spacing = (round_trip * ROUND_TRIP / 100).clamp(SPACING, LONGEST_SPACING);
        let is_recent = |&(_, at): &(u64, Micros)| now.0 < at.0 + spacing;
        while self.recent.front().is_some_and(|resend| !is_recent(resend)) {
            self.recent.pop_front();
        }
        if self.recent.iter().any(|&(sent, _)| sent == index) {
            return true;
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((index, now));
        false
    }
}

impl Consumer {
    /// Sends a packet that only measures the path: a repetition of a late one where so many bytes are owed,
    /// else padding alone. False if it has no stream of retransmissions that is counted.
    pub fn pad(
        &mut self,
        now: Micros,
        owed: u64,
        held: (&Producer, &Arena),
        outlet: &mut Outlet<'_>,
        out: &mut Outbox,
    ) -> bool {
        if self.transport_cc_id == 0 || self.resending.repair.is_none() {
            return false;
        }
        let repeated = if owed > WORTH_REPEATING { self.repeat(now, held, outlet, out) } else { None };
        let Some(length) = repeated.or_else(|| self.fill(now, outlet, out)) else { return false };
        if let Some(repair) = &mut self.resending.repair {
            repair.next_index += 1;
        }
        self.traffic.pad(length);
        true
    }

    /// The newest packet that was not repeated since it was sent.
    fn repeat(
        &mut self,
        now: Micros,
        (producer, arena): (&Producer, &Arena),
        outlet: &mut Outlet<'_>,
        out: &mut Outbox,
    ) -> Option<usize> {
        let (next_out, back) = self.resending.repeated;
        let back = if next_out == self.next_out { back + 1 } else { 1 };
        self.resending.repeated = (self.next_out, back);
        let index = self.next_out.checked_sub(back)?;
        let (segment, view) = self.sent_before(index, producer, arena)?;
        let form = Form::of(&view, &self.payload_types)?;
        let number = Some(outlet.downlink.number());
        let wrapped =
            self.resending.wrap(&Envelope { ssrc: self.ssrc, index, form, original: None, number })?;
        self.send(now, &view, &segment, &wrapped, outlet, out)
    }

    /// A packet that was sent under this index, if it is still held.
    fn sent_before<'a>(
        &self,
        index: u64,
        producer: &Producer,
        arena: &'a Arena,
    ) -> Option<(Segment, View<'a>)> {
        let at = self.segments.iter().rposition(|segment| segment.first_out <= index)?;
        let segment = self.segments[at];
        let ends = self.segments.get(at + 1).map_or(u64::MAX, |next| next.first_out);
        let stream = producer.streams.get(usize::from(segment.encoding))?;
        if index >= ends || stream.epoch != segment.epoch {
            return None;
        }
        let source = segment.first_source + (index - segment.first_out);
        Some((segment, producer.view_again(stream.ring.get(source, arena)?, source)?))
    }

    /// SSRC of the retransmissions and their first index that was not sent.
    pub fn repair_stream(&self) -> Option<(u32, u64)> {
        self.resending.repair.as_ref().map(|repair| (repair.ssrc, repair.next_index))
    }

    /// Sends a packet again that the subscriber asks for, now or as soon as the path has room. False if not.
    pub fn resend(
        &mut self,
        now: Micros,
        (sequence, round_trip): (u16, u64),
        (producer, arena): (&Producer, &Arena),
        outlet: &mut Outlet<'_>,
        out: &mut Outbox,
    ) -> bool {
        let behind = u64::from((self.next_out as u16).wrapping_sub(sequence));
        let Some(index) = self.next_out.checked_sub(behind).filter(|_| (1..0x8000).contains(&behind)) else {
            return false;
        };
        if index < self.resending.first_wanted {
            return false;
        }
        let Some((segment, view)) = self.sent_before(index, producer, arena) else { return false };
        let bytes = view.bytes.len();
        if self.resending.budget < bytes as u64
            || self.resending.was_just_resent(now, index, round_trip)
            || !outlet.downlink.may_repeat(now, bytes)
        {
            return false;
        }
        let Some(form) = Form::of(&view, &self.payload_types) else { return false };
        let place = Place { segment, source: view.index, index };
        self.resending.budget -= bytes as u64;
        if producer.kind == MediaKind::Audio || outlet.downlink.is_open(now) {
            self.leave_again(now, &view, form, &place, outlet, out)
        } else {
            self.wait_again(now, bytes, place, outlet)
        }
    }

    pub(super) fn leave_again(
        &mut self,
        now: Micros,
        view: &View<'_>,
        form: Form,
        place: &Place,
        outlet: &mut Outlet<'_>,
        out: &mut Outbox,
    ) -> bool {
        let number = self.is_numbered(form.payload_type).then(|| outlet.downlink.number());
        let again = Envelope { ssrc: self.ssrc, index: place.index, form, original: None, number };
        let wrapped = self.resending.wrap(&again);
        let envelope = wrapped.unwrap_or(again);
        let Some(length) = self.send(now, view, &place.segment, &envelope, outlet, out) else { return false };
        self.traffic.resend(length);
        if wrapped.is_some()
            && let Some(repair) = &mut self.resending.repair
        {
            repair.next_index += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_not_sent_again_twice_within_a_round_trip() {
        let mut resending = Resending::new(&ConsumerOptions::default(), None);
        let mut resent = |round_trip: u64, index: u64| {
            let times = (0..1_000).filter(|&at| {
                let now = Micros(index * 10_000_000 + at * 1_000);
                !resending.was_just_resent(now, index, round_trip)
            });
            times.count()
        };
        assert_eq!(resent(0, 1), 67, "a round trip that is not known");
        assert_eq!(resent(100_000, 2), 13);
        assert_eq!(resent(9_000_000, 3), 4, "or is not believed");
    }
}
