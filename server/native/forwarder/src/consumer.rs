//! A participant's reception of one track: one SSRC whose numbers are contiguous, whatever happens
//! to the publisher's.
//!
//! What is sent is a pure function of the publisher's packet and the *segment* it falls in. So a
//! packet that is sent again is the same to the byte, which AEAD wants of a repeated nonce. Only packets
//! that are never sent again on their own SSRC, since a stream of retransmissions repeats them, carry the
//! number under which the transport sends them.

mod form;
mod heard;
mod resend;
mod select;
mod wait;
mod write;

use crate::api::{ConsumerId, ConsumerOptions, ExtensionKind, MediaKind, Micros, Outbox};
use crate::downlink::{Allowance, Demand};
use crate::layers::Top;
use crate::producer::{Producer, Stream, Target, View};
use crate::rtcp::SenderInfo;
use crate::traffic::Sent;
use crate::transport::Outlet;
use form::Form;
use resend::Resending;
use std::collections::VecDeque;
use wait::Place;
pub(crate) use wait::Waiting;

/// Segments remembered, for late packets and for sending again: one for each picture of a second, where
/// layers are left out of each. Most consumers never have more than a few.
const MAX_SEGMENTS: usize = 96;
const USUAL_SEGMENTS: usize = 8;
/// A publisher that skips more numbers than this does not make the subscriber skip them.
const MAX_JUMP: u64 = 4096;
/// Not sent to subscribers in place of a payload type.
const UNMAPPED: u8 = 0xff;

/// A run of the publisher's packets that is forwarded with constant offsets.
#[derive(Clone, Copy, Debug)]
struct Segment {
    encoding: u8,
    epoch: u32,
    first_source: u64,
    first_out: u64,
    timestamp_offset: u32,
    picture_offset: u16,
    base_layer_offset: u8,
    frame_offset: u16,
    /// What of the encoding is sent.
    top: Top,
}

/// The newest packet sent, as the subscriber sees it.
#[derive(Clone, Copy, Debug, Default)]
struct Newest {
    timestamp: u32,
    picture_id: u16,
    base_layer: u8,
    frame_number: u16,
    at: Micros,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Consumer {
    pub id: ConsumerId,
    pub producer: usize,
    pub transport: usize,
    pub ssrc: u32,
    pub is_paused: bool,
    pub preferred: u8,
    /// So many frames a second are enough; 0: all are wished for.
    pub frame_rate: u8,
    /// What the path carries of that.
    pub allowance: Allowance,
    /// Higher ones are sent first where the path does not carry all.
    pub priority: u8,
    /// It may be paused where the path does not even carry its lowest encoding.
    pub may_pause: bool,
    /// What to be on.
    pub target: Option<Target>,
    /// The subscriber has not been told what its newest segment means in the publisher's clock.
    pub owes_report: bool,
    is_flowing: bool,
    payload_types: [u8; 128],
    /// From the publisher's identifier to the subscriber's.
    extensions: Vec<(u8, u8)>,
    /// The subscriber's identifier of the dependency descriptor; 0 if it has none.
    dependency_id: u8,
    /// The subscriber's identifier of transport-wide numbers; 0 if it takes none.
    transport_cc_id: u8,
    /// Identifier and value of the playout delay that each packet says, if one is laid down.
    playout_delay: Option<(u8, [u8; 3])>,
    segments: VecDeque<Segment>,
    first_out: u64,
    next_out: u64,
    /// By the subscriber's count.
    missed: u64,
    /// The highest number that the subscriber has told of.
    heard_to: Option<u32>,
    newest: Option<Newest>,
    /// Timestamp of the publisher's newest picture, sent or left out.
    picture: Option<u32>,
    octets: u32,
    pub traffic: Sent,
    /// The last sender report, as receiver reports refer to it, and when it was sent.
    last_report: Option<(u32, Micros)>,
    resending: Resending,
    announced: Option<(u8, bool, bool)>,
}

impl Newest {
    /// Counters that a packet lacks stay as they were.
    fn of(now: Micros, view: &View<'_>, segment: &Segment, before: Option<Newest>) -> Self {
        let before = before.unwrap_or_default();
        let descriptor = &view.descriptor;
        Self {
            timestamp: view.header.timestamp.wrapping_add(segment.timestamp_offset),
            picture_id: descriptor
                .picture_id
                .map_or(before.picture_id, |id| id.value.wrapping_add(segment.picture_offset)),
            base_layer: descriptor
                .base_layer
                .map_or(before.base_layer, |index| index.value.wrapping_add(segment.base_layer_offset)),
            frame_number: view
                .frame_number
                .map_or(before.frame_number, |number| number.wrapping_add(segment.frame_offset)),
            at: now,
        }
    }
}

/// Extensions that mean the same to a subscriber as they did to us. The others name the publisher's
/// streams or measure its own path.
fn is_forwarded(kind: ExtensionKind) -> bool {
    match kind {
        ExtensionKind::AudioLevel
        | ExtensionKind::DependencyDescriptor
        | ExtensionKind::AbsCaptureTime
        | ExtensionKind::VideoOrientation
        | ExtensionKind::PlayoutDelay
        | ExtensionKind::ColorSpace
        | ExtensionKind::VideoContentType
        | ExtensionKind::VideoTiming => true,
        ExtensionKind::Mid
        | ExtensionKind::Rid
        | ExtensionKind::RepairedRid
        | ExtensionKind::TransportCc
        | ExtensionKind::AbsSendTime => false,
    }
}

impl Consumer {
    /// A consumer whose first packet has the index `first_out`, and whose first retransmission has
    /// the index `first_repair` if those have an SSRC of their own.
    pub fn new(
        options: &ConsumerOptions,
        transport: usize,
        producer: (usize, &Producer),
        first_out: u64,
        first_repair: Option<u64>,
    ) -> Self {
        let mut payload_types = [UNMAPPED; 128];
        for &(incoming, outgoing) in &options.payload_types {
            payload_types[usize::from(incoming & 0x7f)] = outgoing & 0x7f;
        }
        let id_of = |kind: ExtensionKind| {
            options.extensions.iter().find(|(known, _)| *known == kind).map_or(0, |&(_, id)| id)
        };
        let playout_id = id_of(ExtensionKind::PlayoutDelay);
        let playout_delay = options.playout_delay.filter(|_| playout_id != 0);
        let is_replaced = |kind| playout_delay.is_some() && kind == ExtensionKind::PlayoutDelay;
        let forwarded =
            options.extensions.iter().filter(|(kind, _)| is_forwarded(*kind) && !is_replaced(*kind));
        let extensions = forwarded.map(|&(kind, id)| (producer.1.extension(kind), id));
        Self {
            id: options.id,
            producer: producer.0,
            transport,
            ssrc: options.ssrc,
            is_paused: options.paused,
            preferred: u8::MAX,
            frame_rate: 0,
            allowance: Allowance::default(),
            priority: options.priority,
            may_pause: options.may_pause,
            target: None,
            owes_report: false,
            is_flowing: false,
            payload_types,
            extensions: extensions.filter(|&(incoming, outgoing)| incoming != 0 && outgoing != 0).collect(),
            dependency_id: id_of(ExtensionKind::DependencyDescriptor),
            transport_cc_id: id_of(ExtensionKind::TransportCc),
            playout_delay: playout_delay.map(|delay| (playout_id, delay.bytes())),
            segments: VecDeque::with_capacity(USUAL_SEGMENTS),
            first_out,
            next_out: first_out,
            missed: 0,
            heard_to: None,
            newest: None,
            picture: None,
            octets: 0,
            traffic: Sent::default(),
            last_report: None,
            resending: Resending::new(options, first_repair),
            announced: None,
        }
    }

    /// First index that was not sent.
    pub fn next_index(&self) -> u64 {
        self.next_out
    }

    /// Whether nothing is sent, by the subscriber's wish or for want of a path.
    pub fn is_stopped(&self) -> bool {
        self.is_paused || self.allowance.is_congested
    }

    /// The highest encoding that is both wished for and carried.
    pub fn highest(&self) -> u8 {
        self.preferred.min(self.allowance.layer)
    }

    /// From now on it is given this step of what it demands; `None`: nothing of it fits.
    pub fn allow(&mut self, now: Micros, demand: &Demand, step: Option<usize>) {
        match (demand.shown, step) {
            (shown, step) if step < shown => self.allowance.lower(now),
            (shown, step) if step > shown => self.allowance.raise(now),
            _ => {}
        }
        self.allowance.is_congested = step.is_none();
        if let Some(step) = step {
            let step = &demand.steps[step];
            (self.allowance.layer, self.allowance.temporal) = (step.layer, step.temporal);
        }
    }

    /// Stops; what comes next begins with a key frame, and nothing before that is sent again.
    pub fn interrupt(&mut self) {
        self.is_flowing = false;
        self.resending.first_wanted = self.next_out;
    }

    /// The encoding being forwarded, unless the publisher has begun it anew since.
    pub fn current(&self, streams: &[Stream]) -> Option<u8> {
        let segment = self.segments.back().filter(|_| self.is_flowing)?;
        let stream = streams.get(usize::from(segment.encoding))?;
        (stream.epoch == segment.epoch).then_some(segment.encoding)
    }

    /// The encoding whose key frame it waits for.
    pub fn awaits(&self, now: Micros, streams: &[Stream]) -> Option<u8> {
        let target = self.target.filter(|_| !self.is_stopped())?;
        let is_there = self.current(streams) == Some(target.encoding)
            && self.segments.back().is_some_and(|segment| {
                let layers = &streams[usize::from(target.encoding)].layers;
                segment.top.spatial >= target.top.spatial.min(layers.highest_spatial(now))
            });
        (!is_there).then_some(target.encoding)
    }

    /// Bit per encoding that it is sent, or is to be sent as soon as that begins.
    pub fn watched(&self, streams: &[Stream]) -> u8 {
        let awaited = self.target.map(|target| target.encoding);
        let watched = [self.current(streams), awaited].into_iter().flatten().filter(|_| !self.is_stopped());
        watched.fold(0, |mask, encoding| mask | 1 << encoding)
    }

    /// Layer, and whether the subscriber or the path pauses it, if that is news.
    pub fn announcement(&mut self, now: Micros, producer: &Producer) -> Option<(u8, bool, bool)> {
        let layer = self.segments.back().map_or(0, |segment| producer.layer(now, segment.target()));
        let state = Some((layer, self.is_paused, self.allowance.is_congested));
        if self.announced == state {
            return None;
        }
        self.announced = state;
        state
    }

    /// Forwards a packet of an encoding, if it is for this consumer now. True if it is on another layer now.
    pub fn forward(
        &mut self,
        now: Micros,
        view: &View<'_>,
        encoding: u8,
        producer: &Producer,
        outlet: &mut Outlet<'_>,
        out: &mut Outbox,
    ) -> bool {
        if self.is_stopped() {
            return false;
        }
        let Some(form) = Form::of(view, &self.payload_types) else {
            self.skip(view.index, encoding, &producer.streams);
            return false;
        };
        let before = self.segments.back().map(Segment::target);
        let Some((segment, index)) = self.place(now, view, encoding, producer) else {
            return false;
        };
        let place = Place { segment, source: view.index, index };
        if !self.settle(now, view, (form, place), producer.kind, outlet, out) {
            return false;
        }
        self.segments.back().map(Segment::target) != before
    }

    /// Closes the gap that a packet of an encoding leaves which is not for this consumer.
    pub fn skip(&mut self, index: u64, encoding: u8, streams: &[Stream]) {
        if self.current(streams) == Some(encoding)
            && let Some(current) = self.segments.back().copied()
        {
            self.leave_out(index, current);
        }
    }

    /// What a sender report says now; `None` without a report of the publisher.
    pub fn sender_info(&self, now: Micros, streams: &[Stream]) -> Option<SenderInfo> {
        let segment = self.segments.back().filter(|_| self.is_flowing)?;
        let stream =
            streams.get(usize::from(segment.encoding)).filter(|stream| stream.epoch == segment.epoch)?;
        let (ntp, timestamp) = stream.reception.clock?.advanced(now, stream.clock_rate);
        let timestamp = timestamp.wrapping_add(segment.timestamp_offset);
        Some(SenderInfo {
            ssrc: self.ssrc,
            ntp,
            timestamp,
            packets: self.traffic.originals() as u32,
            octets: self.octets,
        })
    }

    /// The segment and the outgoing index of a packet. Begins a segment where one is due.
    fn place(
        &mut self,
        now: Micros,
        view: &View<'_>,
        encoding: u8,
        producer: &Producer,
    ) -> Option<(Segment, u64)> {
        let epoch = producer.streams[usize::from(encoding)].epoch;
        let is_same = |segment: &Segment| segment.encoding == encoding && segment.epoch == epoch;
        if self.is_flowing
            && let Some(current) = self.segments.back().copied().filter(is_same)
        {
            let Some(ahead) = view.index.checked_sub(current.first_source) else {
                return self.place_late(view, is_same);
            };
            let index = current.first_out + ahead;
            if index < self.next_out {
                return Some((current, index));
            }
            return self.advance(now, view, (current, index), &producer.streams[usize::from(encoding)]);
        }
        let may_begin = producer.kind == MediaKind::Audio || view.descriptor.starts_key_frame;
        if may_begin && self.target.is_some_and(|target| target.encoding == encoding) {
            let segment = self.begin(now, view, encoding, &producer.streams);
            return Some((segment, segment.first_out));
        }
        if self.is_flowing { self.place_late(view, is_same) } else { None }
    }

    /// The place of a packet that belongs to an earlier segment, if it was ever to be sent.
    fn place_late(&self, view: &View<'_>, is_same: impl Fn(&Segment) -> bool) -> Option<(Segment, u64)> {
        for at in (0..self.segments.len().saturating_sub(1)).rev() {
            let segment = self.segments[at];
            if is_same(&segment) && segment.first_source <= view.index {
                let index = segment.first_out + (view.index - segment.first_source);
                return (index < self.segments[at + 1].first_out).then_some((segment, index));
            }
        }
        None
    }

    fn begin(&mut self, now: Micros, view: &View<'_>, encoding: u8, streams: &[Stream]) -> Segment {
        let epoch = streams[usize::from(encoding)].epoch;
        let mut segment = Segment {
            encoding,
            epoch,
            first_source: view.index,
            first_out: self.next_out,
            timestamp_offset: 0,
            picture_offset: 0,
            base_layer_offset: 0,
            frame_offset: 0,
            top: self.wish(&streams[usize::from(encoding)]),
        };
        if let (Some(newest), Some(before)) = (self.newest, self.segments.back().copied()) {
            let is_same = before.encoding == encoding && before.epoch == epoch;
            segment.timestamp_offset = if is_same {
                before.timestamp_offset
            } else {
                timestamp_offset(now, view, &newest, &before, &segment, streams)
            };
            let next_picture = newest.picture_id.wrapping_add(1);
            let picture_id = view.descriptor.picture_id.map_or(0, |id| id.value);
            segment.picture_offset = next_picture.wrapping_sub(picture_id);
            let base_layer = view.descriptor.base_layer.map_or(0, |index| index.value);
            segment.base_layer_offset = newest.base_layer.wrapping_add(1).wrapping_sub(base_layer);
            segment.frame_offset =
                newest.frame_number.wrapping_add(1).wrapping_sub(view.frame_number.unwrap_or(0));
        }
        self.push(segment);
        self.picture = Some(view.header.timestamp);
        if view.descriptor.starts_key_frame {
            self.resending.first_wanted = segment.first_out;
        }
        self.is_flowing = true;
        self.owes_report = true;
        segment
    }

    fn push(&mut self, segment: Segment) {
        if self.segments.len() == MAX_SEGMENTS {
            self.segments.pop_front();
        }
        self.segments.push_back(segment);
    }
}

/// What carries the subscriber's timestamps on from one encoding to another.
///
/// By the publisher's clocks where both encodings have reported them, else by the time that passed.
/// A report that contradicts the time by more than a second is not believed.
fn timestamp_offset(
    now: Micros,
    view: &View<'_>,
    newest: &Newest,
    before: &Segment,
    segment: &Segment,
    streams: &[Stream],
) -> u32 {
    let rate = i64::from(view.clock_rate.max(1));
    let elapsed = now.0.saturating_sub(newest.at.0) as i128 * i128::from(rate) / 1_000_000;
    let by_time = newest.timestamp.wrapping_add((elapsed as u32).max(1));
    let clock = |segment: &Segment| {
        let stream =
            streams.get(usize::from(segment.encoding)).filter(|stream| stream.epoch == segment.epoch);
        stream.and_then(|stream| stream.reception.clock)
    };
    let by_clocks = clock(before).zip(clock(segment)).map(|(old, new)| {
        let since_report = i64::from(view.header.timestamp.wrapping_sub(new.timestamp) as i32);
        let between = (i128::from(new.ntp.wrapping_sub(old.ntp) as i64) * i128::from(rate)) >> 32;
        let ticks = (between as i64).wrapping_add(since_report) as u32;
        old.timestamp.wrapping_add(ticks).wrapping_add(before.timestamp_offset)
    });
    let is_believable = |at: &u32| i64::from(at.wrapping_sub(by_time) as i32).abs() <= rate;
    let mut timestamp = by_clocks.filter(is_believable).unwrap_or(by_time);
    if timestamp.wrapping_sub(newest.timestamp) as i32 <= 0 {
        timestamp = newest.timestamp.wrapping_add(1);
    }
    timestamp.wrapping_sub(view.header.timestamp)
}
