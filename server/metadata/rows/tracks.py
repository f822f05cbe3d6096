"""Rows about what somebody sent, and when: the times of cameras and microphones."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import ACCOUNT, COMPATIBILITY, Expiry
from server.metadata.rows.row import Duration, Identity, ParticipantSid, RoomName, Row
from server.metadata.words import Codec, TrackKind, TrackSource

TrackSid = Annotated[str, Meta(pattern=r"\ATR_[0-9A-Za-z]{6,32}\Z", extra=ACCOUNT)]
Kind = Annotated[TrackKind, Meta(extra=ACCOUNT)]
Source = Annotated[TrackSource, Meta(extra=ACCOUNT)]
CodecUsed = Annotated[Codec, Meta(extra=COMPATIBILITY)]


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
    """Somebody ended a track. `milliseconds` since it was published."""

    kept_for: ClassVar[Expiry] = Expiry.DETAIL

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    track: TrackSid
    milliseconds: Duration
