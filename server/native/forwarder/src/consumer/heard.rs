//! What a subscriber's receiver reports say of the way to it (RFC 3550 section 6.4.1).

use super::Consumer;
use crate::api::Micros;
use crate::rtcp::{self, Loss, SenderInfo};

/// Of one report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Packets since the report before.
    pub lost: u64,
    /// Of 256, since the report before; none where nothing came or was missed since.
    pub fraction: Option<u8>,
    /// In 1/65536 s, if it can be told.
    pub round_trip: Option<u32>,
}

impl Consumer {
    /// A sender report was sent that says this.
    pub fn note_report(&mut self, now: Micros, info: &SenderInfo) {
        self.owes_report = false;
        self.last_report = Some((rtcp::middle(info.ntp), now));
    }

    /// Works a receiver report in. What was lost before it came here was never sent, and leaves a hole in
    /// the numbers that the subscriber misses too: that is not lost on the way to it. Nor is more than was sent.
    pub fn hear(&mut self, now: Micros, loss: &Loss) -> Heard {
        let missed = u64::from(loss.lost.max(0).unsigned_abs());
        let newly_missed = missed.saturating_sub(core::mem::replace(&mut self.missed, missed));
        let holes = (self.next_out - self.first_out).saturating_sub(self.traffic.originals());
        let lost = missed.saturating_sub(holes).min(self.traffic.packets);
        let newly_lost = lost.saturating_sub(self.traffic.lost);
        self.traffic.lost += newly_lost;
        let share = |of: u64| u64::from(loss.fraction) * newly_lost.min(of) / of;
        let report = self.last_report.filter(|&(report, _)| report == loss.last_sr && report != 0);
        let goes_on = self.heard_to.replace(loss.highest) != Some(loss.highest);
        let fraction = if newly_missed == 0 { loss.fraction } else { share(newly_missed) as u8 };
        Heard {
            lost: newly_lost,
            // Of a stream that rests receivers go on reporting for a while: that says nothing of the way.
            fraction: (goes_on || loss.fraction > 0).then_some(fraction),
            round_trip: report.and_then(|(_, at)| rtcp::units(now.0 - at.0).checked_sub(loss.delay)),
        }
    }
}
