//! H.265 NAL units in RTP (RFC 7798).

const VIDEO_PARAMETER_SET: u8 = 32;
const SEQUENCE_PARAMETER_SET: u8 = 33;
const AGGREGATION: u8 = 48;

/// Parameter sets begin a key frame, alone or first in an aggregation packet.
pub(super) fn starts_key_frame(payload: &[u8]) -> bool {
    let kind = |first: u8| first >> 1 & 0x3f;
    let is_parameter_set = |kind: u8| matches!(kind, VIDEO_PARAMETER_SET | SEQUENCE_PARAMETER_SET);
    match *payload {
        [first, _, _, _, unit, ..] if kind(first) == AGGREGATION => is_parameter_set(kind(unit)),
        [first, _, ..] => is_parameter_set(kind(first)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn table_of_payloads() {
        let table = [
            ("", false),
            ("40", false),
            ("40010c01", true),
            ("42010101", true),
            ("4401c0f3", false),
            ("26018000", false),
            ("6001000540010c0102", true),
            ("6001000526018000ff", false),
            ("6001", false),
        ];
        for (payload, expected) in table {
            assert_eq!(starts_key_frame(&hex(payload)), expected, "{payload}");
        }
    }
}
