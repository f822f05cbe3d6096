//! What time brings: expiry of consent and of media, reports, feedback, requests made again.

use crate::api::{Event, MediaKind, Micros, Outbox};
use crate::forwarder::Forwarder;
use crate::rtcp::{self, ReportBlock};

/// While media flows.
pub(crate) const FAST: u64 = 20_000;
/// While nothing does, and of consent, which lasts for seconds, always.
const SLOW: u64 = 250_000;
/// Ticks in which every producer is reviewed once: within a tenth of a second while media flows.
const TURNS: usize = 5;
/// Media flowed within this time: long enough for the last retransmissions and reports.
const RECENTLY: u64 = 3_000_000;
/// Between two transport-wide feedbacks to a publisher.
const FEEDBACK_SPACING: u64 = 80_000;
/// Between two receiver reports to a publisher.
const REPORT_SPACING: u64 = 1_000_000;
/// Between two judgements of every transport's quality.
const JUDGEMENT_SPACING: u64 = 5_000_000;
/// Blocks of one receiver report.
const MAX_BLOCKS: usize = 31;

impl Forwarder {
    /// Does everything that is due, and says when it wants to be called again.
    pub(crate) fn tick(&mut self, now: Micros, out: &mut Outbox) {
        if now < self.next_tick {
            return;
        }
        self.expire_consent(now, out);
        self.judge_quality(now, out);
        let holds_media = self.expire_media(now);
        self.review_pressure(now, out);
        if holds_media || self.last_media.is_some_and(|last| now.0 < last.0 + RECENTLY) {
            self.follow_layers(now, out);
            self.tend_producers(now, out);
            self.send_feedback(now, out);
            self.tend_downlinks(now, out);
            self.next_tick = Micros(now.0 + FAST);
        } else {
            self.next_tick = Micros(now.0 + SLOW);
        }
    }

    fn expire_consent(&mut self, now: Micros, out: &mut Outbox) {
        if now < self.next_consent {
            return;
        }
        self.next_consent = Micros(now.0 + SLOW);
        for (index, transport) in self.transports.iter_mut() {
            if !transport.path.expire(now, self.config.consent_timeout) {
                continue;
            }
            for address in transport.path.clear() {
                if self.addresses.get(&address) == Some(&index) {
                    self.addresses.remove(&address);
                }
            }
            out.events.push(Event::ConsentExpired { transport: transport.id });
        }
    }

    fn judge_quality(&mut self, now: Micros, out: &mut Outbox) {
        if now < self.next_judgement {
            return;
        }
        self.next_judgement = Micros(now.0 + JUDGEMENT_SPACING);
        for (_, transport) in self.transports.iter_mut() {
            if let Some(quality) = transport.losses.judge() {
                out.events.push(Event::TransportQuality { transport: transport.id, quality });
            }
            if let Some(bandwidth) = transport.downlink.announcement(now) {
                out.events.push(Event::TransportBandwidth { transport: transport.id, bandwidth });
            }
        }
    }

    /// True if some media is still held.
    fn expire_media(&mut self, now: Micros) -> bool {
        let mut holds_media = false;
        let limit = Micros(now.0.saturating_sub(self.config.ring_duration.0));
        let mut oldest = now;
        for (_, producer) in self.producers.iter_mut() {
            for stream in &mut producer.streams {
                oldest = oldest.min(stream.ring.oldest().unwrap_or(now));
                stream.ring.expire(limit, &mut self.arena);
            }
            holds_media |= producer.holds_media();
        }
        self.counters.oldest_media = now.0 - oldest.0;
        holds_media
    }

    /// Where layers fell silent, their consumers move to others.
    fn follow_layers(&mut self, now: Micros, out: &mut Outbox) {
        let mut changed = Vec::new();
        let videos = self.producers.iter_mut().filter(|(_, producer)| producer.kind == MediaKind::Video);
        for (index, producer) in videos {
            let live = producer.live_layers(now);
            if live != producer.live {
                producer.live = live;
                changed.push(index);
            }
        }
        for index in changed {
            self.retarget_consumers(now, index, out);
            let Some(producer) = self.producers.get(index) else { continue };
            for &at in &producer.consumers {
                if let Some(consumer) = self.consumers.get_mut(at)
                    && consumer.current(&producer.streams).is_some()
                {
                    Self::announce_consumer(now, consumer, producer, out);
                }
            }
        }
    }

    /// What is missing of streams, and key frames, are asked for; what has time is done for a few producers in turn.
    fn tend_producers(&mut self, now: Micros, out: &mut Outbox) {
        let (mut asking, mut reviewed) = (Vec::new(), Vec::new());
        self.turn = (self.turn + 1) % TURNS;
        for (index, producer) in self.producers.iter_mut() {
            if producer.streams.iter().any(|stream| !stream.missing.is_empty()) {
                let watched = producer.watched(&self.consumers, &self.transports);
                let Some(transport) = self.transports.get_mut(producer.transport) else { continue };
                for (encoding, stream) in producer.streams.iter_mut().enumerate() {
                    if watched >> encoding & 1 == 1 {
                        Self::ask_again(now, stream, transport, out);
                    } else {
                        stream.missing.give_up();
                    }
                }
            }
            if index % TURNS == self.turn {
                reviewed.push(index);
            } else if producer.streams.iter().any(|stream| stream.requests.is_wanted()) {
                asking.push(index);
            }
        }
        for index in reviewed {
            self.review_producer(now, index, out);
            asking.push(index);
        }
        for index in asking {
            self.send_key_frame_requests(now, index, out);
        }
    }

    /// What has changed because nothing came is told; who waits for a key frame or is owed a report gets it.
    fn review_producer(&mut self, now: Micros, index: usize, out: &mut Outbox) {
        let Some(producer) = self.producers.get_mut(index) else { return };
        if let Some((payload_type, layers)) = producer.announcement(now) {
            out.events.push(Event::ProducerLayers { producer: producer.id, payload_type, layers });
        }
        if let Some(level) = producer.voice.announcement(now) {
            out.events.push(Event::SpeakerLevel { producer: producer.id, level });
        }
        if producer.voice.is_heard()
            && let Some(transport) = self.transports.get_mut(producer.transport)
        {
            transport.last_voice = now;
        }
        for &at in &producer.consumers {
            let Some(consumer) = self.consumers.get_mut(at) else { continue };
            let awaited = consumer.awaits(now, &producer.streams);
            if awaited.is_none() && !consumer.owes_report {
                continue;
            }
            let Some(to) = self.transports.get_mut(consumer.transport) else { continue };
            if !to.is_open() {
                continue;
            }
            if let Some(encoding) = awaited {
                producer.streams[usize::from(encoding)].requests.remind(now);
            }
            if consumer.owes_report
                && let Some(info) = consumer.sender_info(now, &producer.streams)
            {
                consumer.note_report(now, &info);
                let cname = producer.cname;
                to.send_rtcp(out, |bytes| rtcp::write_sender_report(bytes, &info, cname));
            }
        }
    }

    fn send_feedback(&mut self, now: Micros, out: &mut Outbox) {
        let reference = self.reference(now);
        for at in 0..self.producers.end() {
            let Some(producer) = self.producers.get(at) else { continue };
            let Some(transport) = self.transports.get_mut(producer.transport) else { continue };
            let sender = transport.feedback_ssrc;
            if now >= transport.next_feedback && !transport.arrivals.is_empty() {
                transport.next_feedback = Micros(now.0 + FEEDBACK_SPACING);
                let mut arrivals = core::mem::take(&mut transport.arrivals);
                let media = transport.last_media;
                while !arrivals.is_empty() {
                    if !transport.send_rtcp(out, |bytes| arrivals.write(bytes, sender, media)) {
                        break;
                    }
                }
                transport.arrivals = arrivals;
            }
            if now >= transport.next_report {
                transport.next_report = Micros(now.0 + REPORT_SPACING);
                let mut blocks = [ReportBlock::default(); MAX_BLOCKS];
                let mut count = 0;
                for &at in &transport.producers {
                    let Some(producer) = self.producers.get_mut(at) else { continue };
                    for stream in producer.streams.iter_mut().filter(|stream| stream.ssrc != 0) {
                        let (ssrc, has_news) = (stream.ssrc, stream.reception.has_news());
                        if count < MAX_BLOCKS
                            && stream.is_live(now)
                            && let Some(block) = stream.reception.report(now, ssrc)
                        {
                            // A stream that rests loses nothing, which says nothing of the way.
                            if has_news {
                                transport.losses.add(block.fraction_lost);
                            }
                            self.counters.lost_incoming += stream.reception.newly_lost();
                            producer.course.note_jitter(block.jitter, stream.clock_rate);
                            blocks[count] = block;
                            count += 1;
                        }
                    }
                }
                if count > 0 {
                    transport.send_rtcp(out, |bytes| {
                        rtcp::write_receiver_report(bytes, sender, &blocks[..count]);
                        rtcp::write_reference_time(bytes, sender, reference);
                    });
                }
            }
        }
    }
}
