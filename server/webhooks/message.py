"""A row of the ledger as the body of a webhook: livekit.WebhookEvent (livekit_webhook.proto) as proto-JSON.

PURE. What the ledger does not keep is not in it: no display name, no metadata, no attributes.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from google.protobuf.json_format import MessageToJson
from livekit.protocol.models import (
    DisconnectReason,
    ParticipantInfo,
    Room,
    TrackInfo,
    TrackSource,
    TrackType,
)
from livekit.protocol.webhook import WebhookEvent

from server.metadata import words
from server.metadata.event import name_of
from server.metadata.outgoing import Outgoing
from server.metadata.rows.rooms import RoomFinished, RoomStarted
from server.metadata.rows.sessions import ParticipantActive, ParticipantLeft
from server.metadata.rows.tracks import TrackPublished, TrackUnpublished

_REASONS: Final = {
    words.LeaveReason.CLIENT_LEFT: DisconnectReason.CLIENT_INITIATED,
    words.LeaveReason.DUPLICATE_IDENTITY: DisconnectReason.DUPLICATE_IDENTITY,
    words.LeaveReason.REMOVED: DisconnectReason.PARTICIPANT_REMOVED,
    words.LeaveReason.NOT_ADMITTED: DisconnectReason.USER_REJECTED,
    words.LeaveReason.ROOM_CLOSED: DisconnectReason.ROOM_CLOSED,
    words.LeaveReason.SERVER_SHUTDOWN: DisconnectReason.SERVER_SHUTDOWN,
    words.LeaveReason.SERVER_CRASH: DisconnectReason.SERVER_SHUTDOWN,
    words.LeaveReason.CONNECTION_LOST: DisconnectReason.CONNECTION_TIMEOUT,
    words.LeaveReason.NEVER_READY: DisconnectReason.JOIN_FAILURE,
    words.LeaveReason.RELAY_LOST: DisconnectReason.MEDIA_FAILURE,
    words.LeaveReason.STATE_MISMATCH: DisconnectReason.STATE_MISMATCH,
    words.LeaveReason.PROTOCOL_ERROR: DisconnectReason.SIGNAL_CLOSE,
    words.LeaveReason.SLOW_READER: DisconnectReason.SIGNAL_CLOSE,
    words.LeaveReason.OTHER: DisconnectReason.UNKNOWN_REASON,
}
_ID: Final = re.compile(r"EV_([0-9]{1,18})_[0-9a-f]{16}", re.ASCII)
ABORTED: Final = "participant_connection_aborted"


def body(row: Outgoing, dropped: int) -> bytes:
    """`dropped`: events that this receiver was not told since the last one that it took.

    Raises ValueError for a row that receivers are not told of.
    """
    event, room = row.event, Room(name=getattr(row.event, "room", ""), sid=row.room_sid)
    if row.room_started_at is not None:
        room.creation_time = int(row.room_started_at)
        room.creation_time_ms = int(row.room_started_at * 1000)
    told = WebhookEvent(id=event_id(row), created_at=int(row.at), num_dropped=dropped, room=room)
    match event:
        case RoomStarted() | RoomFinished():
            told.event = name_of(event)
        case ParticipantActive():
            told.event = "participant_joined"
            told.participant.CopyFrom(_participant(row, ParticipantInfo.State.ACTIVE))
        case ParticipantLeft():
            told.event = "participant_left" if row.was_active else ABORTED
            told.participant.CopyFrom(_participant(row, ParticipantInfo.State.DISCONNECTED))
            told.participant.disconnect_reason = _REASONS[event.reason]
        case TrackPublished() | TrackUnpublished():
            told.event = name_of(event)
            told.participant.CopyFrom(_participant(row, ParticipantInfo.State.ACTIVE))
            published = event if isinstance(event, TrackPublished) else row.published
            told.track.CopyFrom(_track(event.track, published))
        case _:
            raise ValueError(f"nobody is told of {type(event).__name__}")
    return MessageToJson(told, indent=None).encode()


def event_id(row: Outgoing) -> str:
    """The same whenever the row is told, and another for any other row: numbers may be given out twice.

    Its number is in it, so that whoever has it can ask for what came from there on (`number_of`).
    """
    told = f"{row.number} {row.at!r} {name_of(row.event)}"
    return f"EV_{row.number}_{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def number_of(event_id: str) -> int | None:
    """The number of the row that an event was made from; None: that is no id of an event."""
    found = _ID.fullmatch(event_id)
    return None if found is None else int(found[1])


def _participant(row: Outgoing, state: ParticipantInfo.State.ValueType) -> ParticipantInfo:
    who = ParticipantInfo(
        sid=getattr(row.event, "participant", ""), identity=getattr(row.event, "identity", ""), state=state
    )
    if row.joined_at is not None:
        who.joined_at = int(row.joined_at)
        who.joined_at_ms = int(row.joined_at * 1000)
    return who


def _track(sid: str, published: TrackPublished | None) -> TrackInfo:
    if published is None:
        return TrackInfo(sid=sid)
    kind = published.kind.value
    return TrackInfo(
        sid=sid,
        type=TrackType.Value(kind.upper()),
        source=TrackSource.Value(published.source.value.upper()),
        mime_type="" if published.codec is words.Codec.UNKNOWN else f"{kind}/{published.codec.value}",
    )
