"""Rows about what somebody sent, and when: the times of cameras and microphones."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import ACCOUNT, COMPATIBILITY, TROUBLE, Expiry
from server.metadata.rows.row import Duration, Identity, ParticipantSid, RoomName, Row
from server.metadata.rows.transports import AreTold, Bytes, Packets
from server.metadata.transport_words import Numbers
from server.metadata.words import Codec, TrackKind, TrackSource

TrackSid = Annotated[str, Meta(pattern=r"\ATR_[0-9A-Za-z]{6,32}\Z", extra=ACCOUNT)]
Kind = Annotated[TrackKind, Meta(extra=ACCOUNT)]
Source = Annotated[TrackSource, Meta(extra=ACCOUNT)]
CodecUsed = Annotated[Codec, Meta(extra=COMPATIBILITY)]
Percent = Annotated[int, Meta(ge=0, le=100, extra=TROUBLE)]
Layers = Annotated[int, Meta(ge=0, le=8, extra=TROUBLE)]
Jitter = Annotated[int, Meta(ge=0, le=1024, extra=TROUBLE)]
KeyFrames = Annotated[int, Meta(ge=0, le=2**16, extra=TROUBLE)]


class TrackPublished(Row, frozen=True, tag="track_published"):
    """Somebody began to send sound, video or a screen."""

    kept_for: ClassVar[Expiry] = Expiry.DETAIL

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    track: TrackSid
    kind: Kind
    source: Source = TrackSource.UNKNOWN
    codec: CodecUsed = Codec.UNKNOWN


class TrackUnpublished(Row, frozen=True, tag="track_unpublished"):
    """Somebody ended a track. `milliseconds` since it was published, and in how many of a hundred it was
    muted.

    Counted is what arrived at the relay, within a sixteenth: packets, those that came only when they were
    sent again among them; packets that never came; the mean jitter, in milliseconds; key frames, and how
    often one was asked for. Of a video in two codecs the main one is counted.
    """

    kept_for: ClassVar[Expiry] = Expiry.DETAIL

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    track: TrackSid
    milliseconds: Duration
    muted_percent: Percent = 0
    numbers: AreTold = Numbers.UNKNOWN
    layers: Layers = 0
    packets: Packets = 0
    bytes: Bytes = 0
    packets_lost: Packets = 0
    packets_resent: Packets = 0
    jitter: Jitter = 0
    key_frames: KeyFrames = 0
    key_frames_asked: KeyFrames = 0
