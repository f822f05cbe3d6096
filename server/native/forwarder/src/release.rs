//! What leaves later than it came about: padding that measures a path.

use crate::api::{MediaKind, Micros, Outbox};
use crate::forwarder::Forwarder;

/// Packets of padding that one transport is sent at a time.
const MAX_PADDING: usize = 32;

impl Forwarder {
    /// Takes note that a transport may have something to send later.
    pub(crate) fn attend(&mut self, index: usize) {
        let Some(transport) = self.transports.get_mut(index) else { return };
        let Some(at) = transport.downlink.next_release() else { return };
        if !core::mem::replace(&mut transport.is_attended, true) {
            self.attended.push(index);
        }
        self.next_release = self.next_release.min(at);
    }

    /// Sends what is due now.
    pub(crate) fn release(&mut self, now: Micros, out: &mut Outbox) {
        if now < self.next_release {
            return;
        }
        self.next_release = Micros(u64::MAX);
        let mut attended = core::mem::take(&mut self.attended);
        for index in attended.drain(..) {
            let Some(transport) = self.transports.get_mut(index) else { continue };
            transport.is_attended = false;
            self.pad(now, index, out);
            self.attend(index);
        }
        if self.attended.is_empty() {
            self.attended = attended;
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
