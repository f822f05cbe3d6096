//! Where the datagrams are in what one message brought. Pure.
//!
//! The kernel joins datagrams that one sender sent one after the other if all but the last have the same length, and
//! tells that length beside them (UDP generic receive offload).

use core::ops::Range;

/// Datagrams taken of one message; no more than this does a kernel send as one, and fewer does it join.
pub const MOST: usize = 128;

/// The places of the datagrams of a message, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cut {
    next: usize,
    length: usize,
    segment: usize,
    left: usize,
}

impl Cut {
    /// Of a message of `length` bytes; `segment` as the kernel told it, 0 where it told none or nonsense.
    pub fn new(length: usize, segment: usize) -> Self {
        let segment = if segment == 0 { length } else { segment };
        Self { next: 0, length, segment, left: MOST }
    }
}

impl Iterator for Cut {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if self.next >= self.length {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let start = self.next;
        self.next = start.saturating_add(self.segment).min(self.length);
        Some(start..self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(length: usize, segment: usize) -> Vec<usize> {
        Cut::new(length, segment).map(|place| place.len()).collect()
    }

    #[test]
    fn all_but_the_last_have_the_same_length() {
        assert_eq!(lengths(30, 10), [10, 10, 10]);
        assert_eq!(lengths(31, 10), [10, 10, 10, 1]);
        assert_eq!(lengths(29, 10), [10, 10, 9]);
    }

    #[test]
    fn a_message_of_one_datagram_is_whole() {
        for segment in [0, 30, 31, usize::MAX] {
            assert_eq!(lengths(30, segment), [30], "{segment}");
        }
        assert!(lengths(0, 0).is_empty());
        assert!(lengths(0, 10).is_empty());
    }

    #[test]
    fn datagrams_follow_each_other_to_the_end_and_are_not_too_many() {
        for length in 0..600_usize {
            for segment in 1..20 {
                let places: Vec<_> = Cut::new(length, segment).collect();
                let mut end = 0;
                for place in &places {
                    assert_eq!(place.start, end);
                    end = place.end;
                }
                assert_eq!(end, length.min(MOST * segment));
                assert!(places.len() <= MOST);
            }
        }
    }
}
