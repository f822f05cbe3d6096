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
    BirthFailure,
    Id,
    Level,
    PayloadType,
    Quality,
    RefusalReason,
    SrtpProfile,
    TransportPhase,
)


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
    transport: Id
    phase: TransportPhase
    srtp_profile: SrtpProfile


class ProducerLayers(Message, frozen=True):
    """Media has arrived: payload type in use and a bit per encoding seen."""

    producer: Id
    payload_type: PayloadType
    layers: U8


class ConsumerState(Message, frozen=True):
    consumer: Id
    layer: U8
    paused: bool


class TransportQuality(Message, frozen=True):
    """Judged every 5 seconds and told where it has changed; EXCELLENT at first."""

    transport: Id
    quality: Quality


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
    residence_p99_microseconds: U32  # from the kernel's receive timestamp to the return of the send call
    residence_longest_microseconds: U32
    oldest_media_milliseconds: U16  # greatest age of a packet kept to be sent again


class SelfTest(Message, frozen=True):
    """The repeated probes of a locked relay: each must still be refused."""

    open_refused: bool
    socket_refused: bool
    status_unchanged: bool
