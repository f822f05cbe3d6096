//! The dependency descriptor, by which a packet tells its frame's layers in a header extension (AV1 RTP
//! specification, appendix A). It stays clear under end-to-end encryption.

use super::{Frame, Rise};

/// Bytes of the part that every descriptor has.
const MANDATORY: usize = 3;
const START_OF_FRAME: u8 = 0x80;
const END_OF_FRAME: u8 = 0x40;
const TEMPLATE: u8 = 0x3f;
const HAS_STRUCTURE: u8 = 0x80;
/// Templates of one structure: as many as have numbers.
const MAX_TEMPLATES: usize = 64;
/// Indication of a template or frame for a decode target: whoever is sent the frame may be sent all of the target
/// from there on.
const SWITCH: u64 = 2;
/// In place of what follows a template in its list.
const NEXT_TEMPORAL: u32 = 1;
const NEXT_SPATIAL: u32 = 2;
const NO_MORE: u32 = 3;

/// Whether a descriptor is that of the first packet of a key frame.
pub(super) fn starts_key_frame(descriptor: &[u8]) -> bool {
    has_structure(descriptor) && descriptor[0] & START_OF_FRAME != 0
}

fn has_structure(descriptor: &[u8]) -> bool {
    descriptor.get(MANDATORY).is_some_and(|flags| flags & HAS_STRUCTURE != 0)
}

/// What a key frame says of the frames that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Structure {
    first_template: u8,
    templates: Vec<Template>,
    /// Highest spatial and temporal layer of each decode target.
    targets: Vec<(u8, u8)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Template {
    spatial: u8,
    temporal: u8,
    /// Two bits for each decode target, the first lowest.
    indications: u64,
}

impl Structure {
    /// The structure in a descriptor; `None` if it has none, or is malformed.
    pub fn attached(descriptor: &[u8]) -> Option<Self> {
        if !has_structure(descriptor) {
            return None;
        }
        let mut bits = Bits { bytes: descriptor, at: MANDATORY * 8 + 5 };
        let first_template = bits.take(6)? as u8;
        let targets = bits.take(5)? as usize + 1;
        let mut templates = template_layers(&mut bits)?;
        for template in &mut templates {
            template.indications = bits.indications(targets)?;
        }
        let layers = |target: usize| {
            let is_present = |template: &&Template| template.indications >> (2 * target) & 3 != 0;
            templates.iter().filter(is_present).fold((0, 0), |highest: (u8, u8), template| {
                (highest.0.max(template.spatial), highest.1.max(template.temporal))
            })
        };
        let targets = (0..targets).map(layers).collect();
        Some(Self { first_template, templates, targets })
    }

    /// The layers of a packet's frame; `None` if the descriptor does not fit the structure.
    pub fn frame(&self, descriptor: &[u8]) -> Option<Frame> {
        let &[first, _, _, ref extended @ ..] = descriptor else { return None };
        let number = (first & TEMPLATE).wrapping_sub(self.first_template) & TEMPLATE;
        let template = self.templates.get(usize::from(number))?;
        let custom = self.custom_indications(descriptor, extended.first().copied().unwrap_or(0));
        let indications = custom.unwrap_or(template.indications);
        let is_switch = |target: usize| indications >> (2 * target) & 3 == SWITCH;
        let of_its_size = self.targets.iter().enumerate().filter(|(_, layers)| layers.0 == template.spatial);
        let switches = of_its_size.filter(|&(target, _)| is_switch(target)).map(|(_, layers)| layers.1);
        let rise = Rise { from: template.temporal, to: switches.max().unwrap_or(0) };
        let is_last = first & END_OF_FRAME != 0;
        Some(Frame { is_last, rise, ..Frame::new(template.spatial, template.temporal) })
    }

    /// The indications that a frame has in place of its template's. With a structure there are none to look
    /// for: a key frame begins everything.
    fn custom_indications(&self, descriptor: &[u8], flags: u8) -> Option<u64> {
        let [has_structure, has_active, has_indications] = [0x80, 0x40, 0x20].map(|flag| flags & flag != 0);
        if has_structure || !has_indications {
            return None;
        }
        let mut bits = Bits { bytes: descriptor, at: MANDATORY * 8 + 5 };
        if has_active {
            bits.take(self.targets.len())?;
        }
        bits.indications(self.targets.len())
    }
}

fn template_layers(bits: &mut Bits<'_>) -> Option<Vec<Template>> {
    let mut template = Template::default();
    let mut templates = Vec::new();
    loop {
        templates.push(template);
        match bits.take(2)? {
            NO_MORE => return Some(templates),
            NEXT_TEMPORAL => template.temporal += 1,
            NEXT_SPATIAL => (template.spatial, template.temporal) = (template.spatial + 1, 0),
            _ => {}
        }
        if templates.len() == MAX_TEMPLATES {
            return None;
        }
    }
}

/// Reads bits, the highest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// So many of them, 32 at most; `None` beyond the end.
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for at in self.at..self.at + count {
            let byte = self.bytes.get(at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - at % 8) & 1);
        }
        self.at += count;
        Some(value)
    }

    /// One for each decode target, of which there are 32 at most.
    fn indications(&mut self, targets: usize) -> Option<u64> {
        let mut all = 0;
        for target in 0..targets {
            all |= u64::from(self.take(2)?) << (2 * target);
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::CodecKind;
    use crate::codec::describe;

    /// The descriptor of a key frame: templates 7 and following of two spatial and two temporal layers, one each,
    /// for four decode targets; the upper temporal layers are where receivers of less may begin.
    fn key_frame() -> Vec<u8> {
        let mut bits = String::new();
        bits += "1100011100000000000000011";
        bits += "0000"; // active targets, custom indications, differences and chains
        bits += "00011100011"; // first template 7, four targets
        bits += "01100111"; // (0, 0), (0, 1), (1, 0), (1, 1)
        for indications in ["10101010", "00100010", "00001010", "00000010"] {
            bits += indications;
        }
        bits += "0000"; // no differences
        bits.as_bytes().chunks(8).fold(Vec::new(), |mut bytes, chunk| {
            let value = chunk.iter().fold(0, |value, bit| value << 1 | (bit & 1));
            bytes.push(value << (8 - chunk.len()));
            bytes
        })
    }

    fn frame(structure: &Structure, descriptor: &[u8]) -> Option<(u8, u8, bool, (u8, u8))> {
        let frame = structure.frame(descriptor)?;
        Some((frame.spatial, frame.temporal, frame.is_last, (frame.rise.from, frame.rise.to)))
    }

    #[test]
    fn layers_are_those_of_the_template() {
        let structure = Structure::attached(&key_frame()).unwrap();
        assert_eq!(structure.targets, [(0, 0), (0, 1), (1, 0), (1, 1)]);
        let of = |first: u8| frame(&structure, &[first, 0, 2]);
        assert_eq!(of(0xc7), Some((0, 0, true, (0, 1))));
        assert_eq!(of(0x88), Some((0, 1, false, (1, 1))));
        assert_eq!(of(0x49), Some((1, 0, true, (0, 1))));
        assert_eq!(of(0x0a), Some((1, 1, false, (1, 1))));
        assert_eq!([0x0b, 0x06].map(of), [None, None], "templates that are not there");
        assert_eq!(frame(&structure, &key_frame()), Some((0, 0, true, (0, 1))));
    }

    #[test]
    fn a_frame_may_have_indications_of_its_own() {
        let structure = Structure::attached(&key_frame()).unwrap();
        let of = |rest: &[u8]| frame(&structure, &[&[0x87, 0, 2], rest].concat()).unwrap().3;
        // Required by all, then a switch for the second; the same behind active targets.
        assert_eq!(of(&[0x27, 0xf8]), (0, 0));
        assert_eq!(of(&[0x27, 0x78]), (0, 1));
        assert_eq!(of(&[0x67, 0xf7, 0x80]), (0, 1));
        assert_eq!(of(&[0x27]), (0, 1), "cut off: as the template says");
    }

    #[test]
    fn vp8_whose_own_descriptor_says_nothing_has_layers_too() {
        let structure = Structure::attached(&key_frame());
        let described =
            |structure| describe(CodecKind::Vp8, &[0x10, 1], Some(&[0x88, 0, 2]), structure).frame;
        assert_eq!((described(structure.as_ref()).temporal, described(None).temporal), (1, 0));
        let own = describe(CodecKind::Vp8, &[0x90, 0x20, 0x80, 1], None, structure.as_ref()).frame;
        assert_eq!(own.temporal, 2);
    }

    #[test]
    fn what_is_cut_off_has_no_structure() {
        let whole = key_frame();
        let is_whole = |length: &usize| Structure::attached(&whole[..*length]).is_some();
        assert_eq!((0..=whole.len()).find(is_whole), Some(10), "before differences and chains");
        assert_eq!(Structure::attached(&[0xc0, 0, 1, 0]), None);
        assert_eq!(
            Structure::attached(&[&[0xc0, 0, 1, 0x80][..], &[0; 251]].concat()),
            None,
            "templates without end"
        );
    }
}
