//! A measurement of the path under way: packets at a rate above what is sent anyway, for a moment.

use super::congestion::Probe;
use crate::api::Micros;

/// Between two bursts of a measurement.
const SPACING: u64 = 2_000;
/// A measurement that takes longer than it should by this is given up.
const PATIENCE: u64 = 100_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Probing {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    probe: Probe,
    since: Micros,
    next: Micros,
    bytes: u64,
    packets: u32,
}

impl Probing {
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub fn start(&mut self, now: Micros, probe: Probe) {
        self.running =
            Some(Running { probe, since: now, next: Micros(now.0 + SPACING), bytes: 0, packets: 0 });
    }

    /// Gives the measurement up.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Bits a second while one is under way.
    pub fn rate(&self) -> Option<u64> {
        self.running.as_ref().map(|running| running.probe.rate)
    }

    /// What a packet that leaves now belongs to; 0 for nothing.
    pub fn id(&self) -> u32 {
        self.running.as_ref().map_or(0, |running| running.probe.id)
    }

    /// A packet of so many bytes left.
    pub fn note(&mut self, bytes: usize) {
        let Some(running) = &mut self.running else { return };
        running.bytes += bytes as u64;
        running.packets += 1;
        if running.bytes >= running.probe.bytes.into() && running.packets >= running.probe.packets {
            self.running = None;
        }
    }

    /// Bytes that should have left by now and have not; at least 1 while another packet is due.
    pub fn owed(&mut self, now: Micros) -> Option<u64> {
        let running = self.running.as_mut()?;
        let elapsed = now.0.saturating_sub(running.since.0);
        let planned = u64::from(running.probe.bytes) * 8_000_000 / running.probe.rate.max(1);
        if elapsed > planned + PATIENCE {
            self.running = None;
            return None;
        }
        let due = running.probe.rate * (elapsed + SPACING) / 8_000_000;
        running.next = Micros(now.0 + SPACING);
        due.checked_sub(running.bytes).filter(|&owed| owed > 0)
    }

    /// When [`Probing::owed`] wants to be asked next.
    pub fn next(&self) -> Option<Micros> {
        self.running.as_ref().map(|running| running.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_owed_at_the_rate_until_there_are_enough() {
        let mut probing = Probing::default();
        probing.start(Micros(0), Probe { id: 3, rate: 4_000_000, packets: 5, bytes: 7_500 });
        let mut sent = Vec::new();
        while let Some(now) = probing.next() {
            while probing.owed(now).is_some() {
                sent.push((now.0, probing.id()));
                probing.note(1_200);
            }
        }
        assert!(sent.len() == 7 && sent.iter().all(|&(_, id)| id == 3), "{sent:?}");
        assert!((10_000..=15_000).contains(&sent[6].0), "{sent:?}");
        assert_eq!((probing.id(), probing.owed(Micros(0))), (0, None));
    }

    #[test]
    fn what_cannot_be_sent_is_given_up() {
        let mut probing = Probing::default();
        probing.start(Micros(0), Probe { id: 3, rate: 4_000_000, packets: 5, bytes: 7_500 });
        let mut now = Micros(0);
        while let Some(next) = probing.next() {
            now = next;
            probing.owed(now);
        }
        assert!(now.0 < 130_000, "{now:?}");
    }
}
