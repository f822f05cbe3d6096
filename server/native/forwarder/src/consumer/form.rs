//! What a subscriber is sent of a payload: all of it, or of RED (RFC 2198) the new sound alone.

use super::UNMAPPED;
use crate::codec::Red;
use crate::producer::View;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub payload_type: u8,
    /// Bytes that are left out in front: RED's headers, and what it repeats.
    pub skipped: usize,
    /// RED that is sent as it is, and what its blocks are called on the subscriber's side.
    red: Option<(Red, u8)>,
}

impl Form {
    /// By the subscriber's payload types for the publisher's. `None` if the packet is not for it.
    pub fn of(view: &View<'_>, payload_types: &[u8; 128]) -> Option<Self> {
        let mapped = |number: u8| Some(payload_types[usize::from(number)]).filter(|&to| to != UNMAPPED);
        let payload_type = mapped(view.header.payload_type);
        let Some(red) = view.red else {
            return Some(Self { payload_type: payload_type?, skipped: 0, red: None });
        };
        let opus = mapped(red.payload_type)?;
        Some(match payload_type {
            Some(payload_type) => Self { payload_type, skipped: 0, red: Some((red, opus)) },
            None => Self { payload_type: opus, skipped: red.primary, red: None },
        })
    }

    /// The same under another payload type.
    pub fn under(self, payload_type: u8) -> Self {
        Self { payload_type, ..self }
    }

    /// Appends what is sent of the payload; returns where it begins.
    pub fn append(&self, view: &View<'_>, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.extend_from_slice(&view.bytes[view.header.length + self.skipped..]);
        if let Some((red, opus)) = self.red.filter(|&(red, opus)| red.payload_type != opus) {
            red.rename(&mut out[start..], opus);
        }
        start
    }
}
