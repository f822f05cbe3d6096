//! What a consumer may be sent of its wish, and how long it stays so.

use crate::api::Micros;

/// What was made smaller is not made larger again for this long, at first and at most.
const SHORTEST_HOLD: u64 = 2_000_000;
const LONGEST_HOLD: u64 = 30_000_000;
/// What is not shown at all waits no longer than this for another trial.
const LONGEST_PAUSE: u64 = 8_000_000;
/// What is made smaller so soon after it was made larger was made larger too soon.
const TRIAL: u64 = 10_000_000;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// The highest layer, spatial or an encoding.
    pub layer: u8,
    /// The highest temporal layer of it.
    pub temporal: u8,
    /// Nothing at all: the path does not carry it.
    pub is_congested: bool,
    held_until: Micros,
    hold: u64,
    raised: Option<Micros>,
}

impl Default for Allowance {
    fn default() -> Self {
        let (held_until, hold) = (Micros(0), SHORTEST_HOLD);
        Self { layer: u8::MAX, temporal: u8::MAX, is_congested: false, held_until, hold, raised: None }
    }
}

impl Allowance {
    /// All of it, whatever the path.
    pub fn lift(&mut self) {
        (self.layer, self.temporal, self.is_congested) = (u8::MAX, u8::MAX, false);
    }

    /// Layer, temporal layer, and whether it is nothing at all.
    pub fn extent(&self) -> (u8, u8, bool) {
        (self.layer, self.temporal, self.is_congested)
    }

    /// Whether it may be made larger.
    pub fn may_rise(&self, now: Micros) -> bool {
        now >= self.held_until
    }

    /// Whether it may be shown again, in its smallest size.
    pub fn may_resume(&self, now: Micros) -> bool {
        now.0 + self.hold.saturating_sub(LONGEST_PAUSE) >= self.held_until.0
    }

    /// It is less from now on.
    pub fn lower(&mut self, now: Micros) {
        let is_failed_trial = self.raised.is_some_and(|at| now.0 < at.0 + TRIAL);
        self.hold = if is_failed_trial { LONGEST_HOLD.min(self.hold * 2) } else { SHORTEST_HOLD };
        self.held_until = Micros(now.0 + self.hold);
    }

    /// It is more from now on.
    pub fn raise(&mut self, now: Micros) {
        self.raised = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trial_that_fails_makes_the_next_one_wait_longer() {
        let mut allowance = Allowance::default();
        let mut now = 0;
        let mut holds = Vec::new();
        for _ in 0..6 {
            allowance.raise(Micros(now));
            now += 1_000_000;
            allowance.lower(Micros(now));
            let since = now;
            while !allowance.may_rise(Micros(now)) {
                now += 1_000_000;
            }
            holds.push((now - since) / 1_000_000);
        }
        assert_eq!(holds, [4, 8, 16, 30, 30, 30]);
        allowance.raise(Micros(now));
        now += 11_000_000;
        allowance.lower(Micros(now));
        assert!(allowance.may_rise(Micros(now + SHORTEST_HOLD)));
    }

    #[test]
    fn what_is_paused_is_tried_again_sooner() {
        let mut allowance = Allowance::default();
        for at in 0..6_u64 {
            allowance.raise(Micros(at * 1_000_000));
            allowance.lower(Micros(at * 1_000_000));
        }
        let since = 5_000_000;
        assert!(!allowance.may_rise(Micros(since + LONGEST_PAUSE)));
        assert!(!allowance.may_resume(Micros(since + LONGEST_PAUSE - 1)));
        assert!(allowance.may_resume(Micros(since + LONGEST_PAUSE)));
    }
}
