//! Transport-wide feedback to a publisher (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use crate::api::Micros;
use std::collections::VecDeque;

/// Packets one feedback tells of at most, so that it fits a datagram.
const MAX_STATUSES: usize = 256;
/// A jump in sequence numbers by more than this begins anew.
const MAX_GAP: u64 = 1024;
/// Unit of deltas, in microseconds.
const DELTA: u64 = 250;
/// Unit of the reference time, in microseconds.
const REFERENCE: u64 = 64_000;
const NOT_RECEIVED: u16 = 0;
const SMALL_DELTA: u16 = 1;
const LARGE_DELTA: u16 = 2;

/// When the packets of a transport arrived, by their transport-wide sequence number.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    /// Unwrapped sequence number of the first entry.
    base: u64,
    pending: VecDeque<Option<Micros>>,
    is_started: bool,
    feedback_count: u8,
}

impl Arrivals {
    /// True if there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Notes a packet. What was told as lost already stays so.
    pub fn record(&mut self, now: Micros, sequence: u16) {
        if !self.is_started {
            self.is_started = true;
            // Room to count down from, once wrapped.
            self.base = u64::from(sequence) + (1 << 16);
        }
        let next = self.base + self.pending.len() as u64;
        let distance = sequence.wrapping_sub(next as u16) as i16;
        let Some(number) = next.checked_add_signed(distance.into()) else { return };
        if number < self.base {
            return;
        }
        if number - self.base > MAX_GAP {
            self.pending.clear();
            self.base = number;
        }
        let at = (number - self.base) as usize;
        if at >= self.pending.len() {
            self.pending.resize(at + 1, None);
        }
        self.pending[at].get_or_insert(now);
    }

    /// Appends one feedback packet of what is pending. Call until [`Arrivals::is_empty`].
    pub fn write(&mut self, out: &mut Vec<u8>, sender: u32, media: u32) {
        while self.pending.front() == Some(&None) {
            self.pending.pop_front();
            self.base += 1;
        }
        let Some(first) = self.pending.front().copied().flatten() else { return };
        let reference = first.0 / REFERENCE;
        let mut symbols = [NOT_RECEIVED; MAX_STATUSES];
        let mut deltas = [0_i16; MAX_STATUSES];
        let mut before = reference * (REFERENCE / DELTA);
        let mut count = 0;
        for (at, arrival) in self.pending.iter().take(MAX_STATUSES).enumerate() {
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
        out.extend_from_slice(&(self.base as u16).to_be_bytes());
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
        self.pending.drain(..count);
        self.base += count as u64;
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
    fn long_gaps_begin_anew_and_late_packets_are_dropped() {
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
