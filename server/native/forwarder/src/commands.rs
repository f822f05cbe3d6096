//! What signaling asks for, carried out: transports, producers and consumers come and go.

use crate::api::{
    Command, ConsumerId, ConsumerOptions, Event, Micros, Outbox, ProducerId, ProducerOptions, Refusal,
};
use crate::api::{Transmit, TransportId};
use crate::consumer::Consumer;
use crate::ending::ProducerEnding;
use crate::forwarder::Forwarder;
use crate::incoming::Route;
use crate::producer::Producer;
use crate::transport::Transport;
use core::hash::BuildHasher;

/// Encodings of a producer; as many as `ProducerLayers` has bits for, and more than anybody sends.
const MAX_ENCODINGS: usize = 8;

impl Forwarder {
    pub(crate) fn carry_out(&mut self, now: Micros, command: Command, out: &mut Outbox) {
        let (id, outcome) = match command {
            Command::CreateTransport { id, local_ufrag, local_pwd } => {
                (id, self.create_transport(id, local_ufrag, &local_pwd))
            }
            Command::RestartIce { id, local_ufrag, local_pwd } => {
                // Of a transport that is gone by now it is of no use, and no fault.
                self.restart_ice(id, local_ufrag, &local_pwd);
                (id, Ok(()))
            }
            Command::CloseTransport { id } => {
                self.close_transport(id);
                (id, Ok(()))
            }
            Command::EndStreams { id } => {
                self.end_streams(id, out);
                (id, Ok(()))
            }
            Command::AddCandidates { id, candidates } => {
                // Of a transport that is gone by now they are of no use, and no fault.
                let _ = self.with_transport(id, |transport| {
                    transport.candidates.add(&candidates);
                    Ok(())
                });
                (id, Ok(()))
            }
            Command::SetKeys { id, profile, rx, tx } => {
                let outcome = self.with_transport(id, |transport| {
                    if transport.set_keys(profile, &rx, &tx) { Ok(()) } else { Err(Refusal::DuplicateId) }
                });
                if outcome.is_ok() {
                    self.start_waiting(now, id, out);
                }
                (id, outcome)
            }
            Command::SendDtls { id, datagram } => (id, self.send_dtls(id, &datagram, out)),
            Command::CreateProducer(options) => (options.id, self.create_producer(options)),
            Command::PauseProducer { id, paused } => (id, self.pause_producer(now, id, paused, out)),
            Command::CloseProducer { id } => {
                self.end_producer(id, out);
                (id, Ok(()))
            }
            Command::CreateConsumer(options) => (options.id, self.create_consumer(now, &options, out)),
            Command::PauseConsumer { id, paused } => (id, self.pause_consumer(now, id, paused, out)),
            Command::SetPreferredLayer { id, layer, frame_rate } => {
                (id, self.prefer_layer(now, id, (layer, frame_rate), out))
            }
            Command::SetPriority { id, priority } => (id, self.set_priority(id, priority)),
            Command::CloseConsumer { id } => {
                self.close_consumer(id);
                (id, Ok(()))
            }
            Command::RequestKeyFrame { id } => (id, self.request_key_frame(now, id, out)),
            Command::ListReceivers { id, sequence } => {
                self.list_receivers(id, sequence, out);
                (id, Ok(()))
            }
        };
        if let Err(reason) = outcome {
            Self::refuse(out, id, reason);
        }
    }

    fn with_transport(
        &mut self,
        id: TransportId,
        act: impl FnOnce(&mut Transport) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let index = self.transports.index(id).ok_or(Refusal::UnknownId)?;
        act(self.transports.get_mut(index).ok_or(Refusal::UnknownId)?)
    }

    fn create_transport(&mut self, id: TransportId, ufrag: Vec<u8>, password: &[u8]) -> Result<(), Refusal> {
        if self.transports.contains(id) || self.ufrags.contains_key(&ufrag) {
            return Err(Refusal::DuplicateId);
        }
        if self.transports.len() >= self.config.max_transports {
            return Err(Refusal::Limit);
        }
        let feedback_ssrc = self.random() as u32;
        let transport = Transport::new(id, ufrag.clone(), password, feedback_ssrc, self.hasher);
        let index = self.transports.insert(id, transport);
        self.ufrags.insert(ufrag, index);
        Ok(())
    }

    fn restart_ice(&mut self, id: TransportId, ufrag: Vec<u8>, password: &[u8]) {
        let Some(index) = self.transports.index(id) else { return };
        let Some(transport) = self.transports.get_mut(index) else { return };
        if self.ufrags.contains_key(&ufrag) {
            return;
        }
        self.ufrags.insert(ufrag.clone(), index);
        if let Some(useless) = transport.credentials.renew(ufrag, password) {
            self.ufrags.remove(&useless);
        }
    }

    fn close_transport(&mut self, id: TransportId) {
        let Some(index) = self.transports.index(id) else { return };
        for producer in self.close_consumers(id) {
            self.close_producer(producer);
        }
        if let Some((_, mut transport)) = self.transports.remove(id) {
            for ufrag in transport.credentials.ufrags() {
                self.ufrags.remove(ufrag);
            }
            for address in transport.path.clear() {
                if self.addresses.get(&address) == Some(&index) {
                    self.addresses.remove(&address);
                }
            }
        }
    }

    fn send_dtls(&mut self, id: TransportId, datagram: &[u8], out: &mut Outbox) -> Result<(), Refusal> {
        self.with_transport(id, |transport| {
            if let Some((socket, to)) = transport.path.selected() {
                let start = out.bytes.len();
                out.bytes.extend_from_slice(datagram);
                out.transmits.push(Transmit { socket, to, start, len: datagram.len() });
                transport.traffic.send(datagram.len());
            }
            Ok(())
        })
    }

    fn create_producer(&mut self, options: ProducerOptions) -> Result<(), Refusal> {
        let (id, limit) = (options.id, self.config.max_streams_per_transport);
        if self.producers.contains(id) {
            return Err(Refusal::DuplicateId);
        }
        let index = self.transports.index(options.transport).ok_or(Refusal::UnknownId)?;
        let transport = self.transports.get_mut(index).ok_or(Refusal::UnknownId)?;
        if transport.is_ending {
            return Err(Refusal::UnknownId);
        }
        if transport.producers.len() >= limit || !(1..=MAX_ENCODINGS).contains(&options.encodings.len()) {
            return Err(Refusal::Limit);
        }
        let cname = canonical_name(self.hasher.hash_one(options.transport));
        let producer = Producer::new(options, index, cname, &self.config, &mut self.arena);
        let producer = producer.ok_or(Refusal::ArenaFull)?;
        let media = producer.streams.iter().map(|stream| (stream.ssrc, false));
        let repairs = producer.streams.iter().map(|stream| (stream.rtx_ssrc, true));
        let ssrcs: Vec<_> = media.enumerate().chain(repairs.enumerate()).collect();
        let at = self.producers.insert(id, producer);
        transport.producers.push(at);
        for (encoding, (ssrc, is_repair)) in ssrcs.into_iter().filter(|(_, (ssrc, _))| *ssrc != 0) {
            transport.incoming.expect(ssrc, Route { producer: at, encoding: encoding as u8, is_repair });
        }
        Ok(())
    }

    fn pause_producer(
        &mut self,
        now: Micros,
        id: ProducerId,
        paused: bool,
        out: &mut Outbox,
    ) -> Result<(), Refusal> {
        let index = self.producers.index(id).ok_or(Refusal::UnknownId)?;
        let producer = self.producers.get_mut(index).ok_or(Refusal::UnknownId)?;
        if producer.is_paused == paused {
            return Ok(());
        }
        producer.is_paused = paused;
        if producer.voice.hush() {
            out.events.push(Event::SpeakerLevel { producer: id, level: 0 });
        }
        let room = producer.room;
        self.silence(room, index);
        let producer = self.producers.get_mut(index).ok_or(Refusal::UnknownId)?;
        for stream in &mut producer.streams {
            stream.ring.clear(&mut self.arena);
            stream.missing.clear();
        }
        for &at in &producer.consumers {
            if let Some(consumer) = self.consumers.get_mut(at) {
                consumer.interrupt();
            }
        }
        if !paused {
            self.retarget_consumers(now, index, out);
        }
        Ok(())
    }

    /// Closes a producer with its consumers; returns how it went.
    pub(crate) fn close_producer(&mut self, id: ProducerId) -> Option<ProducerEnding> {
        let index = self.producers.index(id)?;
        let producer = self.producers.get(index)?;
        let consumers: Vec<_> =
            producer.consumers.iter().filter_map(|&at| Some(self.consumers.get(at)?.id)).collect();
        consumers.into_iter().for_each(|id| self.close_consumer(id));
        let (_, producer) = self.producers.remove(id)?;
        let room = producer.room;
        self.silence(room, index);
        let ending = producer.ending();
        if let Some(transport) = self.transports.get_mut(producer.transport) {
            transport.producers.retain(|&at| at != index);
            transport.incoming.release_producer(index);
            transport.traffic.packets_lost += ending.packets_lost + ending.packets_resent;
            transport.traffic.packets_resent += ending.packets_resent;
        }
        producer.close(&mut self.arena);
        Some(ending)
    }

    fn create_consumer(
        &mut self,
        now: Micros,
        options: &ConsumerOptions,
        out: &mut Outbox,
    ) -> Result<(), Refusal> {
        if self.consumers.contains(options.id) {
            return Err(Refusal::DuplicateId);
        }
        let producer_index = self.producers.index(options.producer).ok_or(Refusal::UnknownId)?;
        let transport_index = self.transports.index(options.transport).ok_or(Refusal::UnknownId)?;
        let first_out = self.random() % 0x4000 + 1;
        let first_rtx = self.random() % 0x4000 + 1;
        let transport = self.transports.get_mut(transport_index).ok_or(Refusal::UnknownId)?;
        let producer = self.producers.get_mut(producer_index).ok_or(Refusal::UnknownId)?;
        if transport.is_ending {
            return Err(Refusal::UnknownId);
        }
        if transport.consumers.len() >= self.config.max_streams_per_transport {
            return Err(Refusal::Limit);
        }
        let first_out = transport.outgoing.claim(options.ssrc, first_out).ok_or(Refusal::DuplicateId)?;
        let repair = match options.rtx_ssrc {
            0 => None,
            ssrc if ssrc == options.ssrc => return Err(Refusal::DuplicateId),
            ssrc => Some(transport.outgoing.claim(ssrc, first_rtx).ok_or(Refusal::DuplicateId)?),
        };
        let consumer = Consumer::new(options, transport_index, (producer_index, producer), first_out, repair);
        let is_numbered = consumer.is_ever_numbered();
        let at = self.consumers.insert(options.id, consumer);
        transport.outgoing.assign(options.ssrc, at);
        if repair.is_some() {
            transport.outgoing.assign(options.rtx_ssrc, at);
        }
        transport.downlink.is_numbered |= is_numbered;
        transport.consumers.push(at);
        producer.consumers.push(at);
        self.share(now, transport_index, out);
        self.retarget(now, at, out);
        Ok(())
    }

    fn pause_consumer(
        &mut self,
        now: Micros,
        id: ConsumerId,
        paused: bool,
        out: &mut Outbox,
    ) -> Result<(), Refusal> {
        let at = self.consumers.index(id).ok_or(Refusal::UnknownId)?;
        let consumer = self.consumers.get_mut(at).ok_or(Refusal::UnknownId)?;
        if consumer.is_paused != paused {
            consumer.is_paused = paused;
            consumer.interrupt();
            if let Some(transport) = self.transports.get_mut(consumer.transport) {
                transport.downlink.drop_waiting(id);
            }
            if let Some(producer) = self.producers.get(consumer.producer) {
                Self::announce_consumer(now, consumer, producer, out);
            }
            self.retarget(now, at, out);
        }
        Ok(())
    }

    fn prefer_layer(
        &mut self,
        now: Micros,
        id: ConsumerId,
        (layer, frame_rate): (u8, u8),
        out: &mut Outbox,
    ) -> Result<(), Refusal> {
        let at = self.consumers.index(id).ok_or(Refusal::UnknownId)?;
        let consumer = self.consumers.get_mut(at).ok_or(Refusal::UnknownId)?;
        (consumer.preferred, consumer.frame_rate) = (layer, frame_rate);
        self.retarget(now, at, out);
        Ok(())
    }

    fn set_priority(&mut self, id: ConsumerId, priority: u8) -> Result<(), Refusal> {
        let at = self.consumers.index(id).ok_or(Refusal::UnknownId)?;
        self.consumers.get_mut(at).ok_or(Refusal::UnknownId)?.priority = priority;
        Ok(())
    }

    pub(crate) fn close_consumer(&mut self, id: ConsumerId) {
        let Some((index, consumer)) = self.consumers.remove(id) else { return };
        if let Some(producer) = self.producers.get_mut(consumer.producer) {
            producer.consumers.retain(|&at| at != index);
        }
        if let Some(transport) = self.transports.get_mut(consumer.transport) {
            transport.consumers.retain(|&at| at != index);
            transport.downlink.drop_waiting(id);
            transport.traffic.add(&consumer.traffic);
            transport.outgoing.release(consumer.ssrc, consumer.next_index());
            if let Some((ssrc, next_index)) = consumer.repair_stream() {
                transport.outgoing.release(ssrc, next_index);
            }
        }
    }

    fn request_key_frame(&mut self, now: Micros, id: ProducerId, out: &mut Outbox) -> Result<(), Refusal> {
        let index = self.producers.index(id).ok_or(Refusal::UnknownId)?;
        let producer = self.producers.get_mut(index).ok_or(Refusal::UnknownId)?;
        for stream in &mut producer.streams {
            stream.requests.want(now);
        }
        self.send_key_frame_requests(now, index, out);
        Ok(())
    }

    /// The consumers of a transport that can be sent to from now on need key frames.
    fn start_waiting(&mut self, now: Micros, id: TransportId, out: &mut Outbox) {
        let transport = self.transports.index(id).and_then(|index| self.transports.get(index));
        let consumers = transport.map(|transport| transport.consumers.clone()).unwrap_or_default();
        for at in consumers {
            self.retarget(now, at, out);
        }
    }
}

/// Eight letters that say nothing of what they were made from.
fn canonical_name(hash: u64) -> [u8; 8] {
    hash.to_be_bytes().map(|byte| b'a' + byte % 26)
}
