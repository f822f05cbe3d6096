//! What goes in and comes out of the forwarder. Mirrors `server/control/messages/`.

use crate::candidates::Candidate;
use crate::downlink::Bandwidth;
use crate::ending::{ProducerEnding, TransportEnding};
use crate::playout::PlayoutDelay;
use crate::quality::Quality;
use crate::srtp::{self, Unsigned};
use core::net::SocketAddr;
use zeroize::Zeroizing;

/// Microseconds on a monotonic clock that the caller owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Micros(pub u64);

/// Index of the socket a datagram came in on and goes out by: 0 UDP over IPv4, 1 UDP over IPv6, [`TCP`].
pub type SocketIndex = u8;
/// All connections together, of both families: each is known by its peer's address.
pub const TCP: SocketIndex = 2;
/// Identifiers chosen by signaling.
pub type TransportId = u32;
/// See [`TransportId`].
pub type ProducerId = u32;
/// See [`TransportId`].
pub type ConsumerId = u32;
/// See [`TransportId`].
pub type RoomId = u32;

/// IANA DTLS-SRTP protection profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum SrtpProfile {
    /// RFC 3711 / 5764, 80-bit tag.
    AesCm128HmacSha1_80 = 1,
    /// RFC 7714.
    AeadAes128Gcm = 7,
    /// RFC 7714.
    AeadAes256Gcm = 8,
}

/// Master key and salt of one direction, wiped on drop. Lengths are those of the profile.
#[derive(Clone)]
pub struct MasterKey {
    /// 16 or 32 bytes.
    pub key: Zeroizing<Vec<u8>>,
    /// 14 or 12 bytes.
    pub salt: Zeroizing<Vec<u8>>,
}

/// Audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// Never layered, no key frames.
    Audio,
    /// May be layered; switches at key frames.
    Video,
}

/// What must be known of a codec to find key frames and keep descriptors continuous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CodecKind {
    Opus,
    Red,
    Vp8,
    H264,
    Vp9,
    Av1,
    H265,
    Rtx,
}

/// RTP header extensions that are forwarded or read (RFC 8285).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum ExtensionKind {
    Mid = 1,
    Rid = 2,
    RepairedRid = 3,
    AudioLevel = 4,
    TransportCc = 5,
    AbsSendTime = 6,
    DependencyDescriptor = 7,
    AbsCaptureTime = 8,
    VideoOrientation = 9,
    PlayoutDelay = 10,
    ColorSpace = 11,
    VideoContentType = 12,
    VideoTiming = 13,
}

/// A payload type a producer may use.
#[derive(Clone, Copy, Debug)]
pub struct PayloadCodec {
    /// 0..=127.
    pub payload_type: u8,
    /// The codec behind it.
    pub codec: CodecKind,
    /// RTP clock rate in Hz.
    pub clock_rate: u32,
    /// Of `Rtx`: the payload type it repeats (`apt` of RFC 4588); not read of others.
    pub apt: u8,
}

/// One simulcast layer or the only stream. Empty `rid` and zero SSRCs mean not known.
#[derive(Clone, Debug)]
pub struct Encoding {
    /// RFC 8851, up to 16 bytes.
    pub rid: String,
    /// Synchronisation source of the media.
    pub ssrc: u32,
    /// Synchronisation source of its retransmissions (RFC 4588).
    pub rtx_ssrc: u32,
}

/// A track that a participant sends.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ProducerOptions {
    pub id: ProducerId,
    pub transport: TransportId,
    pub kind: MediaKind,
    pub mid: String,
    pub codecs: Vec<PayloadCodec>,
    pub extensions: Vec<(ExtensionKind, u8)>,
    /// Lowest layer first.
    pub encodings: Vec<Encoding>,
    /// Whose tracks share what the relay can do.
    pub room: RoomId,
    /// Of a voice: only so many of its room are forwarded at a time, the loudest; 0: all.
    pub most_voices: usize,
}

/// A participant's reception of one track.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct ConsumerOptions {
    pub id: ConsumerId,
    pub producer: ProducerId,
    pub transport: TransportId,
    pub ssrc: u32,
    /// From the producer's payload type to the subscriber's.
    pub payload_types: Vec<(u8, u8)>,
    pub extensions: Vec<(ExtensionKind, u8)>,
    pub paused: bool,
    /// Synchronisation source of retransmissions (RFC 4588); 0: they come on `ssrc`, byte for byte.
    pub rtx_ssrc: u32,
    /// From the subscriber's payload type to that of its retransmissions.
    pub rtx_payload_types: Vec<(u8, u8)>,
    /// Higher ones are sent first where the subscriber's path does not carry all.
    pub priority: u8,
    /// Whether it may be paused where the path does not even carry its lowest encoding.
    pub may_pause: bool,
    /// How long the subscriber is to hold a video, whatever the publisher says of that.
    pub playout_delay: Option<PlayoutDelay>,
}

/// What signaling (through Python) asks of the forwarder.
#[allow(missing_docs)]
pub enum Command {
    CreateTransport {
        id: TransportId,
        local_ufrag: Vec<u8>,
        local_pwd: Zeroizing<Vec<u8>>,
    },
    /// The peer begins ICE anew: its checks come with these from now on, those from before are good until then.
    /// Keys, streams and the path stay.
    RestartIce {
        id: TransportId,
        local_ufrag: Vec<u8>,
        local_pwd: Zeroizing<Vec<u8>>,
    },
    CloseTransport {
        id: TransportId,
    },
    /// Closes what a transport sends and receives at once; the transport stays to say goodbye. Answered
    /// with a `ProducerEnded` each, and `TransportEnded`.
    EndStreams {
        id: TransportId,
    },
    /// Where the peer says it may be reached.
    AddCandidates {
        id: TransportId,
        candidates: Vec<Candidate>,
    },
    /// After the handshake. `rx` opens what the peer sends, `tx` seals what it receives.
    SetKeys {
        id: TransportId,
        profile: SrtpProfile,
        rx: MasterKey,
        tx: MasterKey,
    },
    /// A DTLS record flight for the peer's current address; dropped while there is none.
    SendDtls {
        id: TransportId,
        datagram: Vec<u8>,
    },
    CreateProducer(ProducerOptions),
    PauseProducer {
        id: ProducerId,
        paused: bool,
    },
    /// Answered with `ProducerEnded`.
    CloseProducer {
        id: ProducerId,
    },
    CreateConsumer(ConsumerOptions),
    PauseConsumer {
        id: ConsumerId,
        paused: bool,
    },
    /// The highest layer that is wished for: an encoding, or of one encoding a spatial layer. And how many
    /// frames a second will do; 0: all.
    SetPreferredLayer {
        id: ConsumerId,
        layer: u8,
        frame_rate: u8,
    },
    SetPriority {
        id: ConsumerId,
        priority: u8,
    },
    CloseConsumer {
        id: ConsumerId,
    },
    RequestKeyFrame {
        id: ProducerId,
    },
    /// Answered with a `Receiver` for each consumer of the transport's producers, and `ReceiversEnd`.
    ListReceivers {
        id: TransportId,
        sequence: u32,
    },
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Refusal {
    UnknownId = 0,
    DuplicateId = 1,
    Limit = 2,
    ArenaFull = 3,
}

/// What the forwarder tells. All but `Dtls` reaches signaling as bounded integers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Event {
    /// First STUN request with the right password: the peer has an address.
    Reachable {
        transport: TransportId,
    },
    /// A DTLS datagram from a STUN-validated address.
    Dtls {
        transport: TransportId,
        datagram: Vec<u8>,
    },
    /// No authenticated STUN request for the consent time (RFC 7675).
    ConsentExpired {
        transport: TransportId,
    },
    /// Media arrived in a new payload type or encoding; `layers` has a bit per encoding seen.
    ProducerLayers {
        producer: ProducerId,
        payload_type: u8,
        layers: u8,
    },
    /// `paused` by its subscriber; `congested`: the path does not even carry its lowest encoding.
    ConsumerState {
        consumer: ConsumerId,
        layer: u8,
        paused: bool,
        congested: bool,
    },
    /// How loud a track's speech is: 0 for none, else a step up to 7.
    SpeakerLevel {
        producer: ProducerId,
        level: u8,
    },
    /// How well media gets through to the peer and from it, where that has changed.
    TransportQuality {
        transport: TransportId,
        quality: Quality,
    },
    /// It is over: how it went. Told once.
    TransportEnded {
        transport: TransportId,
        numbers: TransportEnding,
    },
    /// The same of a track.
    ProducerEnded {
        producer: ProducerId,
        numbers: ProducerEnding,
    },
    /// What the way to the peer carries, in steps; see [`crate::Bandwidth`]. Told where it has changed.
    TransportBandwidth {
        transport: TransportId,
        bandwidth: Bandwidth,
    },
    Refused {
        id: u32,
        reason: Refusal,
    },
    /// A consumer that packets of the producer are forwarded to, on `transport`; `paused` by its subscriber.
    Receiver {
        sequence: u32,
        consumer: ConsumerId,
        producer: ProducerId,
        transport: TransportId,
        paused: bool,
    },
    ReceiversEnd {
        sequence: u32,
        count: u32,
    },
}

/// A datagram to send: a range of [`Outbox::bytes`].
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Transmit {
    pub socket: SocketIndex,
    pub to: SocketAddr,
    pub start: usize,
    pub len: usize,
}

/// Output of one batch, reused by the caller: drain it, then `clear`.
#[derive(Default)]
pub struct Outbox {
    /// Backing store of all datagrams of the batch; sealed in place.
    pub bytes: Vec<u8>,
    /// In sending order.
    pub transmits: Vec<Transmit>,
    /// In order.
    pub events: Vec<Event>,
    /// Of this call of the core: none is left when it returns.
    pub(crate) unsigned: Vec<Unsigned>,
}

impl Outbox {
    /// With room for so many bytes, transmits and events.
    #[must_use]
    pub fn with_room_for(bytes: usize, transmits: usize, events: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            transmits: Vec::with_capacity(transmits),
            events: Vec::with_capacity(events),
            unsigned: Vec::with_capacity(transmits),
        }
    }

    /// Completes the packets that lack their tags.
    pub(crate) fn sign(&mut self) {
        srtp::sign(&mut self.unsigned, &mut self.bytes);
    }

    /// Forgets the batch and keeps the allocations.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.transmits.clear();
        self.events.clear();
    }

    /// The bytes of one transmit.
    #[must_use]
    pub fn datagram(&self, transmit: &Transmit) -> &[u8] {
        &self.bytes[transmit.start..transmit.start + transmit.len]
    }
}

/// Limits and times of a forwarder.
#[derive(Clone, Debug)]
pub struct Config {
    /// Packets a retransmission ring holds at most.
    pub ring_packets: usize,
    /// Time a packet stays in a ring at most, and so in memory.
    pub ring_duration: Micros,
    /// Time without an authenticated STUN request after which a transport is lost (RFC 7675: 30 s).
    pub consent_timeout: Micros,
    /// Transports at most.
    pub max_transports: usize,
    /// Producers at most per transport; consumers likewise.
    pub max_streams_per_transport: usize,
    /// Seeds SSRCs, sequence starts and the like; from the operating system's randomness in a relay.
    pub seed: [u8; 32],
}

/// Counters since birth and what exists now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Counters {
    pub transports: u32,
    pub producers: u32,
    pub consumers: u32,
    pub packets_received: u64,
    pub packets_sent: u64,
    pub packets_dropped: u64,
    pub bytes_received: u64,
    pub bytes_sent: u64,
    /// Media that was lost on its way here, as receiver reports count it, sent again or not.
    pub lost_incoming: u64,
    /// Media that was lost on its way to its receivers, as they say.
    pub lost_outgoing: u64,
    /// Media that came only when it was sent again.
    pub resent_incoming: u64,
    /// Media that was sent again.
    pub resent_outgoing: u64,
    /// Media that was dropped as it came, since the relay could not keep up with all of it.
    pub shed: u64,
    /// Microseconds since the oldest packet that may still be sent again arrived, just before expiry.
    pub oldest_media: u64,
}

/// The contract of the packet core; implemented by `Forwarder`.
///
/// `arena` of `new` is the only memory that holds media between calls: fixed, locked by the caller.
/// `now` never goes back. No method blocks, allocates per packet in steady state, or panics on input.
pub trait PacketCore {
    /// Carries out one command.
    fn handle_command(&mut self, now: Micros, command: Command, out: &mut Outbox);
    /// Takes one datagram; it is opened in place and wiped, and the buffer may be reused afterwards.
    fn handle_datagram(
        &mut self,
        now: Micros,
        socket: SocketIndex,
        from: SocketAddr,
        datagram: &mut [u8],
        out: &mut Outbox,
    );
    /// Takes note of how the caller keeps up, with every batch that it receives: the microseconds that it has
    /// waited for something to do since it began, and whether there was more than one batch takes.
    fn note_batch(&mut self, idle: u64, is_behind: bool);
    /// The connection of this peer is over: it is reached there no more, and whoever has the address next
    /// has proven nothing.
    fn handle_disconnect(&mut self, socket: SocketIndex, from: SocketAddr);
    /// Whether some peer has proven that it is reached there, and is still taken to be.
    fn is_proven(&self, socket: SocketIndex, from: SocketAddr) -> bool;
    /// Runs everything that is due.
    fn handle_timeout(&mut self, now: Micros, out: &mut Outbox);
    /// When `handle_timeout` next wants to run.
    fn next_timeout(&self) -> Micros;
    /// A snapshot.
    fn counters(&self) -> Counters;
}
