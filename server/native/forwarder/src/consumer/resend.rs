//! What a subscriber lost is sent again, within a budget: wrapped in a stream of its own (RFC 4588) where
//! the subscriber has one, else the same to the byte.

use super::form::Form;
use super::{Consumer, Envelope, UNMAPPED};
use crate::api::{ConsumerOptions, Micros, Outbox};
use crate::arena::Arena;
use crate::path::Address;
use crate::producer::Producer;
use crate::srtp::Sealer;
use std::collections::VecDeque;

/// Bytes that may be sent again in a burst.
const BURST: u64 = 128_000;
/// Share of the bytes sent that may be sent again: one in this many.
const SHARE: u64 = 2;
/// A packet is not sent again twice within this time.
const SPACING: u64 = 15_000;
const RECENT: usize = 64;

/// What is left to send again, and how it is sent.
#[derive(Debug)]
pub(super) struct Resending {
    budget: u64,
    /// Indices sent again, and when.
    recent: VecDeque<(u64, Micros)>,
    repair: Option<Repair>,
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
        Self { budget: BURST, recent: VecDeque::with_capacity(RECENT), repair }
    }

    /// A packet of so many bytes was sent.
    pub fn earn(&mut self, bytes: usize) {
        self.budget = BURST.min(self.budget + bytes as u64 / SHARE);
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
        })
    }

    fn was_just_resent(&mut self, now: Micros, index: u64) -> bool {
        let is_recent = |&(_, at): &(u64, Micros)| now.0 < at.0 + SPACING;
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
    /// SSRC of the retransmissions and their first index that was not sent.
    pub fn repair_stream(&self) -> Option<(u32, u64)> {
        self.resending.repair.as_ref().map(|repair| (repair.ssrc, repair.next_index))
    }

    /// Sends a packet again that the subscriber asks for. True if it was.
    pub fn resend(
        &mut self,
        now: Micros,
        sequence: u16,
        (producer, arena): (&Producer, &Arena),
        destination: (&Sealer, Address),
        out: &mut Outbox,
    ) -> bool {
        let behind = u64::from((self.next_out as u16).wrapping_sub(sequence));
        let Some(index) = self.next_out.checked_sub(behind).filter(|_| (1..0x8000).contains(&behind)) else {
            return false;
        };
        let Some(at) = self.segments.iter().rposition(|segment| segment.first_out <= index) else {
            return false;
        };
        let segment = self.segments[at];
        let ends = self.segments.get(at + 1).map_or(u64::MAX, |next| next.first_out);
        let stream = &producer.streams[usize::from(segment.encoding)];
        if index >= ends || stream.epoch != segment.epoch {
            return false;
        }
        let source = segment.first_source + (index - segment.first_out);
        let Some(bytes) = stream.ring.get(source, arena) else { return false };
        if self.resending.budget < bytes.len() as u64 || self.resending.was_just_resent(now, index) {
            return false;
        }
        let Some(view) = producer.view_again(bytes, source) else { return false };
        let Some(form) = Form::of(&view, &self.payload_types) else { return false };
        let again = Envelope { ssrc: self.ssrc, index, form, original: None };
        let wrapped = self.resending.wrap(&again);
        let envelope = wrapped.unwrap_or(again);
        let Some(length) = self.write(&view, &segment, &envelope, destination, out) else { return false };
        self.traffic.resend(length);
        if wrapped.is_some()
            && let Some(repair) = &mut self.resending.repair
        {
            repair.next_index += 1;
        }
        self.resending.budget -= view.bytes.len() as u64;
        true
    }
}
