//! Packet indices: the roll-over counter is estimated and replays are refused (RFC 3711 section 3.3).

/// Words of 64 packets behind the newest that are still told apart. RFC 3711 asks for one at least; more,
/// because publishers answer NACKs on the same SSRC, a round trip later.
const MEDIA: usize = 16;
/// A packet index has 48 bits: 32 of roll-over counter, 16 of sequence number.
const INDEX_LIMIT: u64 = 1 << 48;

/// What was received of one SSRC. Changes only by [`Window::accept`], after authentication.
#[derive(Clone, Debug)]
pub(crate) struct Window<const WORDS: usize = MEDIA> {
    newest: u64,
    seen: [u64; WORDS],
    started: bool,
}

impl<const WORDS: usize> Default for Window<WORDS> {
    fn default() -> Self {
        Self { newest: 0, seen: [0; WORDS], started: false }
    }
}

impl<const WORDS: usize> Window<WORDS> {
    const WIDTH: u64 = 64 * WORDS as u64;

    /// A window that goes on behind `newest`: nothing up to there is taken again.
    pub fn resume(newest: u64) -> Self {
        Self { newest, seen: [u64::MAX; WORDS], started: true }
    }

    /// The newest index received, all that is needed to [`Window::resume`]. `None` before the first.
    pub fn newest(&self) -> Option<u64> {
        self.started.then_some(self.newest)
    }

    /// The 48-bit index a sequence number most likely stands for (RFC 3711 appendix A).
    ///
    /// `None` when it lies before the first index there is.
    pub fn estimate(&self, sequence: u16) -> Option<u64> {
        if !self.started {
            return Some(sequence.into());
        }
        let distance = sequence.wrapping_sub(self.newest as u16) as i16;
        self.newest.checked_add_signed(distance.into()).filter(|&index| index < INDEX_LIMIT)
    }

    /// What the first packet to arrive stands for if the roll-over counter is 1 already: the sender began just before
    /// its wrap, and what it sent until then was lost. `None` for every other, and where that would be half of all
    /// sequence numbers.
    pub fn estimate_behind_wrap(&self, sequence: u16) -> Option<u64> {
        (!self.started && sequence < 0x8000).then(|| 0x1_0000 | u64::from(sequence))
    }

    /// True if the index was accepted before, or is too old to know.
    pub fn is_replay(&self, index: u64) -> bool {
        if !self.started || index > self.newest {
            return false;
        }
        self.newest - index >= Self::WIDTH || self.seen[Self::word(index)] & bit(index) != 0
    }

    /// The index behind the newest that a repeated sequence number stands for, if that is missing.
    pub fn missing(&self, sequence: u16) -> Option<u64> {
        let index = self.estimate(sequence).filter(|&index| self.started && index < self.newest)?;
        (!self.is_replay(index)).then_some(index)
    }

    /// Marks an authenticated index as received.
    pub fn accept(&mut self, index: u64) {
        if !self.started || index >= self.newest + Self::WIDTH {
            self.seen = [0; WORDS];
            self.newest = index;
            self.started = true;
        } else if index > self.newest {
            for skipped in self.newest + 1..=index {
                self.seen[Self::word(skipped)] &= !bit(skipped);
            }
            self.newest = index;
        }
        self.seen[Self::word(index)] |= bit(index);
    }

    fn word(index: u64) -> usize {
        (index / 64) as usize % WORDS
    }
}

fn bit(index: u64) -> u64 {
    1 << (index % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: u64 = Window::<MEDIA>::WIDTH;

    fn received(indices: &[u64]) -> Window {
        let mut window = Window::default();
        for &index in indices {
            window.accept(index);
        }
        window
    }

    #[test]
    fn the_first_packet_has_no_roll_over() {
        assert_eq!(Window::<MEDIA>::default().estimate(65_535), Some(65_535));
    }

    #[test]
    fn the_first_packet_may_have_rolled_over_unless_half_of_all_were_lost() {
        assert_eq!(Window::<MEDIA>::default().estimate_behind_wrap(3), Some(65_539));
        assert_eq!(Window::<MEDIA>::default().estimate_behind_wrap(0x8000), None);
        assert_eq!(received(&[65_534]).estimate_behind_wrap(3), None);
    }

    #[test]
    fn wrap_counts_up_and_late_packets_count_down() {
        let window = received(&[65_534]);
        assert_eq!(window.estimate(1), Some(65_537));
        let window = received(&[65_534, 65_537]);
        assert_eq!(window.estimate(65_535), Some(65_535));
    }

    #[test]
    fn nothing_lies_before_the_first_index() {
        assert_eq!(received(&[3]).estimate(65_530), None);
    }

    #[test]
    fn a_loss_of_thirty_thousand_over_the_wrap_keeps_the_counter() {
        assert_eq!(received(&[50_000]).estimate(14_000), Some(65_536 + 14_000));
    }

    #[test]
    fn duplicates_are_replays_and_gaps_are_not() {
        let window = received(&[10, 12]);
        assert!(window.is_replay(10));
        assert!(window.is_replay(12));
        assert!(!window.is_replay(11));
        assert!(!window.is_replay(13));
    }

    #[test]
    fn what_is_missing_lies_behind_the_newest_and_was_not_received() {
        assert_eq!(Window::<MEDIA>::default().missing(1), None);
        let window = received(&[65_534, 65_538]);
        assert_eq!(window.missing(0), Some(65_536));
        assert_eq!(window.missing(2), None);
        assert_eq!(window.missing(3), None);
        assert_eq!(window.missing(65_534), None);
        assert_eq!(window.missing(2_u16.wrapping_sub(WIDTH as u16)), None);
    }

    #[test]
    fn what_falls_out_of_the_window_is_refused() {
        let window = received(&[10, 10 + WIDTH]);
        assert!(window.is_replay(10));
        assert!(window.is_replay(9));
        assert!(!window.is_replay(11));
    }

    #[test]
    fn what_is_resumed_takes_only_what_is_new() {
        assert_eq!(Window::<MEDIA>::default().newest(), None);
        let newest = received(&[65_000, 65_900, 65_700]).newest().unwrap();
        let mut window: Window = Window::resume(newest);
        assert_eq!(window.estimate(1_000), Some(66_536));
        assert_eq!(window.missing(300), None);
        for index in [0, 1, 65_000, 65_699, 65_700, 65_899, 65_900] {
            assert!(window.is_replay(index), "{index}");
        }
        assert!(!window.is_replay(65_901));
        window.accept(65_903);
        assert!(window.is_replay(65_900));
        assert!(!window.is_replay(65_902));
    }

    #[test]
    fn a_jump_forgets_nothing_within_the_window() {
        let window = received(&[100, 100 + WIDTH - 1, 5_000, 5_000 + WIDTH / 2]);
        assert!(window.is_replay(5_000));
        assert!(!window.is_replay(5_001));
    }
}
