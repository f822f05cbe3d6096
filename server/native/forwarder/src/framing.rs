//! Datagrams in a stream of bytes, each behind its length (RFC 4571), as ICE over TCP has them (RFC 6544).

use core::ops::Range;

/// Bytes before each datagram.
pub const PREFIX: usize = 2;
/// A datagram that is longer is not WebRTC's.
pub const LONGEST: usize = 2048;

/// A longer datagram was announced: the stream is not framed, or not meant for us. There is no way on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// What is written before a datagram of this length.
#[must_use]
pub fn prefix(length: usize) -> [u8; PREFIX] {
    debug_assert!(length <= LONGEST, "an outbox has no longer ones");
    (length as u16).to_be_bytes()
}

/// Takes a stream apart, piece by piece. In between keeps the beginning of one datagram at most.
#[derive(Debug, Default)]
pub struct Deframer {
    held: Vec<u8>,
}

impl Deframer {
    /// Moves what is held to the start of the buffer that the next piece is read into, behind it. Returns how
    /// much that is: less than [`PREFIX`] and [`LONGEST`] together, which the buffer has to have.
    pub fn restore(&mut self, buffer: &mut [u8]) -> usize {
        let length = self.held.len();
        buffer[..length].copy_from_slice(&self.held);
        self.held.fill(0);
        self.held.clear();
        length
    }

    /// Adds the place of every datagram that is whole to `found`, and holds the rest. Empty ones, which keep
    /// a connection open, are left out.
    ///
    /// # Errors
    /// [`TooLong`], as soon as the length is there. What came before has been found.
    pub fn take_apart(&mut self, stream: &[u8], found: &mut Vec<Range<usize>>) -> Result<(), TooLong> {
        let mut start = 0;
        while let Some(prefix) = stream[start..].first_chunk::<PREFIX>() {
            let length = usize::from(u16::from_be_bytes(*prefix));
            if length > LONGEST {
                return Err(TooLong);
            }
            let (begin, end) = (start + PREFIX, start + PREFIX + length);
            if end > stream.len() {
                break;
            }
            if length > 0 {
                found.push(begin..end);
            }
            start = end;
        }
        if start < stream.len() {
            self.held.reserve_exact(PREFIX + LONGEST);
            self.held.extend_from_slice(&stream[start..]);
        }
        Ok(())
    }

    /// Bytes of a datagram that is not whole, its length included.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = PREFIX + LONGEST;

    fn framed(datagrams: &[&[u8]]) -> Vec<u8> {
        datagrams.iter().flat_map(|datagram| [&prefix(datagram.len()), *datagram].concat()).collect()
    }

    fn taken_apart(stream: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, TooLong> {
        let (mut deframer, mut found) = (Deframer::default(), Vec::new());
        for piece in stream.chunks(piece) {
            let mut buffer = vec![0; ROOM + piece.len()];
            let held = deframer.restore(&mut buffer);
            buffer[held..held + piece.len()].copy_from_slice(piece);
            let mut places = Vec::new();
            deframer.take_apart(&buffer[..held + piece.len()], &mut places)?;
            found.extend(places.into_iter().map(|place| buffer[place].to_vec()));
            assert!(deframer.held() < ROOM);
        }
        Ok(found)
    }

    #[test]
    fn datagrams_are_found_however_the_stream_is_cut() {
        let longest = [7; LONGEST];
        let datagrams: [&[u8]; 4] = [b"one", b"", &longest, b"2"];
        let stream = framed(&datagrams);
        let whole: Vec<Vec<u8>> =
            datagrams.iter().filter(|one| !one.is_empty()).map(|one| one.to_vec()).collect();
        for piece in [1, 2, 3, 5, 100, 2049, 2050, 2051, stream.len()] {
            assert_eq!(taken_apart(&stream, piece).as_ref(), Ok(&whole), "in pieces of {piece}");
        }
    }

    #[test]
    fn half_a_datagram_is_held_and_no_more() {
        let mut deframer = Deframer::default();
        let stream = framed(&[b"whole", b"half"]);
        let (piece, rest) = stream.split_at(stream.len() - 1);
        let mut found = Vec::new();
        assert_eq!(deframer.take_apart(piece, &mut found), Ok(()));
        assert_eq!((found.len(), found[0].clone(), deframer.held()), (1, 2..7, PREFIX + 3));
        let mut buffer = [0; ROOM];
        let held = deframer.restore(&mut buffer);
        assert_eq!(deframer.held(), 0);
        buffer[held..held + 1].copy_from_slice(rest);
        assert_eq!(deframer.take_apart(&buffer[..held + 1], &mut found), Ok(()));
        assert_eq!((&buffer[found[1].clone()], deframer.held()), (b"half".as_slice(), 0));
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_length_alone() {
        let long = ((LONGEST + 1) as u16).to_be_bytes();
        assert_eq!(taken_apart(&long, 1), Err(TooLong));
        assert_eq!(taken_apart(&[&framed(&[b"one"]), &long[..]].concat(), 100), Err(TooLong));
    }

    #[test]
    fn other_protocols_are_refused_at_their_first_bytes() {
        for start in [b"GET / HTTP/1.1\r\n".as_slice(), b"\x16\x03\x01\x02\x00", b"SSH-2.0-OpenSSH"] {
            assert_eq!(taken_apart(start, 100), Err(TooLong), "{start:?}");
        }
    }
}
