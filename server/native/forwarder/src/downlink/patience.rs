//! How long a path may carry less than it is sent before something is shown smaller: what begins larger begins
//! with a key frame, which may be taken for congestion for a moment.

use crate::api::Micros;

/// So long after something became larger, its beginning may be the cause.
const BEGINNING: u64 = 3_000_000;
/// What is waited for then, and otherwise.
const LONG: u64 = 1_500_000;
const SHORT: u64 = 300_000;
/// Below this share of what is shown, in percent, nothing is waited for otherwise.
const COLLAPSE: u64 = 50;

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
    pub fn lasts(&mut self, now: Micros, is_short: bool, keep: u64, shown: u64) -> bool {
        if !is_short {
            self.short_since = None;
            return false;
        }
        let since = *self.short_since.get_or_insert(now);
        let is_beginning = self.raised.is_some_and(|at| now.0 < at.0 + BEGINNING);
        if is_beginning {
            return now.0 < since.0 + LONG;
        }
        keep * 100 >= shown * COLLAPSE && now.0 < since.0 + SHORT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lasts(patience: &mut Patience, from: u64, keep: u64) -> u64 {
        let late = (from..).step_by(100).find(|&at| !patience.lasts(Micros(at * 1_000), true, keep, 1_000));
        late.unwrap_or(from) - from
    }

    #[test]
    fn a_beginning_is_given_more_time_than_what_was_there_before_and_a_collapse_none() {
        let mut patience = Patience::default();
        assert_eq!(lasts(&mut patience, 0, 800), 300);
        assert!(!patience.lasts(Micros(1_000_000), false, 2_000, 1_000));
        assert_eq!(lasts(&mut patience, 2_000, 400), 0);
        assert!(!patience.lasts(Micros(9_000_000), false, 2_000, 1_000));
        patience.note_rise(Micros(10_000_000));
        assert_eq!(lasts(&mut patience, 10_000, 400), 1_500);
    }
}
