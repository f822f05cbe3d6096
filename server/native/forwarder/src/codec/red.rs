//! RED, which repeats sound that was sent before in front of the new (RFC 2198).
//!
//! Only headers are read. The blocks must all be of one payload type, as `a=fmtp:63 111/111` says.

/// Bytes of a block header, and of the last one, which has neither offset nor length.
pub(crate) const BLOCK_HEADER: usize = 4;
const LAST_HEADER: usize = 1;
/// Blocks of one packet at most: browsers repeat one or two, and up to nine if they are told to.
const MAX_BLOCKS: usize = 16;
const FOLLOWED: u8 = 0x80;

/// Where the blocks of a packet are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Red {
    /// Of every block.
    pub payload_type: u8,
    /// Blocks that repeat, each with a header of [`BLOCK_HEADER`] bytes.
    pub repeated: usize,
    /// Offset of the new sound, which goes on to the end of the payload.
    pub primary: usize,
}

impl Red {
    /// Reads a payload without its padding. `None` if its lengths do not fit, if blocks differ in
    /// their payload type, or if there is nothing new in it.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let payload_type = payload.first()? & !FOLLOWED;
        let (mut repeated, mut lengths) = (0, 0);
        loop {
            let header = payload.get(repeated * BLOCK_HEADER..)?;
            let first = *header.first()?;
            if first & !FOLLOWED != payload_type {
                return None;
            }
            if first & FOLLOWED == 0 {
                break;
            }
            let &[_, _, high, low] = header.first_chunk()?;
            lengths += usize::from(u16::from_be_bytes([high, low]) & 0x3ff);
            repeated += 1;
            if repeated == MAX_BLOCKS {
                return None;
            }
        }
        let primary = repeated * BLOCK_HEADER + LAST_HEADER + lengths;
        (primary < payload.len()).then_some(Self { payload_type, repeated, primary })
    }

    /// Names another payload type in every header of a payload that was read.
    pub fn rename(&self, payload: &mut [u8], payload_type: u8) {
        for block in 0..=self.repeated {
            let first = &mut payload[block * BLOCK_HEADER];
            *first = *first & FOLLOWED | payload_type;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    fn parsed(payload: &str) -> Option<(u8, usize, usize)> {
        Red::parse(&hex(payload)).map(|red| (red.payload_type, red.repeated, red.primary))
    }

    #[test]
    fn the_new_sound_is_behind_what_is_repeated() {
        assert_eq!(parsed("6faa"), Some((111, 0, 1)));
        assert_eq!(parsed("ef0f00026fb0b1aabb"), Some((111, 1, 7)));
        assert_eq!(parsed("ef1e0001ef0f00026fc0b0b1aa"), Some((111, 2, 12)));
        // A block of no bytes: nothing was said then.
        assert_eq!(parsed("ef0f00006faa"), Some((111, 1, 5)));
        // The offset of 14 bits reaches into the third byte, the length has ten.
        assert_eq!(parsed("efffff026fb0b1aa").map(|red| red.2), None);
        assert_eq!(parsed("effffc026fb0b1aa"), Some((111, 1, 7)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for payload in ["", "6f", "ef", "ef0f00", "ef0f0002", "ef0f00026f", "ef0f00026fb0", "ef0f00026fb0b1"]
        {
            assert_eq!(parsed(payload), None, "{payload}");
        }
    }

    #[test]
    fn blocks_of_several_kinds_are_refused() {
        assert_eq!(parsed("ef0f000160b0aa"), None);
        assert_eq!(parsed("e00f00016fb0aa"), None);
    }

    #[test]
    fn blocks_are_so_many_at_most() {
        let red = |repeated: usize| [&[0xef, 0, 4, 0].repeat(repeated)[..], &[0x6f, 0xaa]].concat();
        assert_eq!(Red::parse(&red(MAX_BLOCKS - 1)).map(|red| red.repeated), Some(MAX_BLOCKS - 1));
        assert_eq!(Red::parse(&red(MAX_BLOCKS)), None);
        assert_eq!(Red::parse(&[0xef; 1400]), None);
    }

    #[test]
    fn every_block_is_renamed() {
        let mut payload = hex("ef1e0001ef0f00026fc0b0b1aa");
        Red::parse(&payload).unwrap().rename(&mut payload, 96);
        assert_eq!(payload, hex("e01e0001e00f000260c0b0b1aa"));
    }
}
