//! What a subscriber makes of a video: asks for what is missing, as a browser does, and shows what it can decode.

use crate::peer::{Rtp, nack, picture_loss};
use crate::scene::{OUT_RTX, OUT_VIDEO};
use crate::world::{MILLISECOND, SECOND};
use std::collections::BTreeMap;

const CHECK_SPACING: u64 = 20 * MILLISECOND;
/// Between two requests for one packet.
const ROUND_TRIP: u64 = 50 * MILLISECOND;
const MOST_TRIES: u8 = 10;
const MOST_MISSING: usize = 1_000;
/// Waiting for a key frame, and for any frame.
const KEY_FRAME_WAIT: u64 = 200 * MILLISECOND;
const FRAME_WAIT: u64 = 3 * SECOND;

#[derive(Clone, Copy)]
struct Held {
    starts_key_frame: bool,
    ends_frame: bool,
}

/// See the module.
pub struct Viewer {
    ssrc: u32,
    newest: Option<u64>,
    held: BTreeMap<u64, Held>,
    /// Of a packet: when it is asked for next, and how often it was.
    missing: BTreeMap<u64, (u64, u8)>,
    /// The packet that the next frame begins with; `None`: a key frame.
    next: Option<u64>,
    next_check: u64,
    wished_at: u64,
    waits_since: u64,
    /// When each frame was shown.
    pub shown: Vec<u64>,
    pub asked: u64,
}

impl Viewer {
    pub fn new(ssrc: u32, now: u64) -> Self {
        Self {
            ssrc,
            newest: None,
            held: BTreeMap::new(),
            missing: BTreeMap::new(),
            next: None,
            next_check: 0,
            wished_at: 0,
            waits_since: now,
            shown: Vec::new(),
            asked: 0,
        }
    }

    /// Takes a packet of the video or of its retransmissions.
    pub fn take(&mut self, now: u64, packet: &Rtp) {
        let (index, payload) = match packet.payload_type {
            OUT_VIDEO => (packet.index, &packet.payload[..]),
            OUT_RTX if packet.payload.len() > 9 => {
                let sequence = u16::from_be_bytes([packet.payload[0], packet.payload[1]]);
                let newest = self.newest.unwrap_or(sequence.into());
                let distance = sequence.wrapping_sub(newest as u16) as i16;
                (newest.saturating_add_signed(distance.into()), &packet.payload[2..])
            }
            _ => return,
        };
        let starts_key_frame = payload[0] & 0x10 != 0 && payload[6] & 1 == 0;
        self.missing.remove(&index);
        if self.next.is_some_and(|next| index < next) {
            return;
        }
        self.held.insert(index, Held { starts_key_frame, ends_frame: packet.marker });
        let newest = *self.newest.get_or_insert(index);
        if index > newest {
            self.missing.extend((newest + 1..index).map(|index| (index, (now, 0))));
            self.newest = Some(index);
        }
        if self.missing.len() > MOST_MISSING {
            self.missing.clear();
            self.next = None;
        }
        self.show(now);
    }

    fn show(&mut self, now: u64) {
        loop {
            let begins =
                self.held.iter().rev().find(|(_, held)| held.starts_key_frame).map(|(&index, _)| index);
            let newer = begins.filter(|&index| self.next.is_none_or(|next| index > next));
            let from =
                [newer, self.next].into_iter().flatten().find_map(|from| Some((from, self.end(from)?)));
            let Some((_, end)) = from else { return };
            self.next = Some(end + 1);
            self.held = self.held.split_off(&(end + 1));
            self.missing = self.missing.split_off(&(end + 1));
            self.shown.push(now);
            self.waits_since = now;
        }
    }

    /// The last packet of the frame that begins with this one, if all of it is there.
    fn end(&self, from: u64) -> Option<u64> {
        let packets = (from..).map_while(|index| Some((index, self.held.get(&index)?)));
        packets.into_iter().find(|(_, held)| held.ends_frame).map(|(index, _)| index)
    }

    /// What it has to say now.
    pub fn speak(&mut self, now: u64) -> Vec<Vec<u8>> {
        if now < self.next_check {
            return Vec::new();
        }
        self.next_check = now + CHECK_SPACING;
        let mut sequences = Vec::new();
        self.missing.retain(|&index, (due, tries)| {
            if *due > now {
                return true;
            }
            sequences.push(index as u16);
            (*due, *tries) = (now + ROUND_TRIP, *tries + 1);
            *tries < MOST_TRIES
        });
        self.asked += sequences.len() as u64;
        let mut said: Vec<Vec<u8>> =
            sequences.chunks(200).map(|sequences| nack(self.ssrc, sequences)).collect();
        let patience = if self.next.is_none() { KEY_FRAME_WAIT } else { FRAME_WAIT };
        if now > self.waits_since.max(self.wished_at) + patience {
            self.wished_at = now;
            said.push(picture_loss(self.ssrc));
        }
        said
    }

    /// The longest time without a new frame since then.
    pub fn longest_freeze(&self, since: u64, now: u64) -> u64 {
        let within = self.shown.iter().copied().filter(|&at| at >= since).chain([now]);
        within.fold((since, 0), |(before, longest), at| (at, longest.max(at - before))).1
    }
}
