//! When a publisher is asked for a key frame: many wishes, few requests.

use crate::api::Micros;

/// Wishes within this time are one request.
const SPACING: u64 = 300_000;
/// Requests in a row at the spacing; then one per [`REFILL`].
const BURST: u32 = 3;
const REFILL: u64 = 1_000_000;
/// Somebody still waits after this time: the request or the key frame was lost.
const PATIENCE: u64 = 1_000_000;

/// The requests for one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyFrameRequests {
    is_wanted: bool,
    /// No key frame has begun since the last request.
    is_outstanding: bool,
    last: Option<Micros>,
    tokens: u32,
    refilled: Micros,
    asked: u32,
}

impl Default for KeyFrameRequests {
    fn default() -> Self {
        Self {
            is_wanted: false,
            is_outstanding: false,
            last: None,
            tokens: BURST,
            refilled: Micros(0),
            asked: 0,
        }
    }
}

impl KeyFrameRequests {
    /// Somebody cannot decode without a key frame. One that was asked for just now will do.
    pub fn want(&mut self, now: Micros) {
        let is_coming = self.is_outstanding && self.last.is_some_and(|last| now.0 < last.0 + SPACING);
        self.is_wanted |= !is_coming;
    }

    /// Whether somebody wants one that was not asked for yet.
    pub fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Requests so far.
    pub fn asked(&self) -> u32 {
        self.asked
    }

    /// Somebody has been waiting all along.
    pub fn remind(&mut self, now: Micros) {
        self.is_wanted |= self.last.is_none_or(|last| now.0 >= last.0 + PATIENCE);
    }

    /// A key frame begins: whoever wanted one has it.
    pub fn satisfy(&mut self) {
        self.is_wanted = false;
        self.is_outstanding = false;
    }

    /// True if a request is to be sent now.
    pub fn take_due(&mut self, now: Micros) -> bool {
        if !self.is_wanted || self.last.is_some_and(|last| now.0 < last.0 + SPACING) {
            return false;
        }
        let earned = (now.0.saturating_sub(self.refilled.0) / REFILL).min(u64::from(BURST));
        if earned > 0 {
            self.tokens = BURST.min(self.tokens + earned as u32);
            self.refilled = now;
        }
        if self.tokens == 0 {
            return false;
        }
        self.tokens -= 1;
        self.asked = self.asked.saturating_add(1);
        self.last = Some(now);
        self.is_wanted = false;
        self.is_outstanding = true;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_coalesced() {
        let mut requests = KeyFrameRequests::default();
        assert!(!requests.take_due(Micros(0)));
        requests.want(Micros(0));
        requests.want(Micros(0));
        assert!(requests.take_due(Micros(0)));
        requests.want(Micros(SPACING - 1));
        assert!(!requests.take_due(Micros(SPACING)));
        requests.want(Micros(SPACING));
        assert!(requests.take_due(Micros(SPACING)));
    }

    #[test]
    fn a_wish_after_the_key_frame_is_a_new_one() {
        let mut requests = KeyFrameRequests::default();
        requests.want(Micros(0));
        assert!(requests.take_due(Micros(0)));
        requests.satisfy();
        requests.want(Micros(1));
        assert!(!requests.take_due(Micros(SPACING - 1)));
        assert!(requests.take_due(Micros(SPACING)));
    }

    #[test]
    fn a_key_frame_answers_a_wish_that_was_not_sent_yet() {
        let mut requests = KeyFrameRequests::default();
        requests.want(Micros(0));
        requests.satisfy();
        assert!(!requests.take_due(Micros(0)));
    }

    #[test]
    fn in_the_long_run_one_per_second() {
        let mut requests = KeyFrameRequests::default();
        let sent = (0..600_u64).filter(|tenth| {
            requests.want(Micros(tenth * 100_000));
            requests.take_due(Micros(tenth * 100_000))
        });
        let sent = sent.count();
        assert!((58..=63).contains(&sent), "{sent}");
    }

    #[test]
    fn waiting_renews_the_request_after_a_while() {
        let mut requests = KeyFrameRequests::default();
        requests.remind(Micros(5));
        assert!(requests.take_due(Micros(5)));
        requests.remind(Micros(PATIENCE));
        assert!(!requests.take_due(Micros(PATIENCE)));
        requests.remind(Micros(PATIENCE + 5));
        assert!(requests.take_due(Micros(PATIENCE + 5)));
    }
}
