//! RTCP, read and written (RFC 3550 section 6, RFC 4585, RFC 5104). Compounds may be reduced (RFC 5506).

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const EXTENDED_REPORT: u8 = 207;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
/// Blocks of extended reports (RFC 3611 sections 4.4 and 4.5).
const REFERENCE_TIME: u8 = 4;
const DELAY_SINCE_REFERENCE: u8 = 5;
const GENERIC_NACK: u8 = 1;
const PICTURE_LOSS: u8 = 1;
const FULL_INTRA: u8 = 4;
const TRANSPORT_CC: u8 = 15;
const APPLICATION_LAYER: u8 = 15;

/// Packets read of one compound; the rest is ignored.
const MAX_PACKETS: usize = 32;
/// Entries read of one NACK, each for 17 packets.
const MAX_NACK_ENTRIES: usize = 64;
/// Entries read of one FIR, and sources of one BYE.
const MAX_SOURCES: usize = 31;
/// Words of an entry in a block that says how long reference times were held.
const ECHO_WORDS: usize = 3;
/// Bytes of a report block.
const BLOCK_SIZE: usize = 24;

/// The reports that matter to a forwarder. Everything else is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// A publisher's clocks: NTP time (RFC 3550 section 4) at an RTP timestamp.
    SenderReport { ssrc: u32, ntp: u64, timestamp: u32 },
    /// What a receiver lost of its sources; see [`Words::losses`].
    ReceiverReport(Words<'a>),
    /// Blocks of an extended report; see [`echoes`].
    ExtendedReport(&'a [u8]),
    /// Sources that have left.
    Goodbye(Words<'a>),
    /// Lost packets: pairs of sequence number and bit mask of those behind it.
    Nack { media: u32, entries: Words<'a> },
    /// The decoder needs a key frame.
    PictureLoss { media: u32 },
    /// The same, in the older form; the media sources are in the entries.
    FullIntra(Words<'a>),
    /// When packets of the transport arrived; to be read by `downlink::Report`.
    TransportCc(&'a [u8]),
    /// Bits a second that the peer believes it can receive (draft-alvestrand-rmcat-remb-03).
    ReceiverEstimate(u64),
}

/// Big-endian 32-bit words of a packet, bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Words<'a> {
    bytes: &'a [u8],
    step: usize,
}

impl<'a> Words<'a> {
    fn new(bytes: &'a [u8], step: usize, limit: usize) -> Self {
        Self { bytes: &bytes[..bytes.len().min(limit * step)], step }
    }

    /// The first word of each entry.
    pub fn iter(self) -> impl Iterator<Item = u32> + use<'a> {
        self.bytes.chunks_exact(self.step).filter_map(|entry| word(entry, 0))
    }

    /// What each report block says.
    pub fn losses(self) -> impl Iterator<Item = Loss> + use<'a> {
        self.bytes.chunks_exact(self.step).filter_map(|block| {
            let counts = word(block, 4)?;
            Some(Loss {
                source: word(block, 0)?,
                fraction: (counts >> 24) as u8,
                lost: (counts << 8).cast_signed() >> 8,
                highest: word(block, 8)?,
                last_sr: word(block, 16)?,
                delay: word(block, 20)?,
            })
        })
    }
}

/// What a receiver says of a stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    pub source: u32,
    /// Of 256, since the report before.
    pub fraction: u8,
    /// Since the beginning.
    pub lost: i32,
    /// The highest number that it had, with how often they began again.
    pub highest: u32,
    /// The middle of the NTP time of the last sender report it has; 0: none.
    pub last_sr: u32,
    /// For so long, in 1/65536 s.
    pub delay: u32,
}

/// What a sender says of a reference time that it was told (RFC 3611 section 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Echo {
    /// Who told it.
    pub source: u32,
    /// The middle of its NTP time; 0: none.
    pub reference: u32,
    /// Held for so long, in 1/65536 s.
    pub delay: u32,
}

/// The echoes in an extended report, bounded. Stops where it is malformed.
pub(crate) fn echoes(blocks: &[u8]) -> impl Iterator<Item = Echo> {
    let mut rest = blocks;
    let blocks = core::iter::from_fn(move || {
        let (&[kind, _, high, low], _) = rest.split_first_chunk()?;
        let length = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        let block = rest.get(..length)?;
        rest = &rest[length..];
        Some((kind, &block[4..]))
    });
    let entries = blocks
        .filter(|&(kind, _)| kind == DELAY_SINCE_REFERENCE)
        .flat_map(|(_, body)| body.chunks_exact(4 * ECHO_WORDS));
    let read =
        |entry| Some(Echo { source: word(entry, 0)?, reference: word(entry, 4)?, delay: word(entry, 8)? });
    entries.take(MAX_SOURCES).filter_map(read)
}

/// The 32 bits of an NTP time that reports refer to it by.
pub(crate) fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Microseconds in 1/65536 s.
pub(crate) fn units(micros: u64) -> u32 {
    (u128::from(micros) * 65_536 / 1_000_000) as u32
}

/// Sequence numbers of a NACK entry: the packet, then those of its bit mask.
pub(crate) fn lost(entry: u32) -> impl Iterator<Item = u16> {
    let (first, mask) = ((entry >> 16) as u16, entry as u16);
    let behind = (0..16).filter(move |bit| mask >> bit & 1 == 1).map(move |bit| first.wrapping_add(bit + 1));
    core::iter::once(first).chain(behind)
}

/// Reads an opened compound. Stops where it is malformed.
pub(crate) fn read(compound: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let mut rest = compound;
    let packets = core::iter::from_fn(move || {
        let (&[first, kind, high, low], _) = rest.split_first_chunk()?;
        let length = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        if first >> 6 != 2 {
            return None;
        }
        let packet = rest.get(..length)?;
        rest = &rest[length..];
        Some((first & 0x1f, kind, &packet[4..]))
    });
    packets.take(MAX_PACKETS).filter_map(|(count, kind, body)| interpret(count, kind, body))
}

fn interpret(count: u8, kind: u8, body: &[u8]) -> Option<Packet<'_>> {
    match (kind, count) {
        (SENDER_REPORT, _) => {
            let ntp = u64::from(word(body, 4)?) << 32 | u64::from(word(body, 8)?);
            Some(Packet::SenderReport { ssrc: word(body, 0)?, ntp, timestamp: word(body, 12)? })
        }
        (RECEIVER_REPORT, blocks) => {
            Some(Packet::ReceiverReport(Words::new(body.get(4..)?, BLOCK_SIZE, blocks.into())))
        }
        (EXTENDED_REPORT, _) => Some(Packet::ExtendedReport(body.get(4..)?)),
        (GOODBYE, sources) => {
            Some(Packet::Goodbye(Words::new(body, 4, usize::from(sources).min(MAX_SOURCES))))
        }
        (TRANSPORT_FEEDBACK, GENERIC_NACK) => {
            let entries = Words::new(body.get(8..)?, 4, MAX_NACK_ENTRIES);
            Some(Packet::Nack { media: word(body, 4)?, entries })
        }
        (TRANSPORT_FEEDBACK, TRANSPORT_CC) => Some(Packet::TransportCc(body.get(8..)?)),
        (PAYLOAD_FEEDBACK, APPLICATION_LAYER) => receiver_estimate(body).map(Packet::ReceiverEstimate),
        (PAYLOAD_FEEDBACK, PICTURE_LOSS) => Some(Packet::PictureLoss { media: word(body, 4)? }),
        (PAYLOAD_FEEDBACK, FULL_INTRA) => Some(Packet::FullIntra(Words::new(body.get(8..)?, 8, MAX_SOURCES))),
        _ => None,
    }
}

/// A mantissa of 18 bits, shifted by up to 63.
fn receiver_estimate(body: &[u8]) -> Option<u64> {
    if body.get(8..12)? != b"REMB" {
        return None;
    }
    let value = word(body, 12)? & 0xff_ffff;
    Some(u64::from(value & 0x3_ffff).saturating_mul(1 << (value >> 18)))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// Sender information of an SR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderInfo {
    pub ssrc: u32,
    pub ntp: u64,
    pub timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// A block of an RR (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReportBlock {
    pub ssrc: u32,
    /// Of 256, since the report before.
    pub fraction_lost: u8,
    /// Since the beginning; clamped to 24 bits.
    pub lost: i32,
    pub highest_sequence: u32,
    /// In timestamp units.
    pub jitter: u32,
    /// The middle 32 bits of the NTP time of the last SR.
    pub last_sr: u32,
    /// Since that SR, in 1/65536 s.
    pub delay: u32,
}

fn header(out: &mut Vec<u8>, count: u8, kind: u8, words: usize) {
    out.extend_from_slice(&[0x80 | count, kind]);
    out.extend_from_slice(&(words as u16).to_be_bytes());
}

fn put(out: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        out.extend_from_slice(&word.to_be_bytes());
    }
}

/// An SR without blocks, followed by an SDES with the CNAME that RFC 3550 wants in it.
pub(crate) fn write_sender_report(out: &mut Vec<u8>, info: &SenderInfo, cname: [u8; 8]) {
    header(out, 0, SENDER_REPORT, 6);
    let (high, low) = ((info.ntp >> 32) as u32, info.ntp as u32);
    put(out, &[info.ssrc, high, low, info.timestamp, info.packets, info.octets]);
    header(out, 1, SOURCE_DESCRIPTION, 4);
    put(out, &[info.ssrc]);
    out.extend_from_slice(&[1, cname.len() as u8]);
    out.extend_from_slice(&cname);
    out.extend_from_slice(&[0; 2]);
}

/// An RR of at most 31 blocks; further ones are left out.
pub(crate) fn write_receiver_report(out: &mut Vec<u8>, sender: u32, blocks: &[ReportBlock]) {
    let blocks = &blocks[..blocks.len().min(31)];
    header(out, blocks.len() as u8, RECEIVER_REPORT, 1 + 6 * blocks.len());
    put(out, &[sender]);
    for block in blocks {
        let lost = block.lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        let first = u32::from(block.fraction_lost) << 24 | lost;
        put(out, &[block.ssrc, first, block.highest_sequence, block.jitter, block.last_sr, block.delay]);
    }
}

/// Our reference time, for publishers to echo: so the round trip is told though we send no media
/// (RFC 3611 section 4.4).
pub(crate) fn write_reference_time(out: &mut Vec<u8>, sender: u32, ntp: u64) {
    header(out, 0, EXTENDED_REPORT, 4);
    put(out, &[sender, u32::from(REFERENCE_TIME) << 24 | 2, (ntp >> 32) as u32, ntp as u32]);
}

/// A PLI (RFC 4585 section 6.3.1).
pub(crate) fn write_picture_loss(out: &mut Vec<u8>, sender: u32, media: u32) {
    header(out, PICTURE_LOSS, PAYLOAD_FEEDBACK, 2);
    put(out, &[sender, media]);
}

/// A generic NACK (RFC 4585 section 6.2.1) of ascending sequence numbers.
pub(crate) fn write_nack(out: &mut Vec<u8>, sender: u32, media: u32, sequences: &[u16]) {
    let start = out.len();
    header(out, GENERIC_NACK, TRANSPORT_FEEDBACK, 0);
    put(out, &[sender, media]);
    let mut at = 0;
    while at < sequences.len() {
        let first = sequences[at];
        let mut mask = 0_u16;
        at += 1;
        while let Some(distance) = sequences.get(at).map(|sequence| sequence.wrapping_sub(first)) {
            if !(1..=16).contains(&distance) {
                break;
            }
            mask |= 1 << (distance - 1);
            at += 1;
        }
        put(out, &[u32::from(first) << 16 | u32::from(mask)]);
    }
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn nacks_round_trip() {
        let sequences = [65_530, 65_531, 10, 11, 12, 500];
        let mut out = Vec::new();
        write_nack(&mut out, 1, 2, &sequences);
        assert_eq!(out.len(), 12 + 3 * 4);
        let packets: Vec<_> = read(&out).collect();
        let [Packet::Nack { media: 2, entries }] = packets[..] else { panic!("{packets:?}") };
        let read: Vec<u16> = entries.iter().flat_map(lost).collect();
        assert_eq!(read, sequences);
    }

    #[test]
    fn reports_round_trip() {
        let mut out = Vec::new();
        let info = SenderInfo { ssrc: 9, ntp: 0x0102_0304_0506_0708, timestamp: 77, packets: 3, octets: 4 };
        write_sender_report(&mut out, &info, *b"abcdefgh");
        assert_eq!(out.len() % 4, 0);
        write_receiver_report(
            &mut out,
            5,
            &[ReportBlock {
                ssrc: 8,
                fraction_lost: 77,
                lost: -1,
                highest_sequence: 0x0001_0002,
                ..ReportBlock::default()
            }],
        );
        write_picture_loss(&mut out, 5, 6);
        let packets: Vec<_> = read(&out).collect();
        let [clock, Packet::ReceiverReport(blocks), losses] = packets[..] else { panic!("{packets:?}") };
        assert_eq!(clock, Packet::SenderReport { ssrc: 9, ntp: info.ntp, timestamp: 77 });
        let loss = Loss { source: 8, fraction: 77, lost: -1, highest: 0x0001_0002, last_sr: 0, delay: 0 };
        assert_eq!(blocks.losses().collect::<Vec<_>>(), [loss]);
        assert_eq!(losses, Packet::PictureLoss { media: 6 });
    }

    #[test]
    fn source_descriptions_end_on_a_word() {
        let mut out = Vec::new();
        let info = SenderInfo { ssrc: 9, ntp: 0, timestamp: 0, packets: 0, octets: 0 };
        write_sender_report(&mut out, &info, *b"abcdefgh");
        assert_eq!(out[28..], hex("81ca0004000000090108616263646566676800 00".replace(' ', "").as_str()));
    }

    #[test]
    fn full_intra_and_goodbye() {
        let fir = hex("84ce000400000001000000000000002a01000000");
        let [Packet::FullIntra(sources)] = read(&fir).collect::<Vec<_>>()[..] else { panic!() };
        assert_eq!(sources.iter().collect::<Vec<_>>(), [42]);
        let bye = hex("82cb00020000000700000008");
        let [Packet::Goodbye(sources)] = read(&bye).collect::<Vec<_>>()[..] else { panic!() };
        assert_eq!(sources.iter().collect::<Vec<_>>(), [7, 8]);
    }

    #[test]
    fn receiver_estimates_are_scaled_and_bounded() {
        let remb = |last: &str| {
            hex(&format!("8fce0005 00000001 00000000 52454d42 {last} 00000007").replace(' ', ""))
        };
        for (last, bits) in [("01 03d090", 250_000), ("01 0bd090", 1_000_000), ("01 ffffff", u64::MAX)] {
            let packet = remb(last);
            assert_eq!(read(&packet).collect::<Vec<_>>(), [Packet::ReceiverEstimate(bits)], "{last}");
        }
        let other = hex("8fce0004000000010000000052454d430103d090");
        assert_eq!(read(&other).count(), 0);
    }

    #[test]
    fn malformed_compounds_end_where_they_break() {
        for compound in ["", "80", "80c8ffff", "00c80000", "80c80000", "81cd000100000000", "81ce000100000000"]
        {
            assert_eq!(read(&hex(compound)).count(), 0, "{compound}");
        }
    }

    #[test]
    fn compounds_are_bounded() {
        let mut out = Vec::new();
        for _ in 0..100 {
            write_picture_loss(&mut out, 1, 2);
        }
        assert_eq!(read(&out).count(), MAX_PACKETS);
    }
}
