//! What a receiver report says of one stream (RFC 3550 section 6.4.1, appendices A.3 and A.8).

use crate::api::Micros;
use crate::rtcp::ReportBlock;

/// A publisher's clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderClock {
    /// 64-bit NTP time of the publisher.
    pub ntp: u64,
    pub timestamp: u32,
    /// When the report arrived here.
    pub at: Micros,
}

impl SenderClock {
    /// The clocks as they stand at `now`, if the publisher's go as ours.
    pub fn advanced(&self, now: Micros, clock_rate: u32) -> (u64, u32) {
        let elapsed = now.0.saturating_sub(self.at.0);
        let ntp = self.ntp.wrapping_add(((u128::from(elapsed) << 32) / 1_000_000) as u64);
        let ticks = u128::from(elapsed) * u128::from(clock_rate) / 1_000_000;
        (ntp, self.timestamp.wrapping_add(ticks as u32))
    }
}

/// Statistics of one incoming stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reception {
    first: Option<u64>,
    newest: u64,
    received: u64,
    expected_before: u64,
    received_before: u64,
    lost_before: u64,
    /// Times 16, as the RFC computes it.
    jitter: u32,
    transit: Option<u32>,
    /// From the publisher's last SR.
    pub clock: Option<SenderClock>,
}

impl Reception {
    /// Counts an authenticated packet.
    pub fn receive(&mut self, now: Micros, index: u64, timestamp: u32, clock_rate: u32) {
        self.pass(index);
        let arrival = (u128::from(now.0) * u128::from(clock_rate) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = self.transit {
            // A jump of the publisher's timestamps is no jitter: one second is the most there is.
            let difference = (transit.wrapping_sub(before) as i32).unsigned_abs().min(clock_rate);
            let decay = (self.jitter + 8) >> 4;
            self.jitter = (self.jitter + difference).saturating_sub(decay);
        }
        self.transit = Some(transit);
    }

    /// Counts an authenticated packet that is not media: it has a number, and no time.
    pub fn pass(&mut self, index: u64) {
        let first = *self.first.get_or_insert(index);
        self.first = Some(first.min(index));
        self.newest = self.newest.max(index);
        self.received += 1;
    }

    /// Packets up to the newest, those that are missing too.
    fn expected(&self) -> u64 {
        self.first.map_or(0, |first| self.newest - first + 1)
    }

    /// Packets that are missing so far.
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Packets that are missing, and were not the last time.
    pub fn newly_lost(&mut self) -> u64 {
        let new = self.lost().saturating_sub(self.lost_before);
        self.lost_before += new;
        new
    }

    /// Whether a report made now says anything new: something came, or was due, since the one before.
    pub fn has_news(&self) -> bool {
        self.expected() > self.expected_before
    }

    /// The block of a report made now; `None` before the first packet.
    pub fn report(&mut self, now: Micros, ssrc: u32) -> Option<ReportBlock> {
        self.first?;
        let expected = self.expected();
        let expected_now = expected.saturating_sub(self.expected_before);
        let received_now = self.received - self.received_before;
        self.expected_before = expected;
        self.received_before = self.received;
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (lost_now * 256).checked_div(expected_now).unwrap_or(0).min(255);
        let lost = (expected as i64 - self.received as i64).clamp(i32::MIN.into(), i32::MAX.into());
        let since_report =
            |clock: SenderClock| (now.0.saturating_sub(clock.at.0) as u128 * 65_536 / 1_000_000) as u32;
        Some(ReportBlock {
            ssrc,
            fraction_lost: fraction as u8,
            lost: lost as i32,
            highest_sequence: self.newest as u32,
            jitter: self.jitter >> 4,
            last_sr: self.clock.map_or(0, |clock| (clock.ntp >> 16) as u32),
            delay: self.clock.map_or(0, since_report),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_counted_since_the_report_before_and_in_all() {
        let mut reception = Reception::default();
        for index in (0..100).filter(|index| index % 4 != 3) {
            reception.receive(Micros(index * 20_000), index, index as u32 * 960, 48_000);
        }
        let block = reception.report(Micros(0), 7).unwrap();
        assert_eq!((block.fraction_lost, block.lost, block.jitter), (62, 24, 0));
        for index in 99..199 {
            reception.receive(Micros(index * 20_000), index, index as u32 * 960, 48_000);
        }
        assert!(reception.has_news());
        let block = reception.report(Micros(0), 7).unwrap();
        assert_eq!((block.fraction_lost, block.lost, block.highest_sequence), (0, 24, 198));
        assert!(!reception.has_news(), "nothing came since");
    }

    #[test]
    fn jitter_is_in_timestamp_units() {
        let mut reception = Reception::default();
        for index in 0..200 {
            let late = if index % 2 == 0 { 0 } else { 5_000 };
            reception.receive(Micros(index * 20_000 + late), index, index as u32 * 960, 48_000);
        }
        let jitter = reception.report(Micros(0), 7).unwrap().jitter;
        assert!((220..=240).contains(&jitter), "{jitter}");
    }

    #[test]
    fn the_last_sender_report_is_echoed_with_its_age() {
        let mut reception = Reception::default();
        reception.receive(Micros(0), 0, 0, 90_000);
        let ntp = 0x1122_3344_5566_7788;
        reception.clock = Some(SenderClock { ntp, timestamp: 0, at: Micros(1_000_000) });
        let block = reception.report(Micros(1_500_000), 7).unwrap();
        assert_eq!((block.last_sr, block.delay), (0x3344_5566, 32_768));
    }

    #[test]
    fn clocks_advance_together() {
        let clock = SenderClock { ntp: 5 << 32, timestamp: u32::MAX, at: Micros(0) };
        assert_eq!(clock.advanced(Micros(500_000), 90_000), (5 << 32 | 1 << 31, 44_999));
    }
}
