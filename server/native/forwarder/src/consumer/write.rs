//! A packet as a subscriber is sent it: rewritten and sealed.
//!
//! What is of a layer that a subscriber does not see, and came so late that it has a number already, is sent
//! without its payload: receivers count it as padding, and miss nothing.

use super::form::Form;
use super::{Consumer, Segment};
use crate::api::{Micros, Outbox, Transmit};
use crate::producer::View;
use crate::rtp::{ExtensionWriter, Outline};
use crate::transport::Outlet;

/// Bytes of a packet that is padding alone; the last one says how many.
const PADDING: u8 = 255;

/// What a packet is sent under: the track's own stream, or that of its retransmissions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope {
    pub ssrc: u32,
    /// Roll-over counter and sequence number.
    pub index: u64,
    pub form: Form,
    /// The number of the packet that this one repeats, as RFC 4588 puts it before the payload.
    pub original: Option<u16>,
    /// The transport-wide number it is sent under, if it has one.
    pub number: Option<u16>,
}

impl Consumer {
    /// Whether any of its packets are sent under transport-wide numbers.
    pub fn is_ever_numbered(&self) -> bool {
        self.transport_cc_id != 0 && self.resending.padding().is_some()
    }

    /// Whether packets of a payload type are sent under transport-wide numbers.
    pub(super) fn is_numbered(&self, payload_type: u8) -> bool {
        self.transport_cc_id != 0 && self.resending.is_wrapped(payload_type)
    }

    /// Sends a packet, and counts it on the downlink; returns its length.
    pub(super) fn send(
        &self,
        now: Micros,
        view: &View<'_>,
        segment: &Segment,
        envelope: &Envelope,
        outlet: &mut Outlet<'_>,
        out: &mut Outbox,
    ) -> Option<usize> {
        let length = self.write(view, segment, envelope, outlet, out)?;
        outlet.downlink.sent(now, length, envelope.number.is_some());
        Some(length)
    }

    /// Sends padding alone in the stream of retransmissions; returns its length.
    pub(super) fn fill(&self, now: Micros, outlet: &mut Outlet<'_>, out: &mut Outbox) -> Option<usize> {
        let (ssrc, index, payload_type) = self.resending.padding()?;
        let timestamp = self.newest.map_or(0, |newest| newest.timestamp);
        let outline = Outline {
            marker: false,
            has_padding: true,
            payload_type,
            sequence: index as u16,
            timestamp,
            ssrc,
        };
        let number = outlet.downlink.number().to_be_bytes();
        let mut extensions = ExtensionWriter::default();
        extensions.push(self.transport_cc_id, &number);
        let start = out.bytes.len();
        let header = extensions.write(&outline, &mut out.bytes);
        out.bytes.resize(out.bytes.len() + usize::from(PADDING) - 1, 0);
        out.bytes.push(PADDING);
        let length = seal(start, header, (ssrc, index), outlet, out)?;
        outlet.downlink.sent(now, length, true);
        Some(length)
    }

    /// Rewrites and seals a packet into the outbox; returns its length. Depends on nothing but its arguments and what is
    /// fixed for the consumer's life.
    fn write(
        &self,
        view: &View<'_>,
        segment: &Segment,
        envelope: &Envelope,
        outlet: &Outlet<'_>,
        out: &mut Outbox,
    ) -> Option<usize> {
        let number = envelope.number.map(u16::to_be_bytes);
        let is_taken = segment.takes(view);
        let outline = Outline {
            marker: is_taken && (view.header.marker || segment.top.ends_with(view.descriptor.frame)),
            has_padding: is_taken && view.header.has_padding,
            payload_type: envelope.form.payload_type,
            sequence: envelope.index as u16,
            timestamp: view.header.timestamp.wrapping_add(segment.timestamp_offset),
            ssrc: envelope.ssrc,
        };
        let mut extensions = ExtensionWriter::default();
        // On each: it is then the same when the packet is sent again, which AEAD wants of a repeated nonce, and no
        // report, loss or switch of layers has to be followed for it.
        if let Some((id, value)) = self.playout_delay.as_ref().filter(|_| is_taken) {
            extensions.push(*id, value);
        }
        if is_taken && !self.extensions.is_empty() {
            for element in view.elements.iter() {
                if let Some(&(_, id)) = self.extensions.iter().find(|(incoming, _)| *incoming == element.id) {
                    extensions.push(id, element.value(view.bytes));
                }
            }
            if let Some(number) = view.frame_number.filter(|_| self.dependency_id != 0) {
                extensions.patch(self.dependency_id, number.wrapping_add(segment.frame_offset).to_be_bytes());
            }
        }
        if let Some(number) = &number {
            extensions.push(self.transport_cc_id, number);
        }
        let start = out.bytes.len();
        let header = extensions.write(&outline, &mut out.bytes);
        if let Some(original) = envelope.original {
            out.bytes.extend_from_slice(&original.to_be_bytes());
        }
        if is_taken {
            let payload = envelope.form.append(view, &mut out.bytes);
            segment.renumber(view, &mut out.bytes[payload..]);
        }
        seal(start, header, (envelope.ssrc, envelope.index), outlet, out)
    }
}

impl Segment {
    /// Puts the subscriber's counters into a payload.
    fn renumber(&self, view: &View<'_>, payload: &mut [u8]) {
        if let Some(id) = view.descriptor.picture_id {
            let value = id.value.wrapping_add(self.picture_offset);
            if id.is_wide {
                payload[id.at..id.at + 2].copy_from_slice(&(value | 0x8000).to_be_bytes());
            } else {
                payload[id.at] = value as u8 & 0x7f;
            }
        }
        if let Some(base_layer) = view.descriptor.base_layer {
            payload[base_layer.at] = base_layer.value.wrapping_add(self.base_layer_offset);
        }
    }
}

/// Seals the packet that begins at `start`, and sends it; returns its length.
fn seal(
    start: usize,
    header: usize,
    (ssrc, index): (u32, u64),
    outlet: &Outlet<'_>,
    out: &mut Outbox,
) -> Option<usize> {
    let (sealer, (socket, to)) = (outlet.sealer, outlet.address);
    out.bytes.resize(out.bytes.len() + sealer.rtp_overhead(), 0);
    if sealer.seal_last(out, (start, header), ssrc, index).is_none() {
        out.bytes.truncate(start);
        return None;
    }
    let len = out.bytes.len() - start;
    out.transmits.push(Transmit { socket, to, start, len });
    Some(len)
}
