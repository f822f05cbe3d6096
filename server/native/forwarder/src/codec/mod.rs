//! What is read of a payload: where key frames begin, and the counters that must stay continuous.
//!
//! Only descriptors and NAL headers are read, which stay clear under end-to-end encryption.

mod av1;
mod dependency;
mod h264;
mod h265;
mod red;
mod vp8;
mod vp9;

pub(crate) use dependency::Structure;
pub(crate) use red::Red;

use crate::api::CodecKind;

/// A picture counter in the payload descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PictureId {
    /// Offset in the payload.
    pub at: usize,
    /// 15 bits in two bytes, else 7 bits in one. The highest bit says which.
    pub is_wide: bool,
    pub value: u16,
    /// A gap is taken for a loss. Where it is not, references are told as distances between these numbers.
    pub is_dense: bool,
}

/// The counter of base-layer frames in the payload descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BaseLayerIndex {
    /// Offset in the payload.
    pub at: usize,
    pub value: u8,
}

/// Layers of either kind that are told apart; higher ones count as the highest.
pub(crate) const MAX_LAYERS: usize = 4;

/// Which of the layers inside its stream a packet's frame belongs to; the lowest where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    pub spatial: u8,
    pub temporal: u8,
    /// The packet is the last of the frame, of which a picture has one for each spatial layer.
    pub is_last: bool,
    pub rise: Rise,
}

/// Whoever was sent temporal layers up to `from` may be sent those up to `to`, from a frame on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rise {
    pub from: u8,
    pub to: u8,
}

impl Rise {
    /// Of a frame that refers to lower temporal layers alone, or does not.
    fn to(temporal: u8, is_sync: bool) -> Self {
        let from = temporal.saturating_sub(1);
        Self { from, to: if is_sync { temporal } else { from } }
    }
}

impl Frame {
    fn new(spatial: u8, temporal: u8) -> Self {
        let most = MAX_LAYERS as u8 - 1;
        Self { spatial: spatial.min(most), temporal: temporal.min(most), ..Self::default() }
    }
}

/// What one packet says of its frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// The packet is the first of a frame that can be decoded without any other.
    pub starts_key_frame: bool,
    pub picture_id: Option<PictureId>,
    pub base_layer: Option<BaseLayerIndex>,
    pub frame: Frame,
}

/// Reads a payload without its padding. A malformed payload says nothing.
///
/// `dependency` is the value of the dependency descriptor extension, if there is one, and `structure` that of the
/// key frame before it.
pub(crate) fn describe(
    codec: CodecKind,
    payload: &[u8],
    dependency: Option<&[u8]>,
    structure: Option<&Structure>,
) -> Descriptor {
    let frame = structure.zip(dependency).and_then(|(structure, value)| structure.frame(value));
    let described = |starts_key_frame| Descriptor {
        starts_key_frame,
        frame: frame.unwrap_or_default(),
        ..Descriptor::default()
    };
    match codec {
        CodecKind::Vp8 => {
            // Browsers that send a dependency descriptor leave layers and counters out of VP8's own.
            let own = vp8::describe(payload).unwrap_or_default();
            Descriptor { frame: frame.unwrap_or(own.frame), ..own }
        }
        CodecKind::Vp9 => vp9::describe(payload).unwrap_or_default(),
        CodecKind::H264 => described(h264::starts_key_frame(payload)),
        CodecKind::H265 => described(h265::starts_key_frame(payload)),
        CodecKind::Av1 => described(av1::starts_key_frame(payload, dependency)),
        CodecKind::Opus | CodecKind::Red | CodecKind::Rtx => Descriptor::default(),
    }
}

/// A picture id of one or two bytes, and what follows it (RFC 7741 section 4.2, RFC 9628 section 4.2).
fn picture_id(payload: &[u8], at: usize, is_dense: bool) -> Option<(PictureId, usize)> {
    let first = *payload.get(at)?;
    if first & 0x80 == 0 {
        return Some((PictureId { at, is_wide: false, value: first.into(), is_dense }, at + 1));
    }
    let value = u16::from_be_bytes([first & 0x7f, *payload.get(at + 1)?]);
    Some((PictureId { at, is_wide: true, value, is_dense }, at + 2))
}
