"""The words of the control vocabulary: bounded integers, bounded texts and enumerations."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

Id = Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]
U8 = Annotated[int, Meta(ge=0, le=0xFF)]
U16 = Annotated[int, Meta(ge=0, le=0xFFFF)]
U32 = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
U63 = Annotated[int, Meta(ge=0, le=0x7FFF_FFFF_FFFF_FFFF)]
U64 = int  # MessagePack itself bounds an integer to 64 bits; msgspec cannot state an unsigned bound
Layer = Annotated[
    int, Meta(ge=0, le=3)
]  # an index into a producer's encodings, of which there are four at most
Layers = Annotated[int, Meta(ge=0, le=15)]  # a bit for each
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
    LEFT = 4  # the peer closed it


class SrtpProfile(IntEnum):
    """IANA DTLS-SRTP protection profiles; NONE before the handshake."""

    NONE = 0
    AES_CM_128_HMAC_SHA1_80 = 1
    AEAD_AES_128_GCM = 7
    AEAD_AES_256_GCM = 8


class DtlsVersion(IntEnum):
    """What the handshake agreed on; UNKNOWN before it."""

    UNKNOWN = 0
    DTLS_1_0 = 1
    DTLS_1_2 = 2
    DTLS_1_3 = 3


class CipherSuite(IntEnum):
    """Those that aiortc offers for DTLS 1.2; UNKNOWN before the handshake, and for every other."""

    UNKNOWN = 0
    ECDHE_ECDSA_AES128_GCM_SHA256 = 1
    ECDHE_ECDSA_CHACHA20_POLY1305 = 2
    ECDHE_ECDSA_AES128_SHA = 3
    ECDHE_ECDSA_AES256_SHA = 4


class CandidateKind(IntEnum):
    """Of a peer's ICE candidates (RFC 8445 section 5.1.1); UNKNOWN also where the peer hides some."""

    UNKNOWN = 0
    HOST = 1
    SERVER_REFLEXIVE = 2
    PEER_REFLEXIVE = 3
    RELAYED = 4


class PathKind(IntEnum):
    """Protocol and family by which a peer was reached last; NONE: it never was. TCP as in RFC 6544."""

    NONE = 0
    UDP_IPV4 = 1
    UDP_IPV6 = 2
    TCP_IPV4 = 3
    TCP_IPV6 = 4


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


class Bandwidth(IntEnum):
    """What the way to a subscriber carries, in steps."""

    UNKNOWN = 0  # it tells nothing of it
    BELOW_100_KBPS = 1
    BELOW_300_KBPS = 2
    BELOW_1_MBPS = 3
    BELOW_3_MBPS = 4
    BELOW_10_MBPS = 5
    ABOVE_10_MBPS = 6


class Quality(IntEnum):
    """How well media gets through to a peer and from it. Nobody with a transport is lost."""

    POOR = 0  # a tenth of the packets is lost
    GOOD = 1
    EXCELLENT = 2
