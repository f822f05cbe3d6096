//! Trying more than a peer's own estimate shows. A receiver believes in little more than what it is sent, so
//! where there is nothing but its word, the only measurement is to send more and to see whether it objects.

use super::allocation::Budget;
use crate::api::Micros;

/// The estimate is so much above what is sent, in percent, that more may be tried.
const ROOM: u64 = 120;
/// So many times the estimate is tried at most.
const REACH: u64 = 4;
/// A receiver's estimate follows within this time.
const LENGTH: u64 = 8_000_000;
/// Of the estimate before, in percent: below this the receiver objects.
const OBJECTION: u64 = 85;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// Since when, and the estimate then.
    running: Option<(Micros, u64)>,
}

impl Trial {
    /// More is sent from now on.
    pub fn begin(&mut self, now: Micros, estimate: u64) {
        self.running = Some((now, estimate));
    }

    /// What may be spent where the peer says it can receive so much, and so much is shown.
    pub fn budget(&mut self, now: Micros, estimate: u64, shown: u64) -> Budget {
        self.running = self
            .running
            .filter(|&(since, then)| now.0 < since.0 + LENGTH && estimate >= then * OBJECTION / 100);
        let mut budget = Budget::of(estimate);
        if self.running.is_some() {
            budget.keep = budget.keep.max(shown);
            budget.rise = 0;
        } else if estimate * 100 >= shown * ROOM {
            budget.rise = estimate * REACH;
        }
        budget
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_tried_where_there_is_room_and_kept_unless_the_receiver_objects() {
        let mut trial = Trial::default();
        let at = |seconds: u64| Micros(seconds * 1_000_000);
        assert_eq!(trial.budget(at(0), 150_000, 150_000).rise, 135_000, "no room");
        assert_eq!(trial.budget(at(1), 200_000, 150_000).rise, 800_000);
        trial.begin(at(2), 200_000);
        let tried = trial.budget(at(2), 200_000, 500_000);
        assert_eq!((tried.keep, tried.rise), (500_000, 0));
        assert_eq!(trial.budget(at(5), 400_000, 500_000).keep, 500_000, "it follows");
        let over = trial.budget(at(11), 700_000, 500_000);
        assert_eq!((over.keep, over.rise), (770_000, 2_800_000));
        trial.begin(at(12), 700_000);
        assert_eq!(trial.budget(at(12), 700_000, 1_500_000).keep, 1_500_000);
        assert_eq!(trial.budget(at(13), 500_000, 1_500_000).keep, 550_000, "an objection");
    }
}
