//! A track that a participant sends: its streams, one per encoding, and how their packets are known.

use crate::api::{
    CodecKind, Config, ExtensionKind, MediaKind, Micros, PayloadCodec, ProducerId, ProducerOptions, RoomId,
};
use crate::arena::Arena;
use crate::bucket::Bucket;
use crate::codec::{self, Descriptor, Frame, Red, Structure};
use crate::consumer::Consumer;
use crate::course::Course;
use crate::key_frames::KeyFrameRequests;
use crate::layers::{Layers, SILENCE, Top};
use crate::missing::Missing;
use crate::reception::Reception;
use crate::ring::Ring;
use crate::rtp::{Elements, Header};
use crate::shedding::Share;
use crate::table::Table;
use crate::transport::{RECEIVED, RECEIVED_AT_ONCE, Transport};
use crate::voice::Voice;

/// Packets the arena promises to a stream.
const PROMISED_AUDIO: usize = 8;
const PROMISED_VIDEO: usize = 32;
/// Audio packets a ring holds at most: more than a second of them.
const AUDIO_RING: usize = 64;
/// Bytes a second, and at once, of one track of sound: 2 Mbit/s, which is Opus at its best in RED that repeats two, and
/// five seconds of packets that the path held up. Sound is not paced, so each listener is sent all of it. A video may
/// have all that its peer may send.
const SOUND: u64 = 250_000;
const SOUND_AT_ONCE: u64 = SOUND / 2;
/// A description may claim any clock rate; time is computed with these at worst.
const MIN_CLOCK_RATE: u32 = 1_000;
const MAX_CLOCK_RATE: u32 = 1_000_000;
/// Between two announcements of payload type and layers.
const ANNOUNCEMENT_SPACING: u64 = 200_000;
/// Bytes of a packet on its way to a subscriber beyond what it had when it was opened: the tag, IPv4 and UDP.
const OVERHEAD: usize = 16 + 28;

/// An opened packet, parsed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// Header and payload, padding included.
    pub bytes: &'a [u8],
    pub header: Header,
    pub elements: Elements,
    /// Roll-over counter and sequence number.
    pub index: u64,
    pub clock_rate: u32,
    pub descriptor: Descriptor,
    /// The blocks of RED; none in every other payload.
    pub red: Option<Red>,
    /// Of the dependency descriptor (AV1 RTP specification A.8.2), which any codec may have.
    pub frame_number: Option<u16>,
    /// Bytes of payload without padding.
    pub payload_length: usize,
}

/// What a consumer is to be sent: an encoding, and what of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub encoding: u8,
    pub top: Top,
}

/// One encoding.
#[derive(Debug)]
pub(crate) struct Stream {
    rid: Vec<u8>,
    /// 0 while not known.
    pub ssrc: u32,
    /// Of its retransmissions; 0 while not known.
    pub rtx_ssrc: u32,
    /// Counts how often the SSRC has changed, and with it the meaning of indices.
    pub epoch: u32,
    pub ring: Ring,
    pub missing: Missing,
    pub reception: Reception,
    pub requests: KeyFrameRequests,
    pub clock_rate: u32,
    /// What they take of a path, addresses included.
    pub layers: Layers,
    /// What the newest key frame said of dependency descriptors.
    structure: Option<Box<Structure>>,
    last_packet: Option<Micros>,
    /// Timestamp of the newest key frame.
    key_frame: Option<u32>,
}

impl Stream {
    /// True if packets arrive.
    pub fn is_live(&self, now: Micros) -> bool {
        self.last_packet.is_some_and(|last| now.0 < last.0 + SILENCE)
    }

    /// The peer says it has stopped.
    pub fn stop(&mut self) {
        self.last_packet = None;
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Producer {
    pub id: ProducerId,
    pub transport: usize,
    pub kind: MediaKind,
    pub streams: Vec<Stream>,
    pub consumers: Vec<usize>,
    pub is_paused: bool,
    /// Canonical name that subscribers see; says nothing but which streams share a clock.
    pub cname: [u8; 8],
    /// Bit per layer that was live when last looked at.
    pub live: u8,
    pub voice: Voice,
    pub room: RoomId,
    /// Of a voice: only so many of its room are forwarded at a time; 0: all.
    pub most_voices: usize,
    pub course: Course,
    /// What may be sent of it.
    pub intake: Bucket,
    /// What it may cost where the relay cannot keep up.
    pub share: Share,
    mid: Vec<u8>,
    codecs: Vec<PayloadCodec>,
    extensions: Vec<(ExtensionKind, u8)>,
    /// Payload type and bit per encoding seen.
    seen: (u8, u8),
    announced: (u8, u8),
    last_announcement: Option<Micros>,
}

impl Producer {
    /// `None` if the arena has no room left for its rings.
    pub fn new(
        mut options: ProducerOptions,
        transport: usize,
        cname: [u8; 8],
        config: &Config,
        arena: &mut Arena,
    ) -> Option<Self> {
        for codec in &mut options.codecs {
            codec.clock_rate = codec.clock_rate.clamp(MIN_CLOCK_RATE, MAX_CLOCK_RATE);
        }
        let (capacity, promised) = match options.kind {
            MediaKind::Audio => (config.ring_packets.min(AUDIO_RING), PROMISED_AUDIO),
            MediaKind::Video => (config.ring_packets, PROMISED_VIDEO),
        };
        let intake = match options.kind {
            MediaKind::Audio => Bucket::new(SOUND, SOUND_AT_ONCE),
            MediaKind::Video => Bucket::new(RECEIVED, RECEIVED_AT_ONCE),
        };
        let mut streams: Vec<Stream> = Vec::with_capacity(options.encodings.len());
        for encoding in &options.encodings {
            let Some(ring) = Ring::new(capacity, promised, arena) else {
                streams.into_iter().for_each(|stream| stream.ring.close(arena));
                return None;
            };
            streams.push(Stream {
                rid: encoding.rid.clone().into_bytes(),
                ssrc: encoding.ssrc,
                rtx_ssrc: encoding.rtx_ssrc,
                epoch: 0,
                ring,
                missing: Missing::default(),
                reception: Reception::default(),
                requests: KeyFrameRequests::default(),
                clock_rate: options.codecs.first().map_or(90_000, |codec| codec.clock_rate),
                layers: Layers::default(),
                structure: None,
                last_packet: None,
                key_frame: None,
            });
        }
        Some(Self {
            id: options.id,
            transport,
            kind: options.kind,
            streams,
            consumers: Vec::new(),
            is_paused: false,
            cname,
            live: 0,
            voice: Voice::default(),
            room: options.room,
            most_voices: options.most_voices,
            course: Course::default(),
            intake,
            share: Share::default(),
            mid: options.mid.into_bytes(),
            codecs: options.codecs,
            extensions: options.extensions,
            seen: (0, 0),
            announced: (0, 0),
            last_announcement: None,
        })
    }

    /// The identifier an extension has on the publisher's side; 0 if it has none.
    pub fn extension(&self, kind: ExtensionKind) -> u8 {
        self.extensions.iter().find(|(known, _)| *known == kind).map_or(0, |&(_, id)| id)
    }

    /// The payload type that a retransmission in this payload type repeats (RFC 4588 section 8.1).
    pub fn repaired_payload_type(&self, payload_type: u8) -> Option<u8> {
        let codec = |number| self.codecs.iter().find(|codec| codec.payload_type == number);
        let repair = codec(payload_type).filter(|codec| codec.codec == CodecKind::Rtx)?;
        codec(repair.apt).filter(|codec| codec.codec != CodecKind::Rtx).map(|codec| codec.payload_type)
    }

    /// Which encoding a packet of an unknown SSRC belongs to, by MID and RID (RFC 9143, RFC 8852),
    /// and whether it is a retransmission.
    pub fn recognise(&self, packet: &[u8], header: &Header, elements: &Elements) -> Option<(u8, bool)> {
        let value = |kind| elements.find(packet, self.extension(kind));
        if value(ExtensionKind::Mid)? != self.mid {
            return None;
        }
        let is_repair = self.repaired_payload_type(header.payload_type).is_some();
        let (named, other) = if is_repair {
            (ExtensionKind::RepairedRid, ExtensionKind::Rid)
        } else {
            (ExtensionKind::Rid, ExtensionKind::RepairedRid)
        };
        if value(other).is_some() {
            return None;
        }
        let encoding = match value(named) {
            Some(rid) if self.streams.iter().any(|stream| !stream.rid.is_empty()) => {
                self.streams.iter().position(|stream| stream.rid == rid).map(|at| at as u8)
            }
            _ if self.streams.len() == 1 => Some(0),
            _ => None,
        };
        encoding.map(|encoding| (encoding, is_repair))
    }

    /// Ties an encoding to the SSRC its retransmissions were recognised on; returns the one before.
    pub fn bind_repair(&mut self, encoding: u8, ssrc: u32) -> Option<u32> {
        let stream = self.streams.get_mut(usize::from(encoding))?;
        Some(core::mem::replace(&mut stream.rtx_ssrc, ssrc)).filter(|&before| before != ssrc)
    }

    /// Ties an encoding to the SSRC its packets were recognised on; returns the one it had before.
    pub fn bind(&mut self, now: Micros, encoding: u8, ssrc: u32, arena: &mut Arena) -> Option<u32> {
        let stream = self.streams.get_mut(usize::from(encoding))?;
        if stream.ssrc == ssrc {
            return None;
        }
        let before = core::mem::replace(&mut stream.ssrc, ssrc);
        stream.epoch += 1;
        stream.ring.clear(arena);
        stream.missing.clear();
        stream.structure = None;
        self.course.turn(&stream.reception);
        stream.reception = Reception::default();
        stream.requests.want(now);
        Some(before)
    }

    /// Takes note of what a key frame says of the frames that follow it.
    pub fn learn(&mut self, encoding: u8, bytes: &[u8], elements: &Elements) {
        let descriptor = elements.find(bytes, self.extension(ExtensionKind::DependencyDescriptor));
        if let Some(structure) = descriptor.and_then(Structure::attached)
            && let Some(stream) = self.streams.get_mut(usize::from(encoding))
        {
            stream.structure = Some(Box::new(structure));
        }
    }

    /// Parses an opened packet of an encoding. `None` for payload types that are not the producer's own media, for
    /// malformed padding, and for RED that is malformed or of anything but the producer's Opus.
    pub fn view<'a>(
        &self,
        encoding: u8,
        (bytes, header, elements): (&'a [u8], Header, Elements),
        index: u64,
    ) -> Option<View<'a>> {
        let structure = self.streams.get(usize::from(encoding))?.structure.as_deref();
        self.parse((bytes, header, elements), index, structure)
    }

    fn parse<'a>(
        &self,
        (bytes, header, elements): (&'a [u8], Header, Elements),
        index: u64,
        structure: Option<&Structure>,
    ) -> Option<View<'a>> {
        let codec = self.codecs.iter().find(|codec| codec.payload_type == header.payload_type)?;
        if codec.codec == CodecKind::Rtx {
            return None;
        }
        let payload_length = header.payload_length(bytes)?;
        let dependency = elements.find(bytes, self.extension(ExtensionKind::DependencyDescriptor));
        let frame_number = match dependency {
            Some(&[_, high, low, ..]) => Some(u16::from_be_bytes([high, low])),
            _ => None,
        };
        let payload = &bytes[header.length..header.length + payload_length];
        let descriptor = codec::describe(codec.codec, payload, dependency, structure);
        let red = match codec.codec {
            CodecKind::Red => {
                Some(Red::parse(payload).filter(|red| self.is(red.payload_type, CodecKind::Opus))?)
            }
            _ => None,
        };
        Some(View {
            bytes,
            header,
            elements,
            index,
            clock_rate: codec.clock_rate,
            descriptor,
            red,
            frame_number,
            payload_length,
        })
    }

    fn is(&self, payload_type: u8, kind: CodecKind) -> bool {
        self.codecs.iter().any(|codec| codec.payload_type == payload_type && codec.codec == kind)
    }

    /// Parses a packet out of a ring again.
    pub fn view_again<'a>(&self, (bytes, frame): (&'a [u8], Frame), index: u64) -> Option<View<'a>> {
        let header = Header::parse(bytes)?;
        let view = self.parse((bytes, header, header.elements(bytes)), index, None)?;
        Some(View { descriptor: Descriptor { frame, ..view.descriptor }, ..view })
    }

    /// Takes note of a packet that was sent again: it says nothing of the path or of the present.
    pub fn receive_repaired(&mut self, encoding: u8, view: &View<'_>) {
        self.course.repair(view.bytes.len());
        if view.descriptor.starts_key_frame {
            self.see_key_frame(encoding, view.header.timestamp);
        }
    }

    /// Takes note of a packet of an encoding. True if the encoding was silent before.
    pub fn receive(&mut self, now: Micros, encoding: u8, view: &View<'_>) -> bool {
        let Some(stream) = self.streams.get_mut(usize::from(encoding)) else { return false };
        let was_live = stream.is_live(now);
        stream.last_packet = Some(now);
        let (frame, timestamp) = (view.descriptor.frame, view.header.timestamp);
        stream.layers.note(now, frame, timestamp, view.bytes.len() + OVERHEAD);
        stream.clock_rate = view.clock_rate;
        stream.reception.receive(now, view.index, view.header.timestamp, view.clock_rate);
        self.course.receive(view.bytes.len());
        if view.descriptor.starts_key_frame {
            self.see_key_frame(encoding, view.header.timestamp);
        }
        // Opus that is too large for RED comes beside it, and makes no other track of it.
        let (before, newest) = (self.seen.0, view.header.payload_type);
        let is_beside_red =
            newest != before && self.is(before, CodecKind::Red) && self.is(newest, CodecKind::Opus);
        self.seen = (if is_beside_red { before } else { newest }, self.seen.1 | 1 << encoding);
        !was_live
    }

    /// A packet that begins a key frame, or goes on with its beginning.
    fn see_key_frame(&mut self, encoding: u8, timestamp: u32) {
        let Some(stream) = self.streams.get_mut(usize::from(encoding)) else { return };
        stream.requests.satisfy();
        if stream.key_frame.replace(timestamp) != Some(timestamp) {
            self.course.key_frames = self.course.key_frames.saturating_add(1);
        }
    }

    /// How many encodings were seen.
    pub fn layers_seen(&self) -> u8 {
        self.seen.1.count_ones() as u8
    }

    /// Payload type and layers, if they have changed and enough time has passed to tell so.
    pub fn announcement(&mut self, now: Micros) -> Option<(u8, u8)> {
        let is_early = self.last_announcement.is_some_and(|last| now.0 < last.0 + ANNOUNCEMENT_SPACING);
        if self.seen == self.announced || is_early {
            return None;
        }
        self.announced = self.seen;
        self.last_announcement = Some(now);
        Some(self.seen)
    }

    /// The layer for a consumer that wants at most `preferred`. Of several encodings: the highest live one
    /// up to it that the relay keeps up with, else the lowest live one; `None` while nothing is known to be live. Of one encoding: that
    /// spatial layer of it, there or not.
    pub fn choose(&self, now: Micros, preferred: u8) -> Option<u8> {
        if self.is_one_stream() {
            return Some(preferred.min(Top::ALL.spatial));
        }
        self.encoding_up_to(now, preferred.min(self.share.highest()))
    }

    /// The highest encoding that is live up to this one, else the lowest live one.
    pub fn encoding_up_to(&self, now: Micros, highest: u8) -> Option<u8> {
        let live = |at: &usize| self.streams[*at].is_live(now);
        let wanted = self.streams.len().min(usize::from(highest) + 1);
        let best = (0..wanted).rev().find(live).or_else(|| (wanted..self.streams.len()).find(live));
        best.map(|at| at as u8)
    }

    /// Whether its layers are all in one stream.
    pub fn is_one_stream(&self) -> bool {
        self.streams.len() == 1
    }

    /// The encoding a layer is in, and up to where it is forwarded for that.
    pub fn target(&self, layer: u8, temporal: u8) -> Target {
        let temporal = temporal.min(Top::ALL.temporal);
        if self.is_one_stream() {
            Target { encoding: 0, top: Top { spatial: layer, temporal } }
        } else {
            Target { encoding: layer, top: Top { temporal, ..Top::ALL } }
        }
    }

    /// The layer that is forwarded up to `top` of an encoding, of those that are there.
    pub fn layer(&self, now: Micros, Target { encoding, top }: Target) -> u8 {
        if self.is_one_stream() {
            top.spatial.min(self.streams[0].layers.highest_spatial(now))
        } else {
            encoding
        }
    }

    /// Bit per layer that is live.
    pub fn live_layers(&self, now: Micros) -> u8 {
        if self.is_one_stream() { self.streams[0].layers.live_spatial(now) } else { self.live_streams(now) }
    }

    /// Bit per stream that is live.
    pub fn live_streams(&self, now: Micros) -> u8 {
        let bits = self.streams.iter().enumerate().filter(|(_, stream)| stream.is_live(now));
        bits.fold(0, |mask, (at, _)| mask | 1 << at)
    }

    /// Bit per encoding that somebody is sent, or waits for.
    pub fn watched(&self, consumers: &Table<Consumer>, transports: &Table<Transport>) -> u8 {
        let consumers = self.consumers.iter().filter_map(|&at| consumers.get(at));
        let can_be_sent = |consumer: &&Consumer| {
            transports.get(consumer.transport).is_some_and(|transport| transport.is_open())
        };
        let watched = consumers.filter(can_be_sent).map(|consumer| consumer.watched(&self.streams));
        watched.fold(0, |all, mask| all | mask)
    }

    /// True if something of it is still in the arena.
    pub fn holds_media(&self) -> bool {
        self.streams.iter().any(|stream| !stream.ring.is_empty())
    }

    /// Wipes the rings.
    pub fn close(self, arena: &mut Arena) {
        self.streams.into_iter().for_each(|stream| stream.ring.close(arena));
    }
}
