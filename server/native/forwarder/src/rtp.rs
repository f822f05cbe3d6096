//! The RTP header and its extensions (RFC 3550 section 5.1, RFC 8285), read and written.

/// Fixed part of the header.
pub(crate) const FIXED: usize = 12;
const ONE_BYTE: u16 = 0xbede;
const TWO_BYTE: u16 = 0x1000;
const TWO_BYTE_MASK: u16 = 0xfff0;
/// Extension elements read of one packet at most; further ones are not forwarded.
const MAX_ELEMENTS: usize = 16;

/// A parsed header. Offsets are from the start of the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub marker: bool,
    pub has_padding: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// Clear bytes before the payload, extensions included.
    pub length: usize,
    /// Profile of the extension block and where its data begins; it ends at `length`.
    extensions: Option<(u16, usize)>,
}

impl Header {
    /// Reads a header; `None` if it is not RTP or does not fit the packet.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let fixed: &[u8; FIXED] = packet.first_chunk()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let mut length = FIXED + 4 * usize::from(fixed[0] & 0x0f);
        let mut extensions = None;
        if fixed[0] & 0x10 != 0 {
            let intro = packet.get(length..length + 4)?;
            let words = usize::from(u16::from_be_bytes([intro[2], intro[3]]));
            extensions = Some((u16::from_be_bytes([intro[0], intro[1]]), length + 4));
            length += 4 + 4 * words;
        }
        (length <= packet.len()).then_some(Self {
            marker: fixed[1] & 0x80 != 0,
            has_padding: fixed[0] & 0x20 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            length,
            extensions,
        })
    }

    /// Bytes of payload without padding in an opened packet; `None` if the padding is malformed.
    pub fn payload_length(&self, packet: &[u8]) -> Option<usize> {
        let with_padding = packet.len() - self.length;
        if !self.has_padding {
            return Some(with_padding);
        }
        let padding = usize::from(*packet.last()?);
        if padding == 0 { None } else { with_padding.checked_sub(padding) }
    }

    /// The extension elements of the packet, in its order. A malformed block ends where it breaks.
    pub fn elements(&self, packet: &[u8]) -> Elements {
        let mut elements = Elements::default();
        let Some((profile, mut at)) = self.extensions else { return elements };
        let is_one_byte = profile == ONE_BYTE;
        if !is_one_byte && profile & TWO_BYTE_MASK != TWO_BYTE {
            return elements;
        }
        while at < self.length && elements.count < MAX_ELEMENTS {
            let first = packet[at];
            if first == 0 {
                at += 1;
                continue;
            }
            let (id, start, length) = if is_one_byte {
                (first >> 4, at + 1, usize::from(first & 0x0f) + 1)
            } else if at + 1 < self.length {
                (first, at + 2, usize::from(packet[at + 1]))
            } else {
                break;
            };
            if (is_one_byte && id == 15) || start + length > self.length {
                break;
            }
            if id != 0 {
                elements.items[elements.count] = Element { id, start: start as u16, length: length as u8 };
                elements.count += 1;
            }
            at = start + length;
        }
        elements
    }
}

/// One extension element: where its value is in the packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub id: u8,
    start: u16,
    length: u8,
}

impl Element {
    /// The value within the packet that was parsed.
    pub fn value<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        &packet[usize::from(self.start)..][..usize::from(self.length)]
    }
}

/// The elements of one packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Elements {
    items: [Element; MAX_ELEMENTS],
    count: usize,
}

impl Elements {
    /// In the order of the packet.
    pub fn iter(&self) -> impl Iterator<Item = &Element> {
        self.items[..self.count].iter()
    }

    /// The value of the first element with this id. An id of 0 stands for "not negotiated".
    pub fn find<'a>(&self, packet: &'a [u8], id: u8) -> Option<&'a [u8]> {
        if id == 0 {
            return None;
        }
        self.iter().find(|element| element.id == id).map(|element| element.value(packet))
    }
}

/// What a header is written from. There are no contributing sources: nothing is mixed here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outline {
    pub marker: bool,
    pub has_padding: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

/// Extension elements to write: identifiers and values, with the form that fits all of them.
#[derive(Default)]
pub(crate) struct ExtensionWriter<'a> {
    items: [(u8, &'a [u8]); MAX_ELEMENTS],
    count: usize,
    needs_two_bytes: bool,
    patch: Option<(u8, [u8; 2])>,
}

impl<'a> ExtensionWriter<'a> {
    /// Adds an element; more than a packet may have are left out.
    pub fn push(&mut self, id: u8, value: &'a [u8]) {
        if self.count == MAX_ELEMENTS || value.len() > 255 {
            return;
        }
        self.items[self.count] = (id, value);
        self.count += 1;
        self.needs_two_bytes |= id > 14 || value.is_empty() || value.len() > 16;
    }

    /// Second and third byte of the element with this id are to be these.
    pub fn patch(&mut self, id: u8, bytes: [u8; 2]) {
        self.patch = Some((id, bytes));
    }

    /// Appends header and extensions to `out`; returns the bytes written.
    pub fn write(&self, outline: &Outline, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        let has_extensions = self.count > 0;
        let mut fixed = [0; FIXED];
        fixed[0] = 0x80 | u8::from(outline.has_padding) << 5 | u8::from(has_extensions) << 4;
        fixed[1] = u8::from(outline.marker) << 7 | outline.payload_type;
        fixed[2..4].copy_from_slice(&outline.sequence.to_be_bytes());
        fixed[4..8].copy_from_slice(&outline.timestamp.to_be_bytes());
        fixed[8..].copy_from_slice(&outline.ssrc.to_be_bytes());
        out.extend_from_slice(&fixed);
        if has_extensions {
            let profile = if self.needs_two_bytes { TWO_BYTE } else { ONE_BYTE };
            out.extend_from_slice(&profile.to_be_bytes());
            out.extend_from_slice(&[0, 0]);
            let data = out.len();
            for &(id, value) in &self.items[..self.count] {
                if self.needs_two_bytes {
                    out.extend_from_slice(&[id, value.len() as u8]);
                } else {
                    out.push(id << 4 | (value.len() - 1) as u8);
                }
                let at = out.len();
                out.extend_from_slice(value);
                if let Some((patched, bytes)) = self.patch
                    && patched == id
                    && value.len() >= 3
                {
                    out[at + 1..at + 3].copy_from_slice(&bytes);
                }
            }
            let words = (out.len() - data).div_ceil(4);
            out.resize(data + 4 * words, 0);
            out[data - 2..data].copy_from_slice(&(words as u16).to_be_bytes());
        }
        out.len() - start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    const OUTLINE: Outline = Outline {
        marker: true,
        has_padding: false,
        payload_type: 96,
        sequence: 0x1234,
        timestamp: 0x5566_7788,
        ssrc: 0x99aa_bbcc,
    };

    fn round_trip(items: &[(u8, &[u8])]) -> (Vec<u8>, Vec<(u8, Vec<u8>)>) {
        let mut writer = ExtensionWriter::default();
        for &(id, value) in items {
            writer.push(id, value);
        }
        let mut packet = Vec::new();
        let length = writer.write(&OUTLINE, &mut packet);
        let header = Header::parse(&packet).unwrap();
        assert_eq!(header.length, length);
        assert_eq!((header.sequence, header.timestamp, header.ssrc), (0x1234, 0x5566_7788, 0x99aa_bbcc));
        let read = header.elements(&packet);
        let read = read.iter().map(|element| (element.id, element.value(&packet).to_vec())).collect();
        (packet, read)
    }

    #[test]
    fn without_extensions_the_header_is_twelve_bytes() {
        let (packet, read) = round_trip(&[]);
        assert_eq!(packet, hex("80e012345566778899aabbcc"));
        assert!(read.is_empty());
    }

    #[test]
    fn small_elements_take_the_one_byte_form() {
        let (packet, read) = round_trip(&[(1, b"0"), (14, b"abcd")]);
        assert_eq!(packet[12..], hex("bede00021030e36162636400"));
        assert_eq!(read, [(1, b"0".to_vec()), (14, b"abcd".to_vec())]);
    }

    #[test]
    fn large_ids_and_values_take_the_two_byte_form() {
        let long = [7; 40];
        let (packet, read) = round_trip(&[(1, b""), (15, b"x"), (200, &long)]);
        assert_eq!(packet[12..14], hex("1000"));
        assert_eq!(read, [(1, vec![]), (15, b"x".to_vec()), (200, long.to_vec())]);
    }

    #[test]
    fn a_patch_changes_one_element() {
        let mut writer = ExtensionWriter::default();
        writer.push(1, b"abcd");
        writer.push(2, b"abcd");
        writer.push(3, b"ab");
        writer.patch(2, [0, 1]);
        let mut packet = Vec::new();
        writer.write(&OUTLINE, &mut packet);
        let header = Header::parse(&packet).unwrap();
        let elements = header.elements(&packet);
        let read: Vec<_> = elements.iter().map(|element| element.value(&packet)).collect();
        assert_eq!(read, [&b"abcd"[..], b"a\0\x01d", b"ab"]);
    }

    #[test]
    fn broken_blocks_end_where_they_break() {
        // Three words announced, one there.
        assert!(Header::parse(&hex("90600000000000000000000100be000300000000")).is_none());
        // An element that runs out of the block.
        let packet = hex("906000000000000000000001bede00011f010203");
        let header = Header::parse(&packet).unwrap();
        assert_eq!(header.elements(&packet).iter().count(), 0);
        // A foreign profile is skipped as a whole.
        let packet = hex("906000000000000000000001abcd000110010203");
        assert_eq!(Header::parse(&packet).unwrap().elements(&packet).iter().count(), 0);
    }

    #[test]
    fn contributing_sources_are_skipped() {
        let packet = hex("82600000000000000000000100000002000000030405");
        let header = Header::parse(&packet).unwrap();
        assert_eq!(header.length, 20);
        assert_eq!(header.payload_length(&packet), Some(2));
    }

    #[test]
    fn padding_must_fit_the_payload() {
        for (tail, expected) in [("0501", Some(1)), ("0502", Some(0)), ("0503", None), ("0500", None)] {
            let packet = hex(&format!("a06000000000000000000001{tail}"));
            assert_eq!(Header::parse(&packet).unwrap().payload_length(&packet), expected);
        }
    }
}
