//! RTP: from a publisher's datagram to every consumer of its track.

use crate::api::{Event, ExtensionKind, MediaKind, Micros, Outbox, RoomId};
use crate::consumer::Consumer;
use crate::forwarder::Forwarder;
use crate::incoming::{Carrier, Opened, Route};
use crate::loudest::Place;
use crate::missing::Gap;
use crate::producer::{Producer, Stream};
use crate::rtcp;
use crate::rtp::{Elements, Header};
use crate::rtx;
use crate::srtp::Window;
use crate::tick::FAST;
use crate::transport::{Transport, weight};

/// A packet of a route: as it came, or as it was before it was sent again.
struct Packet<'a> {
    bytes: &'a [u8],
    header: Header,
    elements: Elements,
    index: u64,
}

impl Forwarder {
    /// Opens and forwards an RTP packet. False if it was dropped.
    pub(crate) fn handle_rtp(
        &mut self,
        now: Micros,
        index: usize,
        datagram: &mut [u8],
        out: &mut Outbox,
    ) -> bool {
        let Some(header) = Header::parse(datagram) else { return false };
        let Some(transport) = self.transports.get_mut(index) else { return false };
        if !transport.intake.has_room(now) {
            return false;
        }
        if self.pressure.is_high()
            && let Some(route) = transport.incoming.route(header.ssrc)
            && let Some(producer) = self.producers.get_mut(route.producer)
            && !producer.share.takes(now, route.encoding)
        {
            self.counters.shed += 1;
            return false;
        }
        let opened = transport.open_rtp(datagram, &header);
        let Some(Opened { length, index: packet_index, carrier }) = opened else { return false };
        self.last_media = Some(now);
        self.next_tick = self.next_tick.min(Micros(now.0 + FAST));
        let packet = &mut datagram[..length];
        let elements = header.elements(packet);
        let route = match carrier {
            Carrier::Known(route) => Some(route),
            Carrier::New(window) => self.route(now, index, packet, (&header, &elements), window),
        };
        let Some(route) = route else { return false };
        let (Some(producer), Some(transport)) =
            (self.producers.get_mut(route.producer), self.transports.get_mut(index))
        else {
            return false;
        };
        if !producer.intake.has_room(now) {
            return false;
        }
        producer.intake.take(weight(length));
        producer.share.ask(route.encoding);
        producer.share.spend(1);
        let transport_cc = producer.extension(ExtensionKind::TransportCc);
        if let Some(&[high, low]) = elements.find(packet, transport_cc) {
            transport.arrivals.record(now, u16::from_be_bytes([high, low]));
            transport.last_media = header.ssrc;
        }
        if !route.is_repair {
            let packet = Packet { bytes: packet, header, elements, index: packet_index };
            return self.take(now, route, packet, out);
        }
        let Some((packet, packet_index)) = self.repair(index, route, packet, &header) else { return false };
        let Some(header) = Header::parse(packet) else { return false };
        let elements = header.elements(packet);
        self.take(now, route, Packet { bytes: packet, header, elements, index: packet_index }, out)
    }

    /// The packet that a retransmission repeats, made of it in place, and its index in the stream it is
    /// missing from. `None` for all others, padding that probes the path among them.
    fn repair<'a>(
        &mut self,
        index: usize,
        route: Route,
        packet: &'a mut [u8],
        header: &Header,
    ) -> Option<(&'a [u8], u64)> {
        let producer = self.producers.get(route.producer)?;
        let payload_type = producer.repaired_payload_type(header.payload_type)?;
        let ssrc = producer.streams.get(usize::from(route.encoding))?.ssrc;
        let sequence = rtx::original_sequence(packet, header)?;
        let window = self.transports.get_mut(index)?.incoming.window_mut(ssrc)?;
        let original = window.missing(sequence)?;
        window.accept(original);
        Some((rtx::unwrap(packet, header, payload_type, sequence, ssrc), original))
    }

    /// Keeps and forwards a packet. False if it is not media.
    fn take(
        &mut self,
        now: Micros,
        Route { producer: producer_index, encoding, is_repair }: Route,
        packet: Packet<'_>,
        out: &mut Outbox,
    ) -> bool {
        let Packet { bytes: packet, header, elements, index: packet_index } = packet;
        let Some(producer) = self.producers.get_mut(producer_index) else { return false };
        producer.learn(encoding, packet, &elements);
        let Some(view) = producer.view(encoding, (packet, header, elements), packet_index) else {
            let stream = &mut producer.streams[usize::from(encoding)];
            stream.missing.receive(now, packet_index);
            if !is_repair {
                stream.reception.pass(packet_index);
            }
            for &at in &producer.consumers {
                if let Some(consumer) = self.consumers.get_mut(at) {
                    consumer.skip(packet_index, encoding, &producer.streams);
                }
            }
            return false;
        };
        let is_revived = !is_repair && producer.receive(now, encoding, &view);
        if is_repair {
            producer.receive_repaired(encoding, &view);
            self.counters.resent_incoming += 1;
        }
        if producer.is_paused {
            return false;
        }
        let is_video = producer.kind == MediaKind::Video;
        let stream = &mut producer.streams[usize::from(encoding)];
        stream.ring.insert(now, packet_index, packet, view.descriptor.frame, &mut self.arena);
        let gap = if is_video { stream.missing.receive(now, packet_index) } else { Gap::None };
        let level =
            elements.find(packet, producer.extension(ExtensionKind::AudioLevel)).filter(|_| !is_video);
        if let Some(level) = level {
            producer.voice.hear(now, level, header.timestamp, view.clock_rate);
            if let Some(level) = producer.voice.announcement(now) {
                out.events.push(Event::SpeakerLevel { producer: producer.id, level });
            }
        }
        if let Some((payload_type, layers)) = producer.announcement(now) {
            out.events.push(Event::ProducerLayers { producer: producer.id, payload_type, layers });
        }
        let loudness = level.and_then(|level| level.first()).filter(|_| producer.most_voices > 0);
        let (room, most_voices) = (producer.room, producer.most_voices);
        if gap != Gap::None {
            self.mend(now, producer_index, encoding, gap, out);
        }
        if is_revived {
            self.retarget_consumers(now, producer_index, out);
        }
        if let Some(level) = loudness
            && !self.has_place(now, producer_index, (room, most_voices), level & 0x7f)
        {
            return true;
        }
        let Some(producer) = self.producers.get_mut(producer_index) else { return false };
        let before = out.transmits.len();
        for &at in &producer.consumers {
            let Some(consumer) = self.consumers.get_mut(at) else { continue };
            let Some(to) = self.transports.get_mut(consumer.transport) else { continue };
            let Some(mut outlet) = to.outlet() else { continue };
            if consumer.forward(now, &view, encoding, producer, &mut outlet, out) {
                Self::announce_consumer(now, consumer, producer, out);
            }
            self.schedule.attend(consumer.transport, to);
        }
        producer.share.spend((out.transmits.len() - before) as u64);
        true
    }

    /// Asks for what is missing of an encoding, or for a key frame where that is too much; of one that nobody
    /// watches for nothing.
    fn mend(&mut self, now: Micros, at: usize, encoding: u8, gap: Gap, out: &mut Outbox) {
        let watched = self.producers.get(at).map(|it| it.watched(&self.consumers, &self.transports));
        let Some(producer) = self.producers.get_mut(at) else { return };
        let Some(transport) = self.transports.get_mut(producer.transport) else { return };
        let stream = &mut producer.streams[usize::from(encoding)];
        if watched.unwrap_or(0) >> encoding & 1 == 0 {
            stream.missing.give_up();
        } else if gap == Gap::Outage {
            stream.requests.want(now);
        } else {
            Self::ask_again(now, stream, transport, out);
        }
    }

    /// Asks the publisher for the packets of a stream that are due.
    pub(crate) fn ask_again(now: Micros, stream: &mut Stream, to: &mut Transport, out: &mut Outbox) {
        let (sender, media) = (to.feedback_ssrc, stream.ssrc);
        stream.missing.request_due(now, to.traffic.round_trip.last, |due| {
            to.send_rtcp(out, |bytes| rtcp::write_nack(bytes, sender, media, due));
        });
    }

    /// Whether a voice is among those of its room that are forwarded. Another's place may go to it.
    fn has_place(&mut self, now: Micros, producer: usize, (room, most): (RoomId, usize), level: u8) -> bool {
        let room = self.loudest.entry(room).or_default();
        match room.hear(now, producer, level, most) {
            Place::Has => true,
            Place::Lacks => false,
            Place::Takes(other) => {
                for &at in self.producers.get(other).map_or(&[][..], |other| &other.consumers) {
                    if let Some(consumer) = self.consumers.get_mut(at) {
                        consumer.interrupt();
                    }
                }
                true
            }
        }
    }

    /// A voice is gone or muted.
    pub(crate) fn silence(&mut self, room: RoomId, producer: usize) {
        if self.loudest.get_mut(&room).is_some_and(|room| room.leave(producer)) {
            self.loudest.remove(&room);
        }
    }

    /// The producer and encoding of an authentic packet whose SSRC carries nothing yet, by MID and RID.
    fn route(
        &mut self,
        now: Micros,
        index: usize,
        packet: &[u8],
        (header, elements): (&Header, &Elements),
        window: Window,
    ) -> Option<Route> {
        let transport = self.transports.get_mut(index)?;
        let recognise =
            |&at: &usize| Some((at, self.producers.get(at)?.recognise(packet, header, elements)?));
        let Some((at, (encoding, is_repair))) = transport.producers.iter().find_map(recognise) else {
            transport.incoming.set_aside(header.ssrc, &window);
            return None;
        };
        let route = Route { producer: at, encoding, is_repair };
        transport.incoming.carry(header.ssrc, route, window);
        let producer = self.producers.get_mut(at)?;
        let before = if is_repair {
            producer.bind_repair(encoding, header.ssrc)
        } else {
            producer.bind(now, encoding, header.ssrc, &mut self.arena)
        };
        if let Some(before) = before {
            let has_moved = |known: Route| known.producer == at && known.is_repair == is_repair;
            transport.incoming.release(before, has_moved);
        }
        Some(route)
    }

    pub(crate) fn announce_consumer(
        now: Micros,
        consumer: &mut Consumer,
        producer: &Producer,
        out: &mut Outbox,
    ) {
        if let Some((layer, paused, congested)) = consumer.announcement(now, producer) {
            out.events.push(Event::ConsumerState { consumer: consumer.id, layer, paused, congested });
        }
    }

    /// Chooses the layer of one consumer anew, and asks for the key frame it begins with.
    pub(crate) fn retarget(&mut self, now: Micros, at: usize, out: &mut Outbox) {
        let Some(consumer) = self.consumers.get_mut(at) else { return };
        let index = consumer.producer;
        let Some(producer) = self.producers.get_mut(index) else { return };
        let layer = producer.choose(now, consumer.highest());
        let target = layer.map(|layer| producer.target(layer, consumer.allowance.temporal));
        consumer.target = target.or(consumer.target);
        let can_send = self.transports.get(consumer.transport).is_some_and(|to| to.is_open());
        if producer.kind == MediaKind::Video
            && can_send
            && let Some(encoding) = consumer.awaits(now, &producer.streams)
        {
            producer.streams[usize::from(encoding)].requests.want(now);
            self.send_key_frame_requests(now, index, out);
        }
    }

    /// The same for all consumers of a producer.
    pub(crate) fn retarget_consumers(&mut self, now: Micros, producer: usize, out: &mut Outbox) {
        let count = self.producers.get(producer).map_or(0, |producer| producer.consumers.len());
        for position in 0..count {
            let consumer =
                self.producers.get(producer).and_then(|producer| producer.consumers.get(position).copied());
            if let Some(at) = consumer {
                self.retarget(now, at, out);
            }
        }
    }

    /// Sends a producer the key-frame requests that are due.
    pub(crate) fn send_key_frame_requests(&mut self, now: Micros, producer: usize, out: &mut Outbox) {
        let Some(producer) = self.producers.get_mut(producer) else { return };
        let Some(transport) = self.transports.get_mut(producer.transport) else { return };
        if producer.kind == MediaKind::Audio || producer.is_paused || !transport.is_open() {
            return;
        }
        let sender = transport.feedback_ssrc;
        for stream in &mut producer.streams {
            let ssrc = stream.ssrc;
            if ssrc != 0 && stream.requests.take_due(now) {
                transport.send_rtcp(out, |bytes| rtcp::write_picture_loss(bytes, sender, ssrc));
            }
        }
    }
}
