"""The control vocabulary, in ORTC and mediasoup words.

Two one-way pipes carry these as length-prefixed MessagePack (`codec.py`). Everything a relay says is
a boolean, an enumeration or a bounded integer: a compromised relay has no field to put a media byte in.
Identifiers are integers chosen by signaling; a relay never invents one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

import msgspec
from msgspec import Meta

Id = Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]
U8 = Annotated[int, Meta(ge=0, le=0xFF)]
U16 = Annotated[int, Meta(ge=0, le=0xFFFF)]
U32 = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
U63 = Annotated[int, Meta(ge=0, le=0x7FFF_FFFF_FFFF_FFFF)]
U64 = int  # MessagePack itself bounds an integer to 64 bits; msgspec cannot state an unsigned bound
PayloadType = Annotated[int, Meta(ge=0, le=127)]
ExtensionId = Annotated[int, Meta(ge=1, le=255)]
IceUfrag = Annotated[str, Meta(min_length=4, max_length=256)]
IcePwd = Annotated[str, Meta(min_length=22, max_length=256)]
Mid = Annotated[str, Meta(min_length=1, max_length=16)]
Rid = Annotated[str, Meta(min_length=1, max_length=16)]
Name = Annotated[str, Meta(max_length=256)]


class MediaKind(IntEnum):
    AUDIO = 0
    VIDEO = 1


class CodecKind(IntEnum):
    """What the forwarder must know to find key frames and keep descriptors continuous."""

    OPUS = 0
    RED = 1
    VP8 = 2
    H264 = 3
    VP9 = 4
    AV1 = 5
    H265 = 6
    RTX = 7


class ExtensionKind(IntEnum):
    """RTP header extensions that are forwarded or read (RFC 8285)."""

    MID = 1
    RID = 2
    REPAIRED_RID = 3
    AUDIO_LEVEL = 4
    TRANSPORT_CC = 5
    ABS_SEND_TIME = 6
    DEPENDENCY_DESCRIPTOR = 7
    ABS_CAPTURE_TIME = 8
    VIDEO_ORIENTATION = 9
    PLAYOUT_DELAY = 10
    COLOR_SPACE = 11
    VIDEO_CONTENT_TYPE = 12
    VIDEO_TIMING = 13


class DtlsRole(IntEnum):
    """Which side starts the handshake. SERVER (`a=setup:passive`) unless the peer insists."""

    CLIENT = 0
    SERVER = 1


class FingerprintAlgorithm(IntEnum):
    SHA_256 = 0
    SHA_384 = 1
    SHA_512 = 2


class TransportPhase(IntEnum):
    """States of a transport as told to signaling."""

    REACHABLE = 0  # a STUN request with the right password arrived
    CONNECTED = 1  # DTLS done, SRTP keys set
    FAILED = 2  # handshake failed or timed out
    LOST = 3  # consent expired (RFC 7675)


class SrtpProfile(IntEnum):
    """IANA DTLS-SRTP protection profiles; NONE before the handshake."""

    NONE = 0
    AES_CM_128_HMAC_SHA1_80 = 1
    AEAD_AES_128_GCM = 7
    AEAD_AES_256_GCM = 8


class Level(IntEnum):
    """How much of the lock is held. `full` > `reduced` > `none`."""

    NONE = 0
    REDUCED = 1
    FULL = 2


class RefusalReason(IntEnum):
    UNKNOWN_ID = 0
    DUPLICATE_ID = 1
    LIMIT = 2
    ARENA_FULL = 3


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, tag=True):
    """Base of all messages: positional on the wire, tagged by class name."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """Base of what messages contain."""


# --- signaling to relay -------------------------------------------------------------------------


class Boot(_Message, frozen=True):
    """First message: everything a relay needs to be born. Hosts are numeric; "" leaves a family out."""

    relay: Id
    ipv4_host: Annotated[str, Meta(max_length=45)]
    ipv6_host: Annotated[str, Meta(max_length=45)]
    udp_port: U16  # 0: the kernel chooses
    media_memory: U63  # bytes asked for the arena; less is taken where RLIMIT_MEMLOCK says so
    ring_packets: Annotated[int, Meta(ge=16, le=4096)]
    ring_milliseconds: Annotated[int, Meta(ge=50, le=5000)]
    user: U32  # numeric uid and gid taken when started as root; 0: stay
    minimum_level: Level


class Proceed(_Message, frozen=True):
    """The inspection of the locked relay passed: become undumpable and serve."""


class CreateTransport(_Message, frozen=True):
    """An ICE-lite, DTLS, SRTP and SCTP transport, waiting for its peer."""

    transport: Id
    local_ufrag: IceUfrag
    local_pwd: IcePwd
    opens_data_channels: bool  # the subscriber transport: the server opens `_reliable` and `_lossy`


class Fingerprint(_Part, frozen=True):
    algorithm: FingerprintAlgorithm
    digest: Annotated[bytes, Meta(min_length=32, max_length=64)]


class ConnectTransport(_Message, frozen=True):
    """The peer's DTLS parameters, once its description is known. Sent once per transport."""

    transport: Id
    role: DtlsRole  # the relay's own role
    fingerprints: Annotated[list[Fingerprint], Meta(min_length=1, max_length=4)]
    has_data_channels: bool


class CloseTransport(_Message, frozen=True):
    """Closes its producers and consumers too. Idempotent."""

    transport: Id


class PayloadCodec(_Part, frozen=True):
    payload_type: PayloadType
    codec: CodecKind
    clock_rate: U32
    apt: PayloadType = 0  # of RTX: the payload type it repeats (RFC 4588); not read of others


class HeaderExtension(_Part, frozen=True):
    extension: ExtensionKind
    id: ExtensionId


class Encoding(_Part, frozen=True):
    """One simulcast layer or the only stream, lowest layer first. `rid` "" and `ssrc` 0 mean not known."""

    rid: Annotated[str, Meta(max_length=16)]
    ssrc: U32
    rtx_ssrc: U32


class CreateProducer(_Message, frozen=True):
    """A track that a participant sends. `transport`, `mid` and encodings say how its packets are known."""

    producer: Id
    transport: Id
    kind: MediaKind
    mid: Mid
    codecs: Annotated[list[PayloadCodec], Meta(min_length=1, max_length=32)]
    extensions: Annotated[list[HeaderExtension], Meta(max_length=16)]
    encodings: Annotated[list[Encoding], Meta(min_length=1, max_length=4)]


class PauseProducer(_Message, frozen=True):
    producer: Id
    paused: bool


class CloseProducer(_Message, frozen=True):
    """Closes its consumers too. Idempotent."""

    producer: Id


class PayloadMapping(_Part, frozen=True):
    """From the producer's payload type to the one the subscriber's description has."""

    incoming: PayloadType
    outgoing: PayloadType


class CreateConsumer(_Message, frozen=True):
    """A participant's reception of one track. The only kind of consumer there is."""

    consumer: Id
    producer: Id
    transport: Id
    ssrc: U32
    payload_types: Annotated[list[PayloadMapping], Meta(min_length=1, max_length=32)]
    extensions: Annotated[list[HeaderExtension], Meta(max_length=16)]
    paused: bool
    rtx_ssrc: U32 = 0  # of retransmissions (RFC 4588); 0: they come on `ssrc`, byte for byte
    rtx_payload_types: Annotated[list[PayloadMapping], Meta(max_length=32)] = []  # from the subscriber's own


class PauseConsumer(_Message, frozen=True):
    consumer: Id
    paused: bool


class SetPreferredLayer(_Message, frozen=True):
    """Highest encoding (index into the producer's encodings, 0 lowest) the subscriber wants."""

    consumer: Id
    layer: U8


class CloseConsumer(_Message, frozen=True):
    consumer: Id


class RequestKeyFrame(_Message, frozen=True):
    producer: Id


class DataMember(_Message, frozen=True):
    """Who a transport's data packets come from, stamped by the relay; and which room they fan out to.

    `send_transport` carries data from the participant, `receive_transport` to it (0: none).
    """

    member: Id
    room: Id
    identity: Name
    sid: Name
    send_transport: U32
    receive_transport: U32
    may_publish: bool
    encrypted_only: bool = False  # what is not declared encrypted end to end is dropped, and `DataRefused`


class RemoveDataMember(_Message, frozen=True):
    member: Id


class GetReceivers(_Message, frozen=True):
    """Who receives what a transport sends: answered with a `Receiver` each, and `ReceiversEnd`."""

    sequence: U32
    transport: Id


class GetStats(_Message, frozen=True):
    """Answered with `Stats`; also the liveness check."""

    sequence: U32


class Stop(_Message, frozen=True):
    """Close every transport and leave."""


Request = (
    Boot
    | Proceed
    | CreateTransport
    | ConnectTransport
    | CloseTransport
    | CreateProducer
    | PauseProducer
    | CloseProducer
    | CreateConsumer
    | PauseConsumer
    | SetPreferredLayer
    | CloseConsumer
    | RequestKeyFrame
    | DataMember
    | RemoveDataMember
    | GetReceivers
    | GetStats
    | Stop
)

# --- relay to signaling: booleans, enumerations and bounded integers only --------------------------


class FourWords(_Part, frozen=True):
    """A 256-bit digest as four integers, most significant first."""

    a: U64
    b: U64
    c: U64
    d: U64


class Locked(_Message, frozen=True):
    """The lock is set, the relay is still inspectable and waits for `Proceed`."""

    level: Level
    landlock_abi: U8
    seccomp_filters: U8
    filter_digest: FourWords
    write_canary_refused: bool  # EACCES from Landlock, before seccomp
    arena_bytes: U63
    arena_locked: bool
    lock_microseconds: U32


class Ready(_Message, frozen=True):
    """Serving. The certificate's SHA-256 fingerprint, and the UDP ports (0: family not served)."""

    fingerprint: FourWords
    ipv4_port: U16
    ipv6_port: U16


class BirthFailure(IntEnum):
    """Why a relay refused to be born, before it leaves."""

    SOCKET = 0
    ARENA = 1
    THREADS = 2
    IDENTITY = 3
    LIMITS = 4
    LANDLOCK = 5
    CANARY = 6
    SECCOMP = 7
    LEVEL = 8
    SELF_CHECK = 9
    OTHER = 10


class Unborn(_Message, frozen=True):
    reason: BirthFailure
    errno: U16


class TransportState(_Message, frozen=True):
    transport: Id
    phase: TransportPhase
    srtp_profile: SrtpProfile


class ProducerLayers(_Message, frozen=True):
    """Media has arrived: payload type in use and a bit per encoding seen."""

    producer: Id
    payload_type: PayloadType
    layers: U8


class ConsumerState(_Message, frozen=True):
    consumer: Id
    layer: U8
    paused: bool


class Quality(IntEnum):
    """How well media gets through to a peer and from it. Nobody with a transport is lost."""

    POOR = 0  # a tenth of the packets is lost
    GOOD = 1
    EXCELLENT = 2


class TransportQuality(_Message, frozen=True):
    """Judged every 5 seconds and told where it has changed; EXCELLENT at first."""

    transport: Id
    quality: Quality


class SpeakerLevel(_Message, frozen=True):
    """How loud the speech in an audio track is: 0 for none, else a step of 5 dB up to 7."""

    producer: Id
    level: Annotated[int, Meta(ge=0, le=7)]


class DataRefused(_Message, frozen=True):
    """A member sends data that is not encrypted end to end where only that is taken; told now and then."""

    member: Id


class Receiver(_Message, frozen=True):
    """One consumer that media is forwarded to, and the transport it leaves by; `paused` by its subscriber.

    Answers `GetReceivers`, in the order of the consumers. Signaling knows every word of it beforehand, so
    that a relay has nothing to choose: whatever differs ends it (`workers/receivers.py`).
    """

    sequence: U32
    consumer: Id
    producer: Id
    transport: Id
    paused: bool


class ReceiversEnd(_Message, frozen=True):
    """That was all of them."""

    sequence: U32
    count: U32


class Refused(_Message, frozen=True):
    """A request that could not be carried out, by the id it named."""

    id: U32
    reason: RefusalReason


class Stats(_Message, frozen=True):
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


class SelfTest(_Message, frozen=True):
    """The repeated probes of a locked relay: each must still be refused."""

    open_refused: bool
    socket_refused: bool
    status_unchanged: bool


Notification = (
    Locked
    | Ready
    | Unborn
    | TransportState
    | ProducerLayers
    | ConsumerState
    | SpeakerLevel
    | TransportQuality
    | DataRefused
    | Receiver
    | ReceiversEnd
    | Refused
    | Stats
    | SelfTest
)
