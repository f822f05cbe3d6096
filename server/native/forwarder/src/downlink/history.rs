//! What was sent under transport-wide sequence numbers and has not been heard of yet.

use crate::api::Micros;
use std::collections::VecDeque;

/// Packets remembered at most: two seconds of what a fast downlink carries.
const MAX_PACKETS: usize = 4096;
/// A packet that nothing was heard of for this long is forgotten.
const MAX_AGE: u64 = 5_000_000;

/// A packet that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub at: Micros,
    /// Bytes on the network, addresses included.
    pub bytes: u16,
    /// The burst it belongs to that measures the path; 0 for none.
    pub probe: u32,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Unknown,
    /// It was told as lost then, and may arrive late.
    Lost(Micros),
    Arrived,
}

/// A bounded window of packets by their unwrapped number.
#[derive(Debug, Default)]
pub(crate) struct History {
    packets: VecDeque<Sent>,
    /// Number of the first packet that is remembered.
    first: u64,
}

impl History {
    /// The number that the next packet is sent under.
    pub fn next(&self) -> u64 {
        self.first + self.packets.len() as u64
    }

    /// Remembers a packet under the number [`History::next`].
    pub fn push(&mut self, at: Micros, bytes: usize, probe: u32) {
        while self.packets.len() >= MAX_PACKETS
            || self.packets.front().is_some_and(|sent| sent.at.0 + MAX_AGE < at.0)
        {
            self.packets.pop_front();
            self.first += 1;
        }
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        self.packets.push_back(Sent { at, bytes, probe, fate: Fate::Unknown });
    }

    /// The unwrapped number of a packet that was sent lately; it may be forgotten.
    pub fn unwrap(&self, sequence: u16) -> Option<u64> {
        let behind = (self.next() as u16).wrapping_sub(sequence);
        (1..0x8000).contains(&behind).then(|| self.next().checked_sub(behind.into())).flatten()
    }

    /// A packet that the peer tells of, with its number, if that is news; and when it was told as lost, if it was.
    pub fn hear(&mut self, now: Micros, number: u64, has_arrived: bool) -> Option<(Sent, Option<Micros>)> {
        let sent = self.packets.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)?;
        let before = match sent.fate {
            Fate::Unknown => None,
            Fate::Lost(at) if has_arrived => Some(at),
            Fate::Lost(_) | Fate::Arrived => return None,
        };
        sent.fate = if has_arrived { Fate::Arrived } else { Fate::Lost(now) };
        Some((*sent, before))
    }

    /// A packet that was told as lost, and when, if it has not arrived since.
    pub fn lost(&self, number: u64) -> Option<(Sent, Micros)> {
        let sent = self.packets.get(usize::try_from(number.checked_sub(self.first)?).ok()?)?;
        if let Fate::Lost(at) = sent.fate { Some((*sent, at)) } else { None }
    }

    /// Forgets what has arrived, as far as nothing older is awaited.
    pub fn tidy(&mut self) {
        while self.packets.front().is_some_and(|sent| sent.fate == Fate::Arrived) {
            self.packets.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(count: u64) -> History {
        let mut history = History { first: 0x1_fff0, ..History::default() };
        (0..count).for_each(|at| history.push(Micros(at), 100, 0));
        history
    }

    #[test]
    fn a_packet_is_news_once_and_once_more_when_it_comes_late() {
        let mut history = history(40);
        let number = history.unwrap(5).unwrap();
        assert_eq!(number, 0x2_0005);
        let hear = |history: &mut History, now, has_arrived| {
            history.hear(Micros(now), number, has_arrived).map(|(sent, lost)| (sent.at.0, lost))
        };
        assert_eq!(hear(&mut history, 50, false), Some((21, None)));
        assert_eq!(hear(&mut history, 60, false), None);
        assert_eq!(history.lost(number).map(|(_, at)| at), Some(Micros(50)));
        assert_eq!(hear(&mut history, 70, true), Some((21, Some(Micros(50)))));
        assert_eq!((hear(&mut history, 80, true), hear(&mut history, 80, false)), (None, None));
        assert_eq!(history.lost(number), None);
    }

    #[test]
    fn what_was_never_sent_is_not_known() {
        let mut history = history(40);
        assert_eq!(history.unwrap(0x18), None, "the next one");
        assert_eq!(history.unwrap(0x8018), None);
        assert_eq!(history.unwrap(0x17), Some(0x2_0017));
        assert_eq!(history.hear(Micros(0), 0x2_0018, true), None);
        assert_eq!(history.hear(Micros(0), 0x1_ffef, true), None);
        assert_eq!(History::default().unwrap(7), None);
    }

    #[test]
    fn it_is_bounded_in_number_and_age() {
        let mut history = history(20_000);
        assert_eq!(history.packets.len(), MAX_PACKETS);
        assert_eq!(history.next(), 0x1_fff0 + 20_000);
        history.push(Micros(MAX_AGE + 19_999), 100, 0);
        assert_eq!(history.packets.len(), 2);
    }

    #[test]
    fn what_has_arrived_makes_room() {
        let mut history = history(10);
        let first = history.first;
        (0..3).for_each(|at| assert!(history.hear(Micros(0), first + at, at != 1).is_some()));
        history.tidy();
        assert_eq!((history.first, history.packets.len()), (first + 1, 9));
    }
}
