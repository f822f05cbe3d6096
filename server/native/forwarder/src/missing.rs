//! Which packets of a publisher are missing, and when to ask for them again.

use crate::api::Micros;

/// Packets asked for at a time. More missing than this is an outage, and a key frame is cheaper.
const MAX_MISSING: usize = 256;
const MAX_TRIES: u8 = 10;
/// Between the first and the second request: as long as the answer takes and a little longer, in percent of the round
/// trip; each further wait is a quarter as long again.
const PATIENCE: u64 = 125;
const SHORTEST_WAIT: u64 = 25_000;
const LONGEST_WAIT: u64 = 500_000;
/// Where the round trip is not known.
const USUAL_WAIT: u64 = 60_000;

/// Gaps in the indices of one stream.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    /// Ascending.
    entries: Vec<Entry>,
    newest: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    index: u64,
    due: Micros,
    tries: u8,
}

/// What a packet says of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Nothing new is missing.
    None,
    /// Packets are missing and can be asked for.
    Requestable,
    /// Too many are missing to ask for.
    Outage,
}

impl Missing {
    /// Takes note of a packet.
    pub fn receive(&mut self, now: Micros, index: u64) -> Gap {
        let Some(newest) = self.newest else {
            self.newest = Some(index);
            return Gap::None;
        };
        if index <= newest {
            if let Ok(at) = self.entries.binary_search_by_key(&index, |entry| entry.index) {
                self.entries.remove(at);
            }
            return Gap::None;
        }
        self.newest = Some(index);
        if index == newest + 1 {
            return Gap::None;
        }
        if self.entries.len() as u64 + (index - newest - 1) > MAX_MISSING as u64 {
            self.entries.clear();
            return Gap::Outage;
        }
        self.entries.extend((newest + 1..index).map(|index| Entry { index, due: now, tries: 0 }));
        Gap::Requestable
    }

    /// Calls `request` with the sequence numbers that are due, and forgets those asked for in vain.
    /// They ascend, and come at most 128 at a time. The round trip is in microseconds; 0: not known.
    pub fn request_due(&mut self, now: Micros, round_trip: u64, mut request: impl FnMut(&[u16])) {
        let first_wait = match round_trip {
            0 => USUAL_WAIT,
            _ => (round_trip * PATIENCE / 100).clamp(SHORTEST_WAIT, LONGEST_WAIT),
        };
        let mut due = [0; 128];
        let mut count = 0;
        self.entries.retain_mut(|entry| {
            if entry.due > now {
                return true;
            }
            if entry.tries == MAX_TRIES {
                return false;
            }
            if count == due.len() {
                return true;
            }
            due[count] = entry.index as u16;
            count += 1;
            let wait = (0..entry.tries).fold(first_wait, |wait, _| wait * 5 / 4);
            entry.due = Micros(now.0 + wait.min(2 * LONGEST_WAIT));
            entry.tries += 1;
            true
        });
        if count > 0 {
            request(&due[..count]);
        }
    }

    /// What is missing by now is wanted by nobody.
    pub fn give_up(&mut self) {
        self.entries.clear();
    }

    /// Forgets everything, as when the stream begins anew.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// True if nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: u64 = 32_000;

    fn due(missing: &mut Missing, now: u64) -> Vec<u16> {
        let mut sequences = Vec::new();
        missing.request_due(Micros(now), ROUND_TRIP, |due| sequences.extend_from_slice(due));
        sequences
    }

    #[test]
    fn gaps_are_asked_for_at_once_and_again_later() {
        let mut missing = Missing::default();
        assert_eq!(missing.receive(Micros(0), 65_534), Gap::None);
        assert_eq!(missing.receive(Micros(0), 65_538), Gap::Requestable);
        assert_eq!(due(&mut missing, 0), [65_535, 0, 1]);
        assert_eq!(due(&mut missing, 39_999), []);
        assert_eq!(missing.receive(Micros(1), 65_536), Gap::None);
        assert_eq!(due(&mut missing, 40_000), [65_535, 1]);
    }

    #[test]
    fn nothing_is_asked_for_again_before_it_can_have_come() {
        let second = |round_trip: u64| {
            let mut missing = Missing::default();
            missing.receive(Micros(0), 1);
            missing.receive(Micros(0), 3);
            let asked = |at: &u64| {
                let mut is_asked = false;
                missing.request_due(Micros(*at), round_trip, |_| is_asked = true);
                is_asked
            };
            (0..5_000_000).step_by(1_000).filter(asked).nth(1)
        };
        assert_eq!([0, 1, 200_000, 9_000_000].map(second), [60_000, 25_000, 250_000, 500_000].map(Some));
    }

    #[test]
    fn what_never_comes_is_given_up() {
        let mut missing = Missing::default();
        missing.receive(Micros(0), 1);
        missing.receive(Micros(0), 3);
        let requests = (0..10_000).filter(|&now| !due(&mut missing, now * 1_000).is_empty()).count();
        assert_eq!(requests, usize::from(MAX_TRIES));
        assert!(missing.is_empty());
    }

    #[test]
    fn an_outage_is_not_asked_for() {
        let mut missing = Missing::default();
        missing.receive(Micros(0), 1);
        assert_eq!(missing.receive(Micros(0), 1_000), Gap::Outage);
        assert_eq!(due(&mut missing, 0), []);
        assert_eq!(missing.receive(Micros(0), 1_002), Gap::Requestable);
        assert_eq!(due(&mut missing, 0), [1_001]);
    }
}
