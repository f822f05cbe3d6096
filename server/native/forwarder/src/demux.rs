//! Which protocol a datagram belongs to, by its first byte (RFC 7983).

/// What shares the one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
}

/// Sorts a datagram; `None` for what no protocol here claims.
///
/// RTP and RTCP are told apart by the second byte (RFC 5761 section 4: RTCP types are 192 to 223).
pub(crate) fn classify(datagram: &[u8]) -> Option<Protocol> {
    match *datagram {
        [0..=3, _, ..] => Some(Protocol::Stun),
        [20..=63, _, ..] => Some(Protocol::Dtls),
        [128..=191, 192..=223, ..] => Some(Protocol::Rtcp),
        [128..=191, _, ..] => Some(Protocol::Rtp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_byte_decides() {
        let table: [(&[u8], Option<Protocol>); 12] = [
            (&[], None),
            (&[0], None),
            (&[0, 1], Some(Protocol::Stun)),
            (&[4, 0], None),
            (&[19, 0], None),
            (&[20, 254], Some(Protocol::Dtls)),
            (&[63, 254], Some(Protocol::Dtls)),
            (&[64, 0], None),
            (&[128, 96], Some(Protocol::Rtp)),
            (&[144, 0xe0], Some(Protocol::Rtp)),
            (&[128, 200], Some(Protocol::Rtcp)),
            (&[192, 200], None),
        ];
        for (datagram, expected) in table {
            assert_eq!(classify(datagram), expected, "{datagram:?}");
        }
    }
}
