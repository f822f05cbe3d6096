//! AV1 in RTP: the aggregation header (AV1 RTP specification 4.4).

use super::dependency;

/// First packet of a coded video sequence.
const NEW_SEQUENCE: u8 = 0x08;
/// The first element continues one of the packet before.
const CONTINUES: u8 = 0x80;

/// By the dependency descriptor if the packet has one, else by the aggregation header.
pub(super) fn starts_key_frame(payload: &[u8], descriptor: Option<&[u8]>) -> bool {
    match descriptor {
        Some(descriptor) => dependency::starts_key_frame(descriptor),
        None => payload.first().is_some_and(|first| first & (NEW_SEQUENCE | CONTINUES) == NEW_SEQUENCE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn by_the_aggregation_header() {
        for (payload, expected) in [("", false), ("18", true), ("10", false), ("98", false)] {
            assert_eq!(starts_key_frame(&hex(payload), None), expected, "{payload}");
        }
    }

    #[test]
    fn by_the_dependency_descriptor() {
        let table =
            [("", false), ("c00001", false), ("c0000180", true), ("40000180", false), ("c0000100", false)];
        for (descriptor, expected) in table {
            assert_eq!(starts_key_frame(&hex("18"), Some(&hex(descriptor))), expected, "{descriptor}");
        }
    }
}
