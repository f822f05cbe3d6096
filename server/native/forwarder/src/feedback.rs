//! RTCP from peers: publishers' clocks, subscribers' losses and wishes.

use crate::api::{Micros, Outbox};
use crate::downlink::Report;
use crate::forwarder::Forwarder;
use crate::reception::SenderClock;
use crate::rtcp::{self, Echo, Loss, Packet};

impl Forwarder {
    /// Opens and follows a compound. False if it was dropped.
    pub(crate) fn handle_rtcp(
        &mut self,
        now: Micros,
        index: usize,
        datagram: &mut [u8],
        out: &mut Outbox,
    ) -> bool {
        let Some(transport) = self.transports.get_mut(index) else { return false };
        if !transport.intake.has_room(now) {
            return false;
        }
        let Some(length) = transport.open_rtcp(datagram) else { return false };
        for packet in rtcp::read(&datagram[..length]) {
            match packet {
                Packet::SenderReport { ssrc, ntp, timestamp } => {
                    self.keep_clock(index, ssrc, SenderClock { ntp, timestamp, at: now });
                }
                Packet::ReceiverReport(blocks) => {
                    for loss in blocks.losses() {
                        self.note_loss(now, index, &loss);
                    }
                }
                Packet::ExtendedReport(blocks) => {
                    for echo in rtcp::echoes(blocks) {
                        self.note_echo(now, index, &echo);
                    }
                }
                Packet::Goodbye(sources) => sources.iter().for_each(|ssrc| self.stop_stream(index, ssrc)),
                Packet::TransportCc(body) => {
                    if let (Some(report), Some(transport)) =
                        (Report::parse(body), self.transports.get_mut(index))
                    {
                        transport.downlink.hear(now, report);
                        self.schedule.attend(index, transport);
                    }
                }
                Packet::ReceiverEstimate(rate) => {
                    if let Some(transport) = self.transports.get_mut(index) {
                        transport.downlink.believe(now, rate);
                    }
                }
                Packet::PictureLoss { media } => self.wish_key_frame(now, index, media, out),
                Packet::FullIntra(sources) => {
                    sources.iter().for_each(|media| self.wish_key_frame(now, index, media, out));
                }
                Packet::Nack { media, entries } => {
                    for sequence in entries.iter().flat_map(rtcp::lost) {
                        if !self.send_again(now, index, media, sequence, out) {
                            break;
                        }
                    }
                }
            }
        }
        true
    }

    fn keep_clock(&mut self, index: usize, ssrc: u32, clock: SenderClock) {
        let Some((at, encoding)) = self.media_route(index, ssrc) else { return };
        let Some(producer) = self.producers.get_mut(at) else { return };
        producer.streams[usize::from(encoding)].reception.clock = Some(clock);
        for &consumer in &producer.consumers {
            if let Some(consumer) = self.consumers.get_mut(consumer)
                && consumer.current(&producer.streams) == Some(encoding)
            {
                consumer.owes_report = true;
            }
        }
    }

    /// A subscriber says what it lost of a stream that it is sent, and lets the round trip be told.
    fn note_loss(&mut self, now: Micros, index: usize, loss: &Loss) {
        let Some(at) = self.consumer_of(index, loss.source) else { return };
        let (Some(consumer), Some(transport)) = (self.consumers.get_mut(at), self.transports.get_mut(index))
        else {
            return;
        };
        let heard = consumer.hear(now, loss);
        self.counters.lost_outgoing += heard.lost;
        if let Some(round_trip) = heard.round_trip {
            transport.traffic.round_trip.note(round_trip);
        }
        if let Some(fraction) = heard.fraction.filter(|_| !consumer.is_paused) {
            transport.losses.add(fraction);
        }
    }

    /// A publisher echoes our reference time, and how long it has held it.
    fn note_echo(&mut self, now: Micros, index: usize, echo: &Echo) {
        let sent = rtcp::middle(self.reference(now));
        let Some(transport) = self.transports.get_mut(index) else { return };
        if echo.source == transport.feedback_ssrc && echo.reference != 0 {
            transport.traffic.round_trip.note(sent.wrapping_sub(echo.reference).wrapping_sub(echo.delay));
        }
    }

    fn stop_stream(&mut self, index: usize, ssrc: u32) {
        let Some((at, encoding)) = self.media_route(index, ssrc) else { return };
        if let Some(producer) = self.producers.get_mut(at) {
            producer.streams[usize::from(encoding)].stop();
        }
    }

    /// Producer and encoding of an SSRC that carries media, not retransmissions.
    fn media_route(&self, index: usize, ssrc: u32) -> Option<(usize, u8)> {
        let route = self.transports.get(index)?.incoming.route(ssrc)?;
        (!route.is_repair).then_some((route.producer, route.encoding))
    }

    /// The consumer whose media this SSRC is.
    fn consumer_of(&self, index: usize, ssrc: u32) -> Option<usize> {
        let at = self.transports.get(index)?.outgoing.consumer(ssrc)?;
        (self.consumers.get(at)?.ssrc == ssrc).then_some(at)
    }

    fn wish_key_frame(&mut self, now: Micros, index: usize, media: u32, out: &mut Outbox) {
        let Some(consumer) = self.consumer_of(index, media).and_then(|at| self.consumers.get(at)) else {
            return;
        };
        let producer_index = consumer.producer;
        let Some(producer) = self.producers.get_mut(producer_index) else { return };
        let encoding = consumer.current(&producer.streams).or(consumer.target.map(|target| target.encoding));
        if consumer.is_stopped() {
            return;
        }
        if let Some(stream) = encoding.and_then(|encoding| producer.streams.get_mut(usize::from(encoding))) {
            stream.requests.want(now);
            self.send_key_frame_requests(now, producer_index, out);
        }
    }

    /// Looks for a packet that a subscriber has lost, and sends it again if that may be. False where none of its
    /// stream is to be looked for now.
    fn send_again(&mut self, now: Micros, index: usize, media: u32, sequence: u16, out: &mut Outbox) -> bool {
        let Some(at) = self.consumer_of(index, media) else { return false };
        let Some(consumer) = self.consumers.get_mut(at) else { return false };
        let Some(producer) = self.producers.get(consumer.producer) else { return false };
        let Some(transport) = self.transports.get_mut(index) else { return false };
        if !transport.nacked.has_room(now) {
            return false;
        }
        transport.nacked.take(1);
        let asked = (sequence, transport.traffic.round_trip.last);
        if let Some(mut outlet) = transport.outlet() {
            let is_sent = consumer.resend(now, asked, (producer, &self.arena), &mut outlet, out);
            self.counters.resent_outgoing += u64::from(is_sent);
            self.schedule.attend(index, transport);
        }
        true
    }
}
