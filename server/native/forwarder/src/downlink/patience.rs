//! How long a path may carry less than it is sent before something is shown smaller: what begins larger begins
//! with a key frame, which may be taken for congestion for a moment.

use crate::api::Micros;

/// So long after something became larger, its beginning may be the cause.
const BEGINNING: u64 = 3_000_000;
/// What is waited for then, and otherwise.
const LONG: u64 = 1_500_000;
const SHORT: u64 = 300_000;
/// What is waited for before something is paused.
const LONGEST: u64 = 2_000_000;
/// Below this share of what is shown, in percent, nothing is waited for otherwise.
const COLLAPSE: u64 = 50;

/// What a budget lacks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Nothing,
    /// Something would be shown smaller.
    Size,
    /// Something would not be shown any more.
    Pause,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Patience {
    short_since: Option<Micros>,
    raised: Option<Micros>,
}

impl Patience {
    /// Something is shown larger from now on.
    pub fn note_rise(&mut self, now: Micros) {
        self.raised = Some(now);
    }

    /// Whether what is too much by the budget is to be shown nevertheless, for now.
    pub fn lasts(&mut self, now: Micros, want: Want, keep: u64, shown: u64) -> bool {
        if want == Want::Nothing {
            self.short_since = None;
            return false;
        }
        let since = *self.short_since.get_or_insert(now);
        let is_beginning = self.raised.is_some_and(|at| now.0 < at.0 + BEGINNING);
        if is_beginning {
            return now.0 < since.0 + LONG;
        }
        if want == Want::Pause && now.0 < since.0 + LONGEST {
            return true;
        }
        keep * 100 >= shown * COLLAPSE && now.0 < since.0 + SHORT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lasts(patience: &mut Patience, from: u64, keep: u64) -> u64 {
        let late =
            (from..).step_by(100).find(|&at| !patience.lasts(Micros(at * 1_000), Want::Size, keep, 1_000));
        late.unwrap_or(from) - from
    }

    #[test]
    fn a_beginning_is_given_more_time_than_what_was_there_before_and_a_collapse_none() {
        let mut patience = Patience::default();
        assert_eq!(lasts(&mut patience, 0, 800), 300);
        assert!(!patience.lasts(Micros(1_000_000), Want::Nothing, 2_000, 1_000));
        assert_eq!(lasts(&mut patience, 2_000, 400), 0);
        assert!(!patience.lasts(Micros(9_000_000), Want::Nothing, 2_000, 1_000));
        patience.note_rise(Micros(10_000_000));
        assert_eq!(lasts(&mut patience, 10_000, 400), 1_500);
    }

    #[test]
    fn nothing_is_paused_for_a_dip_of_an_estimate() {
        let mut patience = Patience::default();
        for at in (5_000_000..7_000_000).step_by(100_000) {
            assert!(patience.lasts(Micros(at), Want::Pause, 100, 1_000), "{at}");
        }
        assert!(!patience.lasts(Micros(7_000_000), Want::Pause, 100, 1_000));
    }
}
