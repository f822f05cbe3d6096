//! Retransmissions in a stream of their own (RFC 4588 section 4): the original sequence number, then
//! the original payload, under a number and an SSRC that are the retransmission's.

use crate::rtp::Header;

/// Bytes of the original sequence number.
pub(crate) const ORIGINAL: usize = 2;

/// The sequence number an opened retransmission repeats. `None` for padding alone, and for malformed
/// packets.
pub(crate) fn original_sequence(packet: &[u8], header: &Header) -> Option<u16> {
    let payload = packet.get(header.length..header.length + header.payload_length(packet)?)?;
    payload.first_chunk().map(|&number| u16::from_be_bytes(number))
}

/// Makes a retransmission the packet it repeats, in place; `original_sequence` has read its number.
pub(crate) fn unwrap<'a>(
    packet: &'a mut [u8],
    header: &Header,
    payload_type: u8,
    sequence: u16,
    ssrc: u32,
) -> &'a [u8] {
    packet.copy_within(..header.length, ORIGINAL);
    let original = &mut packet[ORIGINAL..];
    original[1] = original[1] & 0x80 | payload_type;
    original[2..4].copy_from_slice(&sequence.to_be_bytes());
    original[8..12].copy_from_slice(&ssrc.to_be_bytes());
    original
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(packet: &[u8]) -> Option<u16> {
        original_sequence(packet, &Header::parse(packet).unwrap())
    }

    #[test]
    fn the_number_and_the_payload_are_taken_out() {
        let mut packet = crate::hex("90e10007000003e8deadbeefbede000110aa0000fffe68656c6c6f");
        let header = Header::parse(&packet).unwrap();
        assert_eq!(parsed(&packet), Some(0xfffe));
        let original = unwrap(&mut packet, &header, 96, 0xfffe, 0x0102_0304);
        assert_eq!(original, crate::hex("90e0fffe000003e801020304bede000110aa000068656c6c6f"));
    }

    #[test]
    fn padding_alone_and_short_payloads_repeat_nothing() {
        for (packet, sequence) in [
            ("80610007000003e8deadbeef", None),
            ("80610007000003e8deadbeef00", None),
            ("80610007000003e8deadbeef0001", Some(1)),
            ("a0610007000003e8deadbeef00000003", None),
            ("a0610007000003e8deadbeef000000", None),
            ("a0610007000003e8deadbeef000000ff", None),
            ("a0610007000003e8deadbeef00050002", Some(5)),
        ] {
            assert_eq!(parsed(&crate::hex(packet)), sequence, "{packet}");
        }
    }
}
