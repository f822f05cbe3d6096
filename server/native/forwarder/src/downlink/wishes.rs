//! What each subscriber would be sent if its path carried all of it.

use crate::api::{MediaKind, Micros};
use crate::forwarder::Forwarder;

impl Forwarder {
    /// Lets time pass on every downlink.
    pub(crate) fn tend_downlinks(&mut self, now: Micros) {
        for (index, transport) in self.transports.iter_mut() {
            if !transport.downlink.is_used() {
                continue;
            }
            let mut wish = 0;
            for consumer in transport.consumers.iter().filter_map(|&at| self.consumers.get(at)) {
                let Some(producer) = self.producers.get(consumer.producer) else { continue };
                if producer.kind == MediaKind::Video && !producer.is_paused && !consumer.is_paused {
                    let layer = producer.choose(now, consumer.preferred);
                    wish += layer.map_or(0, |layer| producer.streams[usize::from(layer)].rate.bits());
                }
            }
            transport.downlink.tick(now, wish);
            self.schedule.attend(index, transport);
        }
    }
}
