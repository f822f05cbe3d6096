//! How well media gets through to a peer and from it, as the loss of packets says.

/// Of 256: a tenth is lost.
const POOR_LOSS: u32 = 26;
/// Of 256: more than concealment hides.
const GOOD_LOSS: u32 = 8;

/// Coarse on purpose: it is told to everybody in the room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Quality {
    /// Words are lost.
    Poor = 0,
    /// Loss shows now and then.
    Good = 1,
    /// Next to nothing is lost, or nothing flows.
    #[default]
    Excellent = 2,
}

/// The losses of one transport since they were last judged.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    reports: u32,
    /// Sum of the fractions reported, of 256 each.
    sum: u32,
    told: Quality,
}

impl Losses {
    /// Takes note of one report on one stream (`fraction lost` of RFC 3550 section 6.4.1).
    pub fn add(&mut self, fraction: u8) {
        self.reports = self.reports.saturating_add(1);
        self.sum = self.sum.saturating_add(fraction.into());
    }

    /// Begins a new period. The quality of the one before, if it is news.
    pub fn judge(&mut self) -> Option<Quality> {
        let mean = self.sum.checked_div(self.reports).unwrap_or(0);
        (self.reports, self.sum) = (0, 0);
        // What hovers around a limit stays on the worse side.
        let quality = quality_of(mean).min(quality_of(mean + mean / 4).max(self.told));
        (quality != core::mem::replace(&mut self.told, quality)).then_some(quality)
    }
}

fn quality_of(loss: u32) -> Quality {
    match loss {
        POOR_LOSS.. => Quality::Poor,
        GOOD_LOSS.. => Quality::Good,
        _ => Quality::Excellent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(losses: &mut Losses, fractions: &[u8]) -> Option<Quality> {
        fractions.iter().for_each(|fraction| losses.add(*fraction));
        losses.judge()
    }

    #[test]
    fn the_mean_of_a_period_decides_and_only_change_is_news() {
        let mut losses = Losses::default();
        assert_eq!(judge(&mut losses, &[0, 0, 2]), None);
        assert_eq!(judge(&mut losses, &[255, 0, 0, 0, 0]), Some(Quality::Poor));
        assert_eq!(judge(&mut losses, &[60]), None);
        assert_eq!(judge(&mut losses, &[10, 12]), Some(Quality::Good));
        assert_eq!(judge(&mut losses, &[]), Some(Quality::Excellent));
        assert_eq!(judge(&mut losses, &[]), None);
    }

    #[test]
    fn what_hovers_around_a_limit_does_not_flicker() {
        let mut losses = Losses::default();
        assert_eq!(judge(&mut losses, &[8]), Some(Quality::Good));
        assert_eq!(judge(&mut losses, &[7]), None);
        assert_eq!(judge(&mut losses, &[26]), Some(Quality::Poor));
        assert_eq!(judge(&mut losses, &[22]), None);
        assert_eq!(judge(&mut losses, &[20]), Some(Quality::Good));
        assert_eq!(judge(&mut losses, &[0]), Some(Quality::Excellent));
    }
}
