"""What a session description says, as far as a forwarding server cares (RFC 8866, RFC 9429)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from server.control.messages import RemoteCandidate
from server.errors import ClientError


class SdpError(ClientError):
    """A description that cannot be used; the message is safe to show to its sender."""


class Direction(StrEnum):
    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


class Setup(StrEnum):
    ACTPASS = "actpass"
    ACTIVE = "active"
    PASSIVE = "passive"


@dataclass(frozen=True, slots=True)
class Codec:
    """An rtpmap with its fmtp and feedback; `name` is lower case (`opus`, `vp8`, `rtx`, `red`)."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int = 1
    fmtp: str = ""
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extension:
    """An extmap line (RFC 8285). `direction` is the sender's view, as of a section."""

    id: int
    uri: str
    direction: Direction = Direction.SENDRECV


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`algorithm` is lower case as in the description (`sha-256`)."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Section:
    """One m-line. Session-level ICE and DTLS attributes are already copied into it."""

    kind: str  # audio, video, application; anything else is kept to be rejected in place
    mid: str
    rejected: bool  # port 0 without bundle-only
    direction: Direction
    setup: Setup
    ice_ufrag: str
    ice_pwd: str
    fingerprints: tuple[Fingerprint, ...]
    codecs: tuple[Codec, ...] = ()
    extensions: tuple[Extension, ...] = ()
    msid: tuple[str, str] | None = None  # stream, track; one word counts as the track
    ssrcs: tuple[int, ...] = ()  # media SSRCs in order, retransmission SSRCs left out
    rtx_ssrcs: tuple[tuple[int, int], ...] = ()  # (media, retransmission) of FID groups
    send_rids: tuple[str, ...] = ()  # simulcast send layers in the order written, `~` stripped
    sctp_port: int = 0
    max_message_size: int = 0
    raw_format: str = ""  # the m-line's protocol and formats, to echo a rejected section


@dataclass(frozen=True, slots=True)
class Description:
    sections: tuple[Section, ...]
    bundle: tuple[str, ...] = ()
    extmap_allow_mixed: bool = False  # one- and two-byte header extensions in one stream (RFC 8285)
    candidates: tuple[RemoteCandidate, ...] = ()  # of all sections, which share a transport


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host candidate of the server: numeric address and port. Over TCP it waits to be connected to."""

    host: str
    port: int
    tcp: bool = False


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """What the server writes of its own transport."""

    ice_ufrag: str
    ice_pwd: str
    fingerprint: bytes  # SHA-256, 32 bytes
    candidates: tuple[Candidate, ...]
