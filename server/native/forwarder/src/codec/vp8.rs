//! The VP8 payload descriptor (RFC 7741 section 4.2).

use super::{BaseLayerIndex, Descriptor, Frame, Rise, picture_id};

const HAS_LAYER: u8 = 0x20;
const LAYER_SYNC: u8 = 0x20;

pub(super) fn describe(payload: &[u8]) -> Option<Descriptor> {
    let first = *payload.first()?;
    let mut descriptor = Descriptor::default();
    let mut at = 1;
    if first & 0x80 != 0 {
        let extension = *payload.get(1)?;
        at = 2;
        if extension & 0x80 != 0 {
            let (id, next) = picture_id(payload, at, true)?;
            descriptor.picture_id = Some(id);
            at = next;
        }
        if extension & 0x40 != 0 {
            descriptor.base_layer = Some(BaseLayerIndex { at, value: *payload.get(at)? });
            at += 1;
        }
        if extension & 0x30 != 0 {
            let layer = *payload.get(at)?;
            if extension & HAS_LAYER != 0 {
                descriptor.frame = Frame {
                    rise: Rise::to(layer >> 6, layer & LAYER_SYNC != 0),
                    ..Frame::new(0, layer >> 6)
                };
            }
            at += 1;
        }
    }
    // Start of partition 0, and the inverse key frame flag of the VP8 frame header (section 4.3).
    let starts_frame = first & 0x1f == 0x10;
    descriptor.starts_key_frame = starts_frame && payload.get(at)? & 1 == 0;
    Some(descriptor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::PictureId;
    use crate::hex;

    #[test]
    fn as_browsers_send_it() {
        // X and S; I, L and T; 15-bit picture id 0x1234; base-layer index 7; layer byte; key frame.
        let descriptor = describe(&hex("90e09234070010")).unwrap();
        assert!(descriptor.starts_key_frame);
        assert_eq!(
            descriptor.picture_id,
            Some(PictureId { at: 2, is_wide: true, value: 0x1234, is_dense: true })
        );
        assert_eq!(descriptor.base_layer, Some(BaseLayerIndex { at: 4, value: 7 }));
        assert!(!describe(&hex("90e09234070011")).unwrap().starts_key_frame);
    }

    #[test]
    fn temporal_layers_are_told_where_they_are_there() {
        for (layer, temporal, rise) in
            [("00", 0, (0, 0)), ("40", 1, (0, 0)), ("a5", 2, (1, 2)), ("ff", 3, (2, 3))]
        {
            let frame = describe(&hex(&format!("90e0923407{layer}11"))).unwrap().frame;
            assert_eq!((frame.temporal, frame.spatial), (temporal, 0), "{layer}");
            assert_eq!((frame.rise.from, frame.rise.to), rise, "{layer}");
        }
        // K without T: the byte is there, but says only which key frame is referred to.
        assert_eq!(describe(&hex("9010ff11")).unwrap().frame, Frame::default());
    }

    #[test]
    fn only_the_first_packet_starts_the_frame() {
        assert!(describe(&hex("1010")).unwrap().starts_key_frame);
        assert!(!describe(&hex("0010")).unwrap().starts_key_frame);
        assert!(!describe(&hex("1110")).unwrap().starts_key_frame);
    }

    #[test]
    fn short_picture_ids_and_truncation() {
        let whole = hex("90c0050710");
        let descriptor = describe(&whole).unwrap();
        assert_eq!(
            descriptor.picture_id,
            Some(PictureId { at: 2, is_wide: false, value: 5, is_dense: true })
        );
        for length in 0..whole.len() {
            assert_eq!(describe(&whole[..length]), None);
        }
    }
}
