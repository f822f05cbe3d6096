"""What a relay tells signaling: booleans, enumerations and bounded integers only."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from server.control.messages.form import Message, Part
from server.control.messages.words import (
    U8,
    U16,
    U32,
    U63,
    U64,
    Bandwidth,
    BirthFailure,
    CandidateKind,
    CipherSuite,
    DtlsVersion,
    Id,
    Layer,
    Layers,
    Level,
    PathKind,
    PayloadType,
    Quality,
    RefusalReason,
    SrtpProfile,
    TransportPhase,
)

MOST_CONNECTIONS = 1024
"""Of ICE over TCP, of one relay."""


class FourWords(Part, frozen=True):
    """A 256-bit digest as four integers, most significant first."""

    a: U64
    b: U64
    c: U64
    d: U64


class Locked(Message, frozen=True):
    """The lock is set, the relay is still inspectable and waits for `Proceed`."""

    level: Level
    landlock_abi: U8
    seccomp_filters: U8
    filter_digest: FourWords
    write_canary_refused: bool  # EACCES from Landlock, before seccomp
    arena_bytes: U63
    arena_locked: bool
    lock_microseconds: U32


class Ready(Message, frozen=True):
    """Serving. The certificate's SHA-256 fingerprint, and the UDP ports (0: family not served)."""

    fingerprint: FourWords
    ipv4_port: U16
    ipv6_port: U16


class Unborn(Message, frozen=True):
    reason: BirthFailure
    errno: U16


class TransportState(Message, frozen=True):
    """What was agreed on is told with CONNECTED."""

    transport: Id
    phase: TransportPhase
    srtp_profile: SrtpProfile = SrtpProfile.NONE
    dtls_version: DtlsVersion = DtlsVersion.UNKNOWN
    cipher_suite: CipherSuite = CipherSuite.UNKNOWN


class ProducerLayers(Message, frozen=True):
    """Media has arrived: payload type in use and a bit per encoding seen."""

    producer: Id
    payload_type: PayloadType
    layers: Layers


class ConsumerState(Message, frozen=True):
    """`paused` by its subscriber; `congested`: the path does not even carry its lowest encoding."""

    consumer: Id
    layer: Layer
    paused: bool
    congested: bool


class TransportQuality(Message, frozen=True):
    """Judged every 5 seconds and told where it has changed; EXCELLENT at first."""

    transport: Id
    quality: Quality


class TransportBandwidth(Message, frozen=True):
    """Told every 5 seconds where it has changed; UNKNOWN at first, and again at the end."""

    transport: Id
    bandwidth: Bandwidth


class SpeakerLevel(Message, frozen=True):
    """How loud the speech in an audio track is: 0 for none, else a step of 5 dB up to 7."""

    producer: Id
    level: Annotated[int, Meta(ge=0, le=7)]


class DataRefused(Message, frozen=True):
    """A member sends data that is not encrypted end to end where only that is taken; told now and then."""

    member: Id


class Receiver(Message, frozen=True):
    """One consumer that media is forwarded to, and the transport it leaves by; `paused` by its subscriber.

    Answers `GetReceivers`, in the order of the consumers. Signaling knows every word of it beforehand, so
    that a relay has nothing to choose: whatever differs ends it (`workers/receivers.py`).
    """

    sequence: U32
    consumer: Id
    producer: Id
    transport: Id
    paused: bool


class ReceiversEnd(Message, frozen=True):
    """That was all of them."""

    sequence: U32
    count: U32


class TransportEnded(Message, frozen=True):
    """How a transport went. Answers `CloseTransport`, once; numbers are coarse (`numbers.py`).

    Datagrams are counted with their payload. Where it is not `measured`, more has ended than numbers may be
    told of, and all are 0.
    """

    transport: Id
    measured: bool
    path: PathKind
    candidate: CandidateKind
    packets_received: U63
    bytes_received: U63
    packets_sent: U63
    bytes_sent: U63
    packets_lost: U63  # media: of what the peer was sent, as it says; of what it sent, as counted here
    packets_resent: U63  # media: to the peer, and by it
    round_trip_last: U32  # milliseconds; 0: not measured
    round_trip_worst: U32


class ProducerEnded(Message, frozen=True):
    """How a track went that arrived. Answers `CloseProducer` or `CloseTransport`, once."""

    producer: Id
    measured: bool
    layers: U8  # encodings seen
    packets: U63
    bytes: U63
    packets_lost: U63  # that never came
    packets_resent: U63  # that came only when they were sent again
    jitter: U32  # milliseconds, mean
    key_frames_asked: U32
    key_frames: U32


class Refused(Message, frozen=True):
    """A request that could not be carried out, by the id it named."""

    id: U32
    reason: RefusalReason


class Stats(Message, frozen=True):
    """Counters since birth, what exists now, and times of media since the Stats before.

    `cpu_milliseconds` is user plus system.
    """

    sequence: U32
    transports: U32
    producers: U32
    consumers: U32
    packets_received: U63
    packets_sent: U63
    packets_dropped: U63
    cpu_milliseconds: U63
    residence_p50_microseconds: U32
    residence_p99_microseconds: U32  # from the kernel's receive timestamp to the return of the send call
    residence_longest_microseconds: U32
    oldest_media_milliseconds: U16  # greatest age of a packet kept to be sent again


class Traffic(Message, frozen=True):
    """Counters since birth, in steps. Of media: lost on its way here and to its receivers; sent again;
    and dropped as it came, since the relay could not keep up. Of
    packets: how many were in the relay for at most so many microseconds, and how many were at all."""

    sequence: U32
    bytes_received: U63
    bytes_sent: U63
    lost_incoming: U63
    lost_outgoing: U63
    resent_incoming: U63
    resent_outgoing: U63
    shed: U63
    connections: Annotated[int, Meta(ge=0, le=MOST_CONNECTIONS)]  # of ICE over TCP, now, in steps
    within_250: U63
    within_1000: U63
    within_4000: U63
    within_16000: U63
    within_64000: U63
    handled: U63


class SelfTest(Message, frozen=True):
    """The repeated probes of a locked relay: each must still be refused."""

    open_refused: bool
    socket_refused: bool
    status_unchanged: bool
