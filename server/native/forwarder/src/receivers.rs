//! Who receives what one participant sends, read from the lists that packets are forwarded by.

use crate::api::{Event, Outbox, TransportId};
use crate::forwarder::Forwarder;

impl Forwarder {
    /// Tells every consumer of the transport's producers in the order of their identifiers, and then how
    /// many. Of an unknown transport there are none.
    pub(crate) fn list_receivers(&self, id: TransportId, sequence: u32, out: &mut Outbox) {
        let sender = self.transports.index(id).and_then(|index| self.transports.get(index));
        let producers = sender.map(|sender| sender.producers.as_slice()).unwrap_or_default();
        let start = out.events.len();
        for producer in producers.iter().filter_map(|&at| self.producers.get(at)) {
            for consumer in producer.consumers.iter().filter_map(|&at| self.consumers.get(at)) {
                let Some(receiver) = self.transports.get(consumer.transport) else { continue };
                out.events.push(Event::Receiver {
                    sequence,
                    consumer: consumer.id,
                    producer: producer.id,
                    transport: receiver.id,
                    paused: consumer.is_paused,
                });
            }
        }
        out.events[start..].sort_unstable_by_key(|event| match event {
            Event::Receiver { consumer, .. } => *consumer,
            _ => 0,
        });
        let count = (out.events.len() - start) as u32;
        out.events.push(Event::ReceiversEnd { sequence, count });
    }
}
