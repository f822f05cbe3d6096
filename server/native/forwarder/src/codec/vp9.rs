//! The VP9 payload descriptor (RFC 9628 section 4.2).

use super::{BaseLayerIndex, Descriptor, Frame, Rise, picture_id};

const PICTURE_ID: u8 = 0x80;
const INTER_PICTURE: u8 = 0x40;
const LAYER: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const FRAME_START: u8 = 0x08;
const FRAME_END: u8 = 0x04;
/// In the layer byte.
const SWITCHING_UP: u8 = 0x10;

pub(super) fn describe(payload: &[u8]) -> Option<Descriptor> {
    let first = *payload.first()?;
    let mut descriptor = Descriptor::default();
    let mut at = 1;
    if first & PICTURE_ID != 0 {
        let (id, next) = picture_id(payload, at, false)?;
        descriptor.picture_id = Some(id);
        at = next;
    }
    let mut spatial_layer = 0;
    if first & LAYER != 0 {
        let layer = *payload.get(at)?;
        spatial_layer = layer >> 1 & 7;
        descriptor.frame = Frame {
            rise: Rise::to(layer >> 5, layer & SWITCHING_UP != 0),
            ..Frame::new(spatial_layer, layer >> 5)
        };
        at += 1;
        if first & FLEXIBLE == 0 {
            descriptor.base_layer = Some(BaseLayerIndex { at, value: *payload.get(at)? });
        }
    }
    descriptor.frame.is_last = first & FRAME_END != 0;
    descriptor.starts_key_frame =
        first & FRAME_START != 0 && first & INTER_PICTURE == 0 && spatial_layer == 0;
    Some(descriptor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::PictureId;
    use crate::hex;

    #[test]
    fn key_frames_begin_in_the_lowest_spatial_layer() {
        // I, L, B; picture id; layer byte; base-layer index.
        let descriptor = describe(&hex("a89234000955")).unwrap();
        assert!(descriptor.starts_key_frame);
        assert_eq!(
            descriptor.picture_id,
            Some(PictureId { at: 1, is_wide: true, value: 0x1234, is_dense: false })
        );
        assert_eq!(descriptor.base_layer, Some(BaseLayerIndex { at: 4, value: 9 }));
        assert!(!describe(&hex("a89234020955")).unwrap().starts_key_frame, "upper spatial layer");
        assert!(!describe(&hex("e89234000955")).unwrap().starts_key_frame, "inter-picture predicted");
        assert!(!describe(&hex("a09234000955")).unwrap().starts_key_frame, "not the first packet");
    }

    #[test]
    fn layers_and_the_end_of_a_frame() {
        let frame = |payload: &str| describe(&hex(payload)).unwrap().frame;
        assert_eq!(frame("a892340009"), Frame::default());
        let of = |payload: &str| {
            let Frame { spatial, temporal, is_last, rise } = frame(payload);
            (spatial, temporal, is_last, (rise.from, rise.to))
        };
        assert_eq!(of("a492345309"), (1, 2, true, (1, 2)));
        assert_eq!(of("a492344309"), (1, 2, true, (1, 1)));
        assert_eq!(of("8c9234"), (0, 0, true, (0, 0)));
        assert_eq!(of("a89234ff09"), (3, 3, false, (6, 7)));
    }

    #[test]
    fn flexible_mode_has_no_base_layer_index() {
        assert_eq!(describe(&hex("b892340055")).unwrap().base_layer, None);
    }

    #[test]
    fn truncation_says_nothing() {
        let whole = hex("a892340009");
        for length in 0..whole.len() {
            assert_eq!(describe(&whole[..length]), None);
        }
    }
}
