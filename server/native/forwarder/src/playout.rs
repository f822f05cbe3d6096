//! How long a receiver is to hold a video before it is shown: the header extension of WebRTC's experiment,
//! `http://www.webrtc.org/experiments/rtp-hdrext/playout-delay`.

/// Steps of ten milliseconds that fit the twelve bits of each number.
const MOST: u16 = 0x0fff;

/// At least and at most, in steps of ten milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutDelay {
    min: u16,
    max: u16,
}

impl PlayoutDelay {
    /// `None` where a number does not fit, or the least is more than the most.
    #[must_use]
    pub fn new(min: u16, max: u16) -> Option<Self> {
        (min <= max && max <= MOST).then_some(Self { min, max })
    }

    /// The value of the extension: both numbers, the least first.
    pub(crate) fn bytes(self) -> [u8; 3] {
        let [_, high, middle, low] = (u32::from(self.min) << 12 | u32::from(self.max)).to_be_bytes();
        [high, middle, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers_have_twelve_bits_the_least_first() {
        let bytes = |min, max| PlayoutDelay::new(min, max).unwrap().bytes();
        assert_eq!(bytes(0, 0), [0, 0, 0]);
        assert_eq!(bytes(0x123, 0xabc), [0x12, 0x3a, 0xbc]);
        assert_eq!(bytes(50, 1000), [0x03, 0x23, 0xe8]);
        assert_eq!(bytes(0xfff, 0xfff), [0xff, 0xff, 0xff]);
    }

    #[test]
    fn numbers_that_do_not_fit_are_none() {
        assert_eq!(PlayoutDelay::new(0, 0x1000), None);
        assert_eq!(PlayoutDelay::new(0x1001, 0x1002), None);
        assert_eq!(PlayoutDelay::new(2, 1), None);
    }
}
