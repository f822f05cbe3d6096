//! H.264 NAL units in RTP (RFC 6184).

const IDR_SLICE: u8 = 5;
const PARAMETER_SET: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// A sequence parameter set begins what a new receiver needs; an IDR slice alone does only where the
/// parameter sets went before it in their own packets, which then began the key frame.
pub(super) fn starts_key_frame(payload: &[u8]) -> bool {
    match payload {
        [first, rest @ ..] => match first & 0x1f {
            PARAMETER_SET => true,
            STAP_A => aggregates_parameter_set(rest),
            FU_A => rest.first().is_some_and(|fragment| fragment & 0x9f == 0x80 | PARAMETER_SET),
            _ => false,
        },
        [] => false,
    }
}

fn aggregates_parameter_set(mut units: &[u8]) -> bool {
    while let [high, low, unit @ ..] = units {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        match unit.first().map(|header| header & 0x1f) {
            Some(PARAMETER_SET) if length > 0 => return true,
            Some(IDR_SLICE) | None => return false,
            Some(_) => {}
        }
        let Some(rest) = unit.get(length..) else { return false };
        units = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn table_of_payloads() {
        let table = [
            ("", false),
            ("6742c01f", true),
            ("68ce3c80", false),
            ("65888040", false),
            ("419a0000", false),
            ("78000267420002 68ce", true),
            ("78000168000265 88", false),
            ("7800ff", false),
            ("78", false),
            ("7c87", true),
            ("7c85", false),
            ("7c07", false),
        ];
        for (payload, expected) in table {
            assert_eq!(starts_key_frame(&hex(&payload.replace(' ', ""))), expected, "{payload}");
        }
    }
}
