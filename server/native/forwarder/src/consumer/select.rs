//! Which of the layers inside a stream a subscriber is sent: fewer from the next picture on, more where that can be
//! decoded. What is left out leaves no gap in the numbers.

use super::{Consumer, MAX_JUMP, Segment};
use crate::api::Micros;
use crate::layers::Top;
use crate::producer::{Stream, Target, View};

impl Segment {
    /// What it was begun for.
    pub(super) fn target(&self) -> Target {
        Target { encoding: self.encoding, top: self.top }
    }

    /// Whether the subscriber is sent what is in a packet.
    pub(super) fn takes(&self, view: &View<'_>) -> bool {
        self.top.takes(view.descriptor.frame)
    }
}

impl Consumer {
    /// The temporal layer that the subscriber's wish for so many frames a second comes to.
    pub fn wished_temporal(&self, stream: &Stream) -> u8 {
        if self.frame_rate == 0 { Top::ALL.temporal } else { stream.layers.temporal_for(self.frame_rate) }
    }

    /// What to send of a stream, as far as it can be decoded.
    pub(super) fn wish(&self, stream: &Stream) -> Top {
        let top = self.target.map_or(Top::ALL, |target| target.top);
        Top { temporal: top.temporal.min(self.wished_temporal(stream)), ..top }
    }

    /// The place of a packet beyond all that was sent of its segment, at this index if it is taken. If it is
    /// not, what follows closes up.
    pub(super) fn advance(
        &mut self,
        now: Micros,
        view: &View<'_>,
        (mut current, mut index): (Segment, u64),
        stream: &Stream,
    ) -> Option<(Segment, u64)> {
        let begins_picture = self.picture.replace(view.header.timestamp) != Some(view.header.timestamp);
        if begins_picture {
            let top = self.adjusted(now, view, current.top, stream);
            if top != current.top {
                current = Segment { first_source: view.index, first_out: index, top, ..current };
                self.push(current);
            }
        }
        if !current.takes(view) {
            if begins_picture && view.descriptor.picture_id.is_some_and(|id| id.is_dense) {
                current.picture_offset = current.picture_offset.wrapping_sub(1);
            }
            self.leave_out(view.index, current);
            return None;
        }
        if index > self.next_out + MAX_JUMP {
            index = self.next_out;
            current = Segment { first_source: view.index, first_out: index, ..current };
            self.push(current);
        }
        Some((current, index))
    }

    /// What is sent from a picture on. A spatial layer is begun where all begin; a temporal layer there too, or
    /// one after the other where they refer to lower ones alone. Whatever is not there may begin.
    fn adjusted(&self, now: Micros, view: &View<'_>, top: Top, stream: &Stream) -> Top {
        let (wish, frame) = (self.wish(stream), view.descriptor.frame);
        if wish == top {
            return top;
        }
        let begins = view.descriptor.starts_key_frame;
        let spatial = if begins || top.spatial >= stream.layers.highest_spatial(now) {
            wish.spatial
        } else {
            wish.spatial.min(top.spatial)
        };
        let temporal = if begins || top.temporal >= stream.layers.highest_temporal(now) {
            wish.temporal
        } else {
            let may_rise = frame.rise.from <= top.temporal;
            wish.temporal.min(if may_rise { top.temporal.max(frame.rise.to) } else { top.temporal })
        };
        Top { spatial, temporal }
    }

    /// Goes on with a segment behind a packet that is left out of it.
    pub(super) fn leave_out(&mut self, index: u64, current: Segment) {
        let Some(ahead) = index.checked_sub(current.first_source) else { return };
        let first_out = current.first_out + ahead;
        if first_out < self.next_out {
            return;
        }
        let first_out = if first_out < self.next_out + MAX_JUMP { first_out } else { self.next_out };
        let next = Segment { first_source: index + 1, first_out, ..current };
        match self.segments.back_mut() {
            // Nothing was sent of it.
            Some(last) if ahead == 0 && last.first_source == index => *last = next,
            _ => self.push(next),
        }
    }
}
