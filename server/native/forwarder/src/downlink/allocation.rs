//! How what a path carries is shared among the videos that a subscriber looks at.
//!
//! Everybody's smallest first, by rank; then those of the highest priority become larger, one step each in turn,
//! before others do. What is shown already is kept as long as it nearly fits; what is to become larger must fit
//! with something to spare, and what was made smaller stays so for a while: nothing flickers on a steady path.

use crate::codec::MAX_LAYERS;

/// Of what the path carries, in percent: what is kept may need so much of it.
const KEPT: u64 = 110;
/// The same, for what is paused otherwise.
const SPARED: u64 = 120;
/// The same, for what is to become larger.
const RAISED: u64 = 90;
/// Steps of one video at most: the smallest at a part of its frame rate or all of it, and what is larger.
pub(crate) const MAX_STEPS: usize = 8 + MAX_LAYERS - 1;

/// A size that a video can be sent in: a spatial layer or an encoding, and how much of its frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    pub layer: u8,
    pub temporal: u8,
    /// Bits a second, as measured.
    pub rate: u64,
}

/// What a subscriber would have of one video.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Demand {
    /// Who comes first: what the subscriber said of it, how large it wants it, whether its owner speaks.
    pub rank: (u8, u8, bool),
    /// Up to the one that is wished for, smallest first.
    pub steps: [Step; MAX_STEPS],
    pub count: usize,
    /// Which of them is shown now; `None`: it is paused.
    pub shown: Option<usize>,
    /// It may become larger.
    pub may_rise: bool,
    /// Where it is paused, or shown with fewer frames, it may be shown in its smallest size again.
    pub may_resume: bool,
    pub may_pause: bool,
}

impl Demand {
    /// Adds the next larger size. What measured less than a smaller one takes as much as that.
    pub fn push(&mut self, layer: u8, temporal: u8, rate: u64) {
        if self.count < MAX_STEPS {
            let before = self.count.checked_sub(1).map_or(0, |before| self.steps[before].rate);
            self.steps[self.count] = Step { layer, temporal, rate: rate.max(before) };
            self.count += 1;
        }
    }

    /// The same size as a step's, with all frames.
    fn whole(&self, step: usize) -> usize {
        let is_larger = |at: &usize| self.steps[*at].layer != self.steps[step].layer;
        (step..self.count).find(is_larger).unwrap_or(self.count) - 1
    }

    /// Whether what is shown becomes smaller, and not by frames alone.
    pub fn is_another_stream(&self, step: Option<usize>) -> bool {
        let (Some(shown), Some(step)) = (self.shown, step) else { return false };
        step < shown && self.steps[step].layer != self.steps[shown].layer
    }

    fn may_take(&self, step: usize) -> bool {
        if self.steps[step].layer == self.steps[0].layer { self.may_resume } else { self.may_rise }
    }

    fn is_kept_at(&self, step: usize) -> bool {
        self.shown.is_some_and(|shown| step <= shown)
    }
}

/// What may be spent, in bits a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// On the smallest of what is shown already.
    pub spare: u64,
    /// On what is shown already.
    pub keep: u64,
    /// With what becomes larger.
    pub rise: u64,
}

impl Budget {
    /// Of a path that carries so much, as measured.
    pub fn of(carried: u64) -> Self {
        Self { spare: carried * SPARED / 100, keep: carried * KEPT / 100, rise: carried * RAISED / 100 }
    }

    /// The same where it carries that beyond doubt, and no more.
    pub fn strictly(carried: u64) -> Self {
        Self { keep: carried, ..Self::of(carried) }
    }
}

/// Which step each is given; `None`: nothing of it fits.
pub(crate) fn allot(budget: Budget, demands: &[Demand]) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..demands.len()).filter(|&at| demands[at].count > 0).collect();
    order.sort_by_key(|&at| core::cmp::Reverse(demands[at].rank));
    let risen = fill((budget.rise, budget.rise), demands, &order, true);
    let rises = |&at: &usize| risen[at] > demands[at].shown;
    let falls = |&at: &usize| risen[at] < demands[at].shown;
    match (order.iter().position(rises), order.iter().position(falls)) {
        (Some(rise), fall) if fall.is_none_or(|fall| rise < fall) => risen,
        _ => fill((budget.spare, budget.keep), demands, &order, false),
    }
}

/// Shares a total out, the first for the smallest of each: to what is shown already, and to what may rise if anything
/// is to.
fn fill(
    (smallest, budget): (u64, u64),
    demands: &[Demand],
    order: &[usize],
    is_rising: bool,
) -> Vec<Option<usize>> {
    let mut given = vec![None; demands.len()];
    let mut spent = 0;
    let may_have = |at: usize, step: usize| {
        let demand = &demands[at];
        demand.is_kept_at(step) || (is_rising && demand.may_take(step))
    };
    for &at in order {
        let demand = &demands[at];
        let total = spent + demand.steps[0].rate;
        if !demand.may_pause || (may_have(at, 0) && total <= smallest) {
            given[at] = Some(0);
            spent = total;
        }
    }
    for equals in order.chunk_by(|&a, &b| demands[a].rank.0 == demands[b].rank.0) {
        for step in 1..MAX_STEPS {
            for &at in equals.iter().filter(|&&at| step < demands[at].count) {
                let total = spent + demands[at].steps[step].rate - demands[at].steps[step - 1].rate;
                if given[at] == Some(step - 1) && may_have(at, step) && total <= budget {
                    given[at] = Some(step);
                    spent = total;
                }
            }
        }
    }
    given
}

/// What the path would have to carry for the next of them to rise, in bits a second, all of its frames included.
/// `None` if none waits.
pub(crate) fn next_rise(demands: &[Demand], given: &[Option<usize>]) -> Option<u64> {
    let of = |demand: &Demand, step: Option<usize>| step.map_or(0, |step| demand.steps[step].rate);
    let spent: u64 = demands.iter().zip(given).map(|(demand, &step)| of(demand, step)).sum();
    let next = |(demand, &step): (&Demand, &Option<usize>)| {
        let next = step.map_or(0, |step| step + 1);
        let rises = demand.may_take(next) && next < demand.count;
        rises.then(|| spent - of(demand, step) + of(demand, Some(demand.whole(next))))
    };
    let least = demands.iter().zip(given).filter_map(next).min()?;
    Some(least * 100 / RAISED)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera in three sizes, shown in the step that is given.
    fn camera(shown: Option<usize>) -> Demand {
        let mut demand =
            Demand { shown, may_rise: true, may_resume: true, may_pause: true, ..Demand::default() };
        [150_000, 500_000, 1_500_000]
            .into_iter()
            .zip(0..)
            .for_each(|(rate, layer)| demand.push(layer, 3, rate));
        demand
    }

    fn allotted(carried: u64, demands: &[Demand]) -> Vec<Option<usize>> {
        allot(Budget::of(carried), demands)
    }

    #[test]
    fn everybodys_smallest_comes_before_anybodys_larger() {
        let demands = [camera(None); 3];
        assert_eq!(allotted(10_000_000, &demands), [Some(2); 3]);
        assert_eq!(allotted(1_000_000, &demands), [Some(1), Some(0), Some(0)]);
        assert_eq!(allotted(400_000, &demands), [Some(0), Some(0), None]);
        assert_eq!(allotted(100_000, &demands), [None; 3]);
    }

    #[test]
    fn a_priority_is_served_in_full_before_others_become_larger() {
        let mut demands = [camera(None); 3];
        demands[2].rank.0 = 1;
        assert_eq!(allotted(2_100_000, &demands), [Some(0), Some(0), Some(2)]);
    }

    #[test]
    fn of_equal_priority_the_larger_wish_and_then_the_speaker_comes_first() {
        let mut demands = [camera(None); 3];
        demands[1].rank = (0, 0, true);
        assert_eq!(allotted(1_000_000, &demands), [Some(0), Some(1), Some(0)]);
        demands[2].rank = (0, 2, false);
        assert_eq!(allotted(1_000_000, &demands), [Some(0), Some(0), Some(1)]);
    }

    #[test]
    fn what_is_shown_is_kept_where_it_would_not_have_been_begun() {
        for carried in (1_400_000..1_650_000).step_by(10_000) {
            assert_eq!(allotted(carried, &[camera(Some(2))]), [Some(2)], "{carried}");
            assert_eq!(allotted(carried, &[camera(Some(1))]), [Some(1)], "{carried}");
        }
        assert_eq!(allotted(1_350_000, &[camera(Some(2))]), [Some(1)]);
        assert_eq!(allotted(1_700_000, &[camera(Some(1))]), [Some(2)]);
    }

    #[test]
    fn rather_than_to_pause_one_another_becomes_smaller_where_the_path_is_full() {
        let demands = [camera(Some(1)), camera(Some(0)), camera(Some(0))];
        assert_eq!(allot(Budget::of(750_000), &demands), [Some(1), Some(0), Some(0)]);
        assert_eq!(allot(Budget::strictly(750_000), &demands), [Some(0); 3]);
        assert_eq!(allot(Budget::strictly(380_000), &[camera(Some(0)); 3]), [Some(0); 3]);
        assert_eq!(allot(Budget::strictly(370_000), &[camera(Some(0)); 3]), [Some(0), Some(0), None]);
    }

    #[test]
    fn what_may_not_rise_yet_does_not() {
        let waits = Demand { may_rise: false, ..camera(Some(0)) };
        assert_eq!(allotted(10_000_000, &[waits]), [Some(0)]);
        assert_eq!(allotted(10_000_000, &[Demand { may_rise: false, ..camera(None) }]), [Some(0)]);
        assert_eq!(allotted(10_000_000, &[Demand { may_resume: false, ..camera(None) }]), [None]);
    }

    #[test]
    fn nothing_is_kept_at_the_cost_of_what_rises_above_it() {
        let mut demands = [camera(Some(1)); 3];
        demands[1].rank.0 = 3;
        let given = allotted(2_200_000, &demands);
        assert_eq!(given, [Some(0), Some(2), Some(0)]);
        let total: u64 = given.iter().map(|step| demands[0].steps[step.unwrap()].rate).sum();
        assert!(total <= 1_980_000);
    }

    #[test]
    fn nothing_rises_at_the_cost_of_what_ranks_above_it() {
        let mut demands = [camera(Some(2)), camera(Some(0))];
        demands[0].rank.0 = 1;
        assert_eq!(allotted(1_700_000, &demands), [Some(2), Some(0)]);
    }

    #[test]
    fn the_least_that_would_show_more_is_what_is_looked_for() {
        let demands = [camera(Some(1)), camera(Some(0))];
        assert_eq!(next_rise(&demands, &[Some(1), Some(0)]), Some(1_000_000 * 100 / 90));
        assert_eq!(next_rise(&demands, &[Some(2), None]), Some(1_650_000 * 100 / 90));
        assert_eq!(next_rise(&demands, &[Some(2), Some(2)]), None);
        let waits = Demand { may_rise: false, ..camera(Some(0)) };
        assert_eq!(next_rise(&[waits], &[Some(0)]), None);
    }

    #[test]
    fn fewer_frames_of_the_smallest_come_before_nothing_of_it() {
        let mut demand = Demand { may_rise: true, may_resume: true, may_pause: true, ..Demand::default() };
        for (layer, temporal, rate) in [(0, 0, 60_000), (0, 1, 90_000), (0, 3, 150_000), (1, 3, 500_000)] {
            demand.push(layer, temporal, rate);
        }
        let given =
            [50_000, 80_000, 120_000, 200_000, 600_000].map(|carried| allotted(carried, &[demand])[0]);
        assert_eq!(given, [None, Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(next_rise(&[demand], &[None]), Some(150_000 * 100 / 90), "looked for is all of it");
        assert_eq!(next_rise(&[demand], &[Some(2)]), Some(500_000 * 100 / 90));
    }

    #[test]
    fn who_may_not_be_paused_has_the_smallest_whatever_the_path() {
        let demands = [Demand { may_pause: false, ..camera(Some(2)) }; 2];
        assert_eq!(allotted(30_000, &demands), [Some(0); 2]);
    }

    #[test]
    fn a_larger_layer_that_measures_less_takes_as_much_as_the_smaller() {
        let mut demand = Demand::default();
        demand.push(0, 3, 200_000);
        demand.push(1, 3, 100_000);
        assert_eq!(demand.steps[1], Step { layer: 1, temporal: 3, rate: 200_000 });
        assert_eq!(allotted(10_000_000, &[Demand::default()]), [None]);
    }
}
