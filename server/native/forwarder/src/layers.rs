//! The layers inside one stream: which arrive, what each takes of a path, how many frames it brings.

use crate::api::Micros;
use crate::codec::{Frame, MAX_LAYERS};
use crate::rate::Rate;

/// What was silent for this long is not there to choose.
pub(crate) const SILENCE: u64 = 2_000_000;
/// A layer of 14.9 frames a second will do where 15 are wished for; of ten.
const NEARLY: u64 = 9;

/// Up to which spatial and temporal layer a stream is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Top {
    pub spatial: u8,
    pub temporal: u8,
}

impl Top {
    /// All of a stream.
    pub const ALL: Self = Self { spatial: MAX_LAYERS as u8 - 1, temporal: MAX_LAYERS as u8 - 1 };

    /// Whether a frame is in it.
    pub fn takes(self, frame: Frame) -> bool {
        frame.spatial <= self.spatial && frame.temporal <= self.temporal
    }

    /// Whether a packet is the last that is forwarded of its picture, though others of it follow.
    pub fn ends_with(self, frame: Frame) -> bool {
        frame.is_last && frame.spatial == self.spatial
    }
}

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layers {
    /// By spatial and temporal layer.
    rates: [[Rate; MAX_LAYERS]; MAX_LAYERS],
    /// One for each picture, by temporal layer.
    pictures: [Rate; MAX_LAYERS],
    newest_picture: Option<u32>,
    spatial: [Option<Micros>; MAX_LAYERS],
    temporal: [Option<Micros>; MAX_LAYERS],
}

impl Layers {
    /// So many bytes of a frame have arrived.
    pub fn note(&mut self, now: Micros, frame: Frame, timestamp: u32, bytes: usize) {
        let (spatial, temporal) = (usize::from(frame.spatial), usize::from(frame.temporal));
        self.rates[spatial][temporal].note(now, bytes);
        self.spatial[spatial] = Some(now);
        self.temporal[temporal] = Some(now);
        if self.newest_picture.replace(timestamp) != Some(timestamp) {
            self.pictures[temporal].note(now, 1);
        }
    }

    /// Bit per spatial layer that arrives.
    pub fn live_spatial(&self, now: Micros) -> u8 {
        live(now, &self.spatial)
    }

    /// The highest of them; 0 if there is none.
    pub fn highest_spatial(&self, now: Micros) -> u8 {
        self.live_spatial(now).checked_ilog2().unwrap_or(0) as u8
    }

    /// The highest temporal layer that arrives; 0 if there is none.
    pub fn highest_temporal(&self, now: Micros) -> u8 {
        live(now, &self.temporal).checked_ilog2().unwrap_or(0) as u8
    }

    /// Bits a second of everything up to a layer; 0 while nothing is known.
    pub fn rate(&self, top: Top) -> u64 {
        let spatial = self.rates[..=usize::from(top.spatial)].iter();
        spatial.flat_map(|rates| &rates[..=usize::from(top.temporal)]).map(Rate::bits).sum()
    }

    /// The lowest temporal layer that brings so many frames a second; the highest while that is not known.
    pub fn temporal_for(&self, frames: u8) -> u8 {
        let wanted = u64::from(frames) * 8 * NEARLY / 10;
        let mut bits = 0;
        let brings = |rate: &Rate| {
            bits += rate.bits();
            bits >= wanted
        };
        self.pictures.iter().position(brings).map_or(Top::ALL.temporal, |at| at as u8)
    }
}

/// Bit per layer that arrived lately.
fn live(now: Micros, last: &[Option<Micros>; MAX_LAYERS]) -> u8 {
    let is_live = |at: &Option<Micros>| at.is_some_and(|at| now.0 < at.0 + SILENCE);
    last.iter().enumerate().fold(0, |mask, (at, last)| mask | u8::from(is_live(last)) << at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 pictures a second in two spatial and three temporal layers, 1000 bytes each, for so many seconds.
    fn seen(seconds: u64) -> Layers {
        let mut layers = Layers::default();
        for number in 0..30 * seconds {
            for spatial in 0..2 {
                let temporal = [0, 2, 1, 2][number as usize % 4];
                let frame = Frame { spatial, temporal, ..Frame::default() };
                layers.note(Micros(number * 33_333), frame, number as u32 * 3_000, 1_000);
            }
        }
        layers
    }

    #[test]
    fn rates_are_of_everything_up_to_a_layer() {
        let layers = seen(4);
        let rate = |spatial, temporal| layers.rate(Top { spatial, temporal }) / 1_000;
        for (spatial, temporal, expected) in [(0, 0, 60), (0, 1, 120), (0, 2, 240), (1, 0, 120), (3, 3, 480)]
        {
            let rate = rate(spatial, temporal);
            assert!(rate.abs_diff(expected) < expected / 10, "{spatial} {temporal}: {rate}");
        }
    }

    #[test]
    fn what_is_silent_is_not_live() {
        let layers = seen(4);
        assert_eq!(
            (layers.live_spatial(Micros(4_000_000)), layers.highest_temporal(Micros(4_000_000))),
            (3, 2)
        );
        assert_eq!(
            (layers.live_spatial(Micros(9_000_000)), layers.highest_spatial(Micros(9_000_000))),
            (0, 0)
        );
    }

    #[test]
    fn a_frame_rate_is_the_lowest_layer_that_brings_it() {
        let layers = seen(4);
        assert_eq!(
            [5, 7, 10, 15, 20, 30, 60].map(|frames| layers.temporal_for(frames)),
            [0, 0, 1, 1, 2, 2, 3]
        );
        assert_eq!(Layers::default().temporal_for(15), 3);
    }
}
