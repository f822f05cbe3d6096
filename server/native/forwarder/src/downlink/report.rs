//! Transport-wide feedback from a subscriber, read
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).

/// Statuses of one report at most: more packets than can be under way.
const MAX_STATUSES: usize = 2048;
/// Unit of the reference time, in microseconds.
const REFERENCE: i64 = 64_000;
/// Unit of arrival deltas, in microseconds.
const DELTA: i64 = 250;
const SMALL_DELTA: u16 = 1;
const LARGE_DELTA: u16 = 2;

/// One report. What it says is bounded, and nothing of it is believed yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report<'a> {
    /// Sequence number of the first packet that it tells of.
    pub first: u16,
    /// Of the peer's clock, in 24 bits; see [`reference_step`].
    pub reference: u32,
    count: usize,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> Report<'a> {
    /// Reads what follows the two SSRCs. `None` if it tells of too much, or of more than it has bytes for.
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let (&[first_high, first_low, count_high, count_low, high, middle, low, _], rest) =
            body.split_first_chunk()?;
        let count = usize::from(u16::from_be_bytes([count_high, count_low]));
        if count > MAX_STATUSES {
            return None;
        }
        let mut told = 0;
        let mut chunks = 0;
        while told < count {
            told += usize::from(length(chunk(rest, chunks)?));
            chunks += 1;
        }
        let (chunks, deltas) = rest.split_at(2 * chunks);
        Some(Self {
            first: u16::from_be_bytes([first_high, first_low]),
            reference: u32::from_be_bytes([0, high, middle, low]),
            count,
            chunks,
            deltas,
        })
    }

    /// For each packet from the first on, its arrival in microseconds since the reference time; `None` for
    /// one that has not arrived. Ends where deltas run out or mean nothing.
    pub fn arrivals(self) -> impl Iterator<Item = Option<i64>> + use<'a> {
        let symbols = (0..).map_while(move |at| chunk(self.chunks, at)).flat_map(symbols).take(self.count);
        let mut deltas = self.deltas;
        let mut arrival = 0;
        symbols.map_while(move |symbol| {
            let delta = match symbol {
                0 => return Some(None),
                SMALL_DELTA => {
                    let (&delta, rest) = deltas.split_first()?;
                    deltas = rest;
                    i64::from(delta)
                }
                LARGE_DELTA => {
                    let (&delta, rest) = deltas.split_first_chunk()?;
                    deltas = rest;
                    i64::from(i16::from_be_bytes(delta))
                }
                _ => return None,
            };
            arrival += delta * DELTA;
            Some(Some(arrival))
        })
    }
}

/// Microseconds from one reference time to another, which are modulo 2^24 units.
pub(crate) fn reference_step(before: u32, after: u32) -> i64 {
    let units = (after.wrapping_sub(before) << 8).cast_signed() >> 8;
    i64::from(units) * REFERENCE
}

fn chunk(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(2 * at..2 * at + 2)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// Packets that a chunk tells of. A run of none goes on with the next chunk.
fn length(chunk: u16) -> u16 {
    match chunk >> 14 {
        0 | 1 => chunk & 0x1fff,
        2 => 14,
        _ => 7,
    }
}

fn symbols(chunk: u16) -> impl Iterator<Item = u16> {
    (0..length(chunk)).map(move |at| match chunk >> 14 {
        0 | 1 => chunk >> 13 & 3,
        2 => chunk >> (13 - at) & 1,
        _ => chunk >> (12 - 2 * at) & 3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    fn read(digits: &str) -> Option<(u16, Vec<Option<i64>>)> {
        let bytes = hex(&digits.replace(' ', ""));
        let report = Report::parse(&bytes)?;
        Some((report.first, report.arrivals().collect()))
    }

    #[test]
    fn runs_and_both_vectors_are_read() {
        // A run of three small deltas, a vector of one-bit symbols, one of two-bit symbols.
        let text = "fffe 0018 000002 07 2003 a800 d880 04 04 04 08 08 01 0190 ffff";
        let (first, arrivals) = read(text).unwrap();
        let mut expected = vec![Some(1_000), Some(2_000), Some(3_000)];
        expected.extend([Some(5_000), None, Some(7_000)]);
        expected.extend([None; 11]);
        assert_eq!((first, &arrivals[..17]), (0xfffe, &expected[..]));
        assert_eq!(arrivals[17..], [Some(7_250), Some(107_250), None, Some(107_000), None, None, None]);
    }

    #[test]
    fn a_report_ends_where_its_deltas_do() {
        assert_eq!(read("0001 0005 000000 00 2005 0404"), Some((1, vec![Some(1_000), Some(2_000)])));
        assert_eq!(read("0001 0002 000000 00 6002 0404"), Some((1, vec![])), "a symbol that means nothing");
    }

    #[test]
    fn what_is_cut_or_too_much_is_no_report() {
        for text in ["", "0001 0001 000000", "0001 0001 000000 00", "0001 0008 000000 00 2007"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("0001 0801 000000 00 1801"), None);
        assert_eq!(read("0001 0800 000000 00 1800").unwrap().1.len(), 2048);
        let empty_runs = format!("0001 0001 000000 00 {}", "2000".repeat(700));
        assert_eq!(read(&empty_runs), None);
    }

    #[test]
    fn reference_times_wrap() {
        assert_eq!(reference_step(10, 12), 128_000);
        assert_eq!(reference_step(0xff_ffff, 1), 128_000);
        assert_eq!(reference_step(1, 0xff_ffff), -128_000);
    }
}
