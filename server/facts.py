"""Facts of a room as events of the ledger: the narrow place where they meet."""

from __future__ import annotations

from livekit.protocol import models
from msgspec import structs

from server.control.messages import MediaKind, Quality
from server.metadata import event
from server.metadata.client import describe
from server.metadata.outcome import AttemptCause, QualityStep, Stage
from server.room import effects
from server.room.inputs import SignalEnd

_Reason = models.DisconnectReason
_REASONS: dict[int, event.LeaveReason] = {
    _Reason.CLIENT_INITIATED: event.LeaveReason.CLIENT_LEFT,
    _Reason.DUPLICATE_IDENTITY: event.LeaveReason.DUPLICATE_IDENTITY,
    _Reason.SERVER_SHUTDOWN: event.LeaveReason.SERVER_SHUTDOWN,
    _Reason.PARTICIPANT_REMOVED: event.LeaveReason.REMOVED,
    _Reason.ROOM_DELETED: event.LeaveReason.ROOM_CLOSED,
    _Reason.ROOM_CLOSED: event.LeaveReason.ROOM_CLOSED,
    _Reason.STATE_MISMATCH: event.LeaveReason.STATE_MISMATCH,
    _Reason.JOIN_FAILURE: event.LeaveReason.NEVER_READY,
    _Reason.CONNECTION_TIMEOUT: event.LeaveReason.CONNECTION_LOST,
    _Reason.MEDIA_FAILURE: event.LeaveReason.RELAY_LOST,
}
_ENDS = {
    SignalEnd.GOODBYE: event.LeaveReason.CLIENT_LEFT,
    SignalEnd.LOST: event.LeaveReason.CONNECTION_LOST,
    SignalEnd.SLOW_READER: event.LeaveReason.SLOW_READER,
    SignalEnd.PROTOCOL_ERROR: event.LeaveReason.PROTOCOL_ERROR,
}
_DAY_MILLISECONDS = 86_400_000


def event_of(fact: effects.Fact, user_agent: str = "") -> event.Event:
    """The event that says a fact. `user_agent` is reduced to a few closed words and goes no further."""
    match fact:
        case effects.ParticipantJoined(room, identity, sid, client, code):
            kind = describe(
                user_agent,
                sdk=_sdk_name(client.sdk),
                sdk_version=client.version,
                browser=client.browser,
                system=client.os,
            )
            return event.ParticipantJoined(
                room=room, identity=identity, participant=sid, code=code, **structs.asdict(kind)
            )
        case effects.ParticipantActive(room, identity, sid, milliseconds):
            return event.ParticipantActive(
                room=room,
                identity=identity,
                participant=sid,
                join_milliseconds=_within_a_day(milliseconds),
            )
        case effects.AttemptEnded(room, identity, sid, code, stage, milliseconds, reason, signal):
            why = AttemptCause.NONE if reason is None else AttemptCause(_leave_reason(reason, signal).value)
            return event.AttemptEnded(
                room=room,
                identity=identity,
                participant=sid,
                code=code,
                stage=Stage(stage.name.lower()),
                cause=why,
                milliseconds=_within_a_day(milliseconds),
            )
        case effects.ParticipantLeft(room, identity, sid, reason, seconds, signal, usual, worst):
            return event.ParticipantLeft(
                room=room,
                identity=identity,
                participant=sid,
                reason=_leave_reason(reason, signal),
                milliseconds=_milliseconds(seconds),
                usual_quality=_step(usual),
                worst_quality=_step(worst),
            )
        case effects.TrackPublished(room, identity, sid, track, media, source, mime):
            return event.TrackPublished(
                room=room,
                identity=identity,
                participant=sid,
                track=track,
                kind=event.TrackKind.AUDIO if media is MediaKind.AUDIO else event.TrackKind.VIDEO,
                source=event.TrackSource(source),
                codec=_codec(mime),
            )
        case effects.TrackUnpublished(room, identity, sid, track, seconds):
            return event.TrackUnpublished(
                room=room,
                identity=identity,
                participant=sid,
                track=track,
                milliseconds=_milliseconds(seconds),
            )


def _leave_reason(reason: int, signal: SignalEnd) -> event.LeaveReason:
    if reason == _Reason.SIGNAL_CLOSE:
        return _ENDS[signal]
    return _REASONS.get(reason, event.LeaveReason.OTHER)


def _step(quality: Quality | None) -> QualityStep:
    return QualityStep.UNKNOWN if quality is None else QualityStep(quality.name.lower())


def _within_a_day(milliseconds: int) -> int:
    return min(max(milliseconds, 0), _DAY_MILLISECONDS)


def _sdk_name(number: int) -> str:
    """Enumerations are open: an SDK newer than our copy of the protocol sends a number without a name."""
    value = models.ClientInfo.SDK.DESCRIPTOR.values_by_number.get(number)
    return str(value.name) if value is not None else ""


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _codec(mime: str) -> event.Codec:
    try:
        return event.Codec(mime.rpartition("/")[2].lower())
    except ValueError:
        return event.Codec.UNKNOWN
