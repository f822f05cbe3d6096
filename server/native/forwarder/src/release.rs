//! What leaves later than it came about: media that had to wait, and padding that measures a path.

use crate::api::{MediaKind, Micros, Outbox};
use crate::forwarder::Forwarder;
use crate::transport::Transport;

/// Packets of padding that one transport is sent at a time.
const MAX_PADDING: usize = 32;

/// Transports that may have something to send later, and when that is next.
#[derive(Debug)]
pub(crate) struct Schedule {
    attended: Vec<usize>,
    pub next: Micros,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { attended: Vec::new(), next: Micros(u64::MAX) }
    }
}

impl Schedule {
    /// Takes note of a transport if it has something to send later.
    pub fn attend(&mut self, index: usize, transport: &mut Transport) {
        let Some(at) = transport.downlink.next_release() else { return };
        if !core::mem::replace(&mut transport.is_attended, true) {
            self.attended.push(index);
        }
        self.next = self.next.min(at);
    }
}

impl Forwarder {
    /// Sends what is due now.
    pub(crate) fn release(&mut self, now: Micros, out: &mut Outbox) {
        if now < self.schedule.next {
            return;
        }
        self.schedule.next = Micros(u64::MAX);
        let mut attended = core::mem::take(&mut self.schedule.attended);
        for index in attended.drain(..) {
            self.send_waiting(now, index, out);
            self.pad(now, index, out);
            if let Some(transport) = self.transports.get_mut(index) {
                transport.is_attended = false;
                self.schedule.attend(index, transport);
            }
        }
        if self.schedule.attended.is_empty() {
            self.schedule.attended = attended;
        }
    }

    /// Sends the media whose turn it is; what is not held any more is dropped.
    fn send_waiting(&mut self, now: Micros, index: usize, out: &mut Outbox) {
        let Some(transport) = self.transports.get_mut(index) else { return };
        while let Some(waiting) = transport.downlink.next_waiting(now) {
            let consumer = self.consumers.index(waiting.consumer).and_then(|at| self.consumers.get_mut(at));
            let is_sent = consumer.is_some_and(|consumer| {
                let (producer, outlet) = (self.producers.get(consumer.producer), transport.outlet());
                producer.zip(outlet).is_some_and(|(producer, mut outlet)| {
                    consumer.release(now, waiting, (producer, &self.arena), &mut outlet, out)
                })
            });
            self.counters.packets_dropped += u64::from(!is_sent);
        }
    }

    /// Sends the padding that a measurement of the path needs, or gives the measurement up.
    fn pad(&mut self, now: Micros, index: usize, out: &mut Outbox) {
        for _ in 0..MAX_PADDING {
            let Some(transport) = self.transports.get_mut(index) else { return };
            let Some(owed) = transport.downlink.owed_padding(now) else { return };
            if !self.send_padding(now, index, owed, out) {
                if let Some(transport) = self.transports.get_mut(index) {
                    transport.downlink.stop_probing();
                }
                return;
            }
        }
    }

    /// Repeats what was sent lately, or pads. False if the transport receives nothing that padding may
    /// follow: no video with retransmissions, or only such as is paused by either side.
    fn send_padding(&mut self, now: Micros, index: usize, owed: u64, out: &mut Outbox) -> bool {
        let Some(transport) = self.transports.get_mut(index) else { return false };
        for at in 0..transport.consumers.len() {
            let Some(consumer) = self.consumers.get_mut(transport.consumers[at]) else { continue };
            let Some(producer) = self.producers.get(consumer.producer) else { continue };
            let is_wanted = producer.kind == MediaKind::Video && !producer.is_paused && !consumer.is_paused;
            if is_wanted
                && producer.live_streams(now) != 0
                && let Some(mut outlet) = transport.outlet()
                && consumer.pad(now, owed, (producer, &self.arena), &mut outlet, out)
            {
                return true;
            }
        }
        false
    }
}
