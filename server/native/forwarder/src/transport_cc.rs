//! Transport-wide feedback to a publisher (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use crate::api::Micros;
use std::collections::VecDeque;

/// Packets one feedback tells of at most, so that it fits a datagram.
const MAX_STATUSES: usize = 256;
/// A jump in sequence numbers by more than this begins anew.
const MAX_GAP: u64 = 1024;
/// A packet counts as late, and not as lost for good, if one that was told came this long before at most, in
/// microseconds.
const MAX_LATENESS: u64 = 500_000;
/// Unit of deltas, in microseconds.
const DELTA: u64 = 250;
/// Unit of the reference time, in microseconds.
const REFERENCE: u64 = 64_000;
const NOT_RECEIVED: u16 = 0;
const SMALL_DELTA: u16 = 1;
const LARGE_DELTA: u16 = 2;

/// When the packets of a transport arrived, by their transport-wide sequence number.
///
/// A packet that comes after the feedback that called it lost is told again, with all that follow it: a sender
/// takes what is never told as lost, and a path that only reorders would look like one that loses.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    /// Unwrapped sequence number of the first entry.
    base: u64,
    entries: VecDeque<Option<Micros>>,
    /// Entries that need not be told again.
    told: usize,
    latest: Micros,
    is_started: bool,
    feedback_count: u8,
}

impl Arrivals {
    /// True if there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.told == self.entries.len()
    }

    /// Notes a packet, unless it is later than [`MAX_LATENESS`].
    pub fn record(&mut self, now: Micros, sequence: u16) {
        if !self.is_started {
            self.is_started = true;
            // Room to count down from, once wrapped.
            self.base = u64::from(sequence) + (1 << 16);
        }
        let next = self.base + self.entries.len() as u64;
        let distance = sequence.wrapping_sub(next as u16) as i16;
        let Some(number) = next.checked_add_signed(distance.into()) else { return };
        if number < self.base {
            return;
        }
        if number > self.base + self.told as u64 + MAX_GAP {
            self.entries.clear();
            self.told = 0;
            self.base = number;
        }
        let at = (number - self.base) as usize;
        if at >= self.entries.len() {
            self.entries.resize(at + 1, None);
        }
        if self.entries[at].is_none() {
            self.entries[at] = Some(now);
            self.told = self.told.min(at);
            self.latest = now;
        }
    }

    /// Forgets what nobody can be late for.
    fn forget(&mut self) {
        let oldest = Micros(self.latest.0.saturating_sub(MAX_LATENESS));
        let is_old = |entry: &Option<Micros>| entry.is_some_and(|arrival| arrival < oldest);
        let old = self.entries.iter().take(self.told).rposition(is_old).map_or(0, |at| at + 1);
        let old = old.max(self.entries.len().saturating_sub(MAX_GAP as usize)).min(self.told);
        self.entries.drain(..old);
        self.base += old as u64;
        self.told -= old;
    }

    /// Appends one feedback packet of what is not told yet. Call until [`Arrivals::is_empty`].
    pub fn write(&mut self, out: &mut Vec<u8>, sender: u32, media: u32) {
        self.forget();
        self.told += self.entries.range(self.told..).take_while(|entry| entry.is_none()).count();
        let Some(first) = self.entries.get(self.told).copied().flatten() else { return };
        let sequence = (self.base + self.told as u64) as u16;
        let reference = first.0 / REFERENCE;
        let mut symbols = [NOT_RECEIVED; MAX_STATUSES];
        let mut deltas = [0_i16; MAX_STATUSES];
        let mut before = reference * (REFERENCE / DELTA);
        let mut count = 0;
        for (at, arrival) in self.entries.range(self.told..).take(MAX_STATUSES).enumerate() {
            if let Some(arrival) = arrival {
                let ticks = arrival.0 / DELTA;
                let Ok(delta) = i16::try_from(ticks as i64 - before as i64) else { break };
                before = ticks;
                deltas[at] = delta;
                symbols[at] = if (0..256).contains(&delta) { SMALL_DELTA } else { LARGE_DELTA };
            }
            count = at + 1;
        }
        let start = out.len();
        out.extend_from_slice(&[0x8f, 205, 0, 0]);
        out.extend_from_slice(&sender.to_be_bytes());
        out.extend_from_slice(&media.to_be_bytes());
        out.extend_from_slice(&sequence.to_be_bytes());
        out.extend_from_slice(&(count as u16).to_be_bytes());
        out.extend_from_slice(&(reference as u32).to_be_bytes()[1..]);
        out.push(self.feedback_count);
        write_chunks(out, &symbols[..count]);
        for (symbol, delta) in symbols[..count].iter().zip(deltas) {
            match *symbol {
                SMALL_DELTA => out.push(delta as u8),
                LARGE_DELTA => out.extend_from_slice(&delta.to_be_bytes()),
                _ => {}
            }
        }
        let padding = (out.len() - start).next_multiple_of(4) - (out.len() - start);
        if padding > 0 {
            out.resize(out.len() + padding - 1, 0);
            out.push(padding as u8);
            out[start] |= 0x20;
        }
        let words = ((out.len() - start) / 4 - 1) as u16;
        out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
        self.feedback_count = self.feedback_count.wrapping_add(1);
        self.told += count;
    }
}

/// Run lengths where a run is worth it, else vectors of seven two-bit symbols.
fn write_chunks(out: &mut Vec<u8>, mut symbols: &[u16]) {
    while let Some(&first) = symbols.first() {
        let run = symbols.iter().take_while(|&&symbol| symbol == first).count();
        let (chunk, taken) = if run >= 7 || run == symbols.len() {
            (first << 13 | run as u16, run)
        } else {
            let taken = symbols.len().min(7);
            let vector = symbols[..taken].iter().enumerate();
            (vector.fold(0xc000, |chunk, (at, symbol)| chunk | symbol << (12 - 2 * at)), taken)
        };
        out.extend_from_slice(&chunk.to_be_bytes());
        symbols = &symbols[taken..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    fn feedback(arrivals: &mut Arrivals) -> Vec<u8> {
        let mut out = Vec::new();
        arrivals.write(&mut out, 1, 2);
        out
    }

    #[test]
    fn a_run_of_small_deltas() {
        let mut arrivals = Arrivals::default();
        for number in 0..8_u16 {
            arrivals.record(Micros(128_000 + u64::from(number) * 1_000), 10 + number);
        }
        let expected = hex("8fcd0006 00000001 00000002 000a0008 00000200 2008 0004040404 040404 0000"
            .replace(' ', "")
            .as_str());
        let out = feedback(&mut arrivals);
        assert_eq!(out[4..30], expected[4..30]);
        assert_eq!(out[0], 0xaf, "padded");
        assert_eq!(out.last(), Some(&2));
        assert!(arrivals.is_empty());
    }

    #[test]
    fn losses_and_reordering_across_the_wrap() {
        let mut arrivals = Arrivals::default();
        arrivals.record(Micros(64_000), 65_534);
        arrivals.record(Micros(264_000), 1);
        arrivals.record(Micros(164_000), 65_535);
        let out = feedback(&mut arrivals);
        assert_eq!(out[12..20], hex("fffe000400000100"));
        // Small, large, lost, large: 200 ms and 100 ms exceed the 63.75 ms of one byte.
        assert_eq!(out[20..22], hex("d880"));
        assert_eq!(out[22..27], hex("0001900190"));
    }

    #[test]
    fn what_comes_after_it_was_told_lost_is_told_again_with_all_that_follow() {
        let mut arrivals = Arrivals::default();
        for number in [100, 101, 103, 104] {
            arrivals.record(Micros(64_000), number);
        }
        assert_eq!(feedback(&mut arrivals)[12..16], hex("00640005"));
        assert!(arrivals.is_empty());
        arrivals.record(Micros(128_000), 102);
        arrivals.record(Micros(128_000), 104);
        let out = feedback(&mut arrivals);
        assert_eq!(out[12..16], hex("00660003"));
        // Small, large, small: the two that follow came 64 ms before it, at the same time.
        assert_eq!(out[20..26], hex("d90000ff0000"));
        assert!(arrivals.is_empty());
    }

    #[test]
    fn what_is_later_than_half_a_second_stays_lost() {
        let mut arrivals = Arrivals::default();
        arrivals.record(Micros(0), 100);
        arrivals.record(Micros(0), 102);
        feedback(&mut arrivals);
        arrivals.record(Micros(600_000), 103);
        feedback(&mut arrivals);
        arrivals.record(Micros(600_000), 101);
        assert!(arrivals.is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut arrivals = Arrivals::default();
        for number in 0..5_000_u16 {
            arrivals.record(Micros(0), number);
            feedback(&mut arrivals);
        }
        assert!(arrivals.entries.len() <= MAX_GAP as usize + 1);
        assert!(arrivals.is_empty());
    }

    #[test]
    fn long_gaps_begin_anew_and_what_came_before_the_first_is_dropped() {
        let mut arrivals = Arrivals::default();
        arrivals.record(Micros(0), 100);
        feedback(&mut arrivals);
        arrivals.record(Micros(0), 99);
        assert!(arrivals.is_empty());
        arrivals.record(Micros(0), 20_000);
        assert_eq!(feedback(&mut arrivals)[12..16], hex("4e200001"));
    }

    #[test]
    fn a_long_pause_is_split() {
        let mut arrivals = Arrivals::default();
        arrivals.record(Micros(0), 1);
        arrivals.record(Micros(60_000_000), 2);
        assert_eq!(feedback(&mut arrivals)[12..16], hex("00010001"));
        assert_eq!(feedback(&mut arrivals)[12..16], hex("00020001"));
        assert!(arrivals.is_empty());
    }
}
