//! The two packets of SCTP that a lane knows (RFC 9260): a whole message, and what acknowledges it.

use crc32c::{crc32c, crc32c_append};

/// `a=sctp-port`, both sides.
const PORT: u16 = 5000;
const HEADER: usize = 12;
const CHECKSUM: core::ops::Range<usize> = 8..12;
const DATA_HEADER: usize = 16;
const SACK: u8 = 3;
const PLAIN_SACK: usize = HEADER + 16;
/// Section 3.3.1: the first and the last fragment, and out of order.
const WHOLE: u8 = 3;
const UNORDERED: u8 = 4;
/// WebRTC Binary (RFC 8831 section 8).
const BINARY: u32 = 53;

/// A DATA chunk that is a whole message.
pub(super) struct Chunk<'a> {
    pub tsn: u32,
    pub stream: u16,
    pub sequence: u16,
    pub ordered: bool,
    pub message: &'a [u8],
}

impl Chunk<'_> {
    /// Bytes of the packet that it is by itself.
    pub fn length(&self) -> usize {
        HEADER + DATA_HEADER + self.message.len().next_multiple_of(4)
    }

    /// Appends it, by itself in a packet to whom `tag` verifies.
    pub fn write(&self, tag: u32, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&PORT.to_be_bytes());
        out.extend_from_slice(&PORT.to_be_bytes());
        out.extend_from_slice(&tag.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&[0, if self.ordered { WHOLE } else { WHOLE | UNORDERED }]);
        out.extend_from_slice(&((DATA_HEADER + self.message.len()) as u16).to_be_bytes());
        out.extend_from_slice(&self.tsn.to_be_bytes());
        out.extend_from_slice(&self.stream.to_be_bytes());
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&BINARY.to_be_bytes());
        out.extend_from_slice(self.message);
        out.resize(start + self.length(), 0);
        let packet = &mut out[start..];
        let checksum = crc32c(packet).to_le_bytes();
        packet[CHECKSUM].copy_from_slice(&checksum);
    }
}

/// The cumulative TSN of a packet of one SACK without gaps or duplicates (section 3.3.4), as mostly comes. `None` where
/// it is another, of another association, or damaged.
pub(super) fn plain_sack(packet: &[u8], tag: u32) -> Option<u32> {
    let packet: &[u8; PLAIN_SACK] = packet.try_into().ok()?;
    let word = |at: usize| u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]]);
    if packet[HEADER] != SACK || packet[14..16] != [0, 16] || word(24) != 0 || word(4) != tag {
        return None;
    }
    let sum =
        crc32c_append(crc32c_append(crc32c(&packet[..CHECKSUM.start]), &[0; 4]), &packet[CHECKSUM.end..]);
    (packet[CHECKSUM] == sum.to_le_bytes()).then(|| word(16))
}

/// Such a packet, as a peer writes it.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn write_plain_sack(tag: u32, cumulative: u32) -> Vec<u8> {
    let ports = u32::from(PORT) << 16 | u32::from(PORT);
    let words = [ports, tag, 0, u32::from(SACK) << 24 | 16, cumulative, 65_536, 0];
    let mut packet: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
    let checksum = crc32c(&packet).to_le_bytes();
    packet[CHECKSUM].copy_from_slice(&checksum);
    packet
}
