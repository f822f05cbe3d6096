"""Facts of a room as events of the ledger: the narrow place where they meet."""

from __future__ import annotations

from livekit.protocol import models
from msgspec import structs

from server.control.messages import MediaKind, Quality
from server.ended import milliseconds as whole_milliseconds
from server.ended import track_unpublished, transport_ended
from server.metadata import words
from server.metadata.client import describe
from server.metadata.event import Event
from server.metadata.outcome import AttemptCause, QualityStep, Stage
from server.metadata.rows import addresses, administration, attempts, sessions, tracks, transports
from server.room import effects
from server.room.inputs import SignalEnd

_Reason = models.DisconnectReason
_REASONS: dict[int, words.LeaveReason] = {
    _Reason.CLIENT_INITIATED: words.LeaveReason.CLIENT_LEFT,
    _Reason.DUPLICATE_IDENTITY: words.LeaveReason.DUPLICATE_IDENTITY,
    _Reason.SERVER_SHUTDOWN: words.LeaveReason.SERVER_SHUTDOWN,
    _Reason.PARTICIPANT_REMOVED: words.LeaveReason.REMOVED,
    _Reason.USER_REJECTED: words.LeaveReason.NOT_ADMITTED,
    _Reason.USER_UNAVAILABLE: words.LeaveReason.NOT_ADMITTED,
    _Reason.ROOM_DELETED: words.LeaveReason.ROOM_CLOSED,
    _Reason.ROOM_CLOSED: words.LeaveReason.ROOM_CLOSED,
    _Reason.STATE_MISMATCH: words.LeaveReason.STATE_MISMATCH,
    _Reason.JOIN_FAILURE: words.LeaveReason.NEVER_READY,
    _Reason.CONNECTION_TIMEOUT: words.LeaveReason.CONNECTION_LOST,
    _Reason.MEDIA_FAILURE: words.LeaveReason.RELAY_LOST,
}
_ENDS = {
    SignalEnd.GOODBYE: words.LeaveReason.CLIENT_LEFT,
    SignalEnd.CLOSED: words.LeaveReason.CLIENT_LEFT,
    SignalEnd.LOST: words.LeaveReason.CONNECTION_LOST,
    SignalEnd.SLOW_READER: words.LeaveReason.SLOW_READER,
    SignalEnd.PROTOCOL_ERROR: words.LeaveReason.PROTOCOL_ERROR,
}
_DAY_MILLISECONDS = 86_400_000


def event_of(fact: effects.Fact, user_agent: str = "") -> Event:
    """The event that says a fact. `user_agent` is reduced to a few closed words and goes no further."""
    match fact:
        case effects.ParticipantJoined(room, identity, sid, client, code, site, relay, generation, made):
            kind = describe(
                user_agent,
                sdk=_sdk_name(client.sdk),
                sdk_version=client.version,
                browser=client.browser,
                system=client.os,
            )
            return sessions.ParticipantJoined(
                room=room,
                identity=identity,
                participant=sid,
                code=code,
                site=site,
                relay=relay,
                generation=generation,
                transports=made,
                **structs.asdict(kind),
            )
        case effects.ParticipantActive(room, identity, sid, milliseconds):
            return sessions.ParticipantActive(
                room=room,
                identity=identity,
                participant=sid,
                join_milliseconds=_within_a_day(milliseconds),
            )
        case effects.ParticipantResumed(room, identity, sid, seconds):
            return sessions.ParticipantResumed(
                room=room, identity=identity, participant=sid, milliseconds=whole_milliseconds(seconds)
            )
        case effects.AttemptEnded(room, identity, sid, code, stage, milliseconds, reason, signal, site):
            why = AttemptCause.NONE if reason is None else AttemptCause(_leave_reason(reason, signal).value)
            return attempts.AttemptEnded(
                room=room,
                identity=identity,
                participant=sid,
                code=code,
                stage=Stage(stage.name.lower()),
                cause=why,
                milliseconds=_within_a_day(milliseconds),
                site=site,
            )
        case effects.ParticipantLeft(room, identity, sid, reason, seconds, signal, usual, worst):
            return sessions.ParticipantLeft(
                room=room,
                identity=identity,
                participant=sid,
                reason=_leave_reason(reason, signal),
                milliseconds=whole_milliseconds(seconds),
                usual_quality=_step(usual),
                worst_quality=_step(worst),
            )
        case effects.TrackPublished(room, identity, sid, track, media, source, mime):
            return tracks.TrackPublished(
                room=room,
                identity=identity,
                participant=sid,
                track=track,
                kind=words.TrackKind.AUDIO if media is MediaKind.AUDIO else words.TrackKind.VIDEO,
                source=words.TrackSource(source),
                codec=_codec(mime),
            )
        case effects.TrackUnpublished():
            return track_unpublished(fact)
        case effects.TransportClosed():
            return transport_ended(fact)
        case effects.Administered(room, "", "", act):
            return administration.RoomAdministered(room=room, act=words.RoomAct(act.name.lower()))
        case effects.Administered(room, identity, sid, act):
            return administration.ParticipantAdministered(
                room=room, identity=identity, participant=sid, act=words.ParticipantAct(act.name.lower())
            )
        case effects.QualityChanged(room, identity, sid, quality):
            return transports.QualityChanged(
                room=room, identity=identity, participant=sid, quality=_step(quality)
            )


def address_event(fact: effects.Fact, network: str) -> Event:
    """What is kept of the address that the session of a fact came from: `network`."""
    return addresses.ParticipantAddress(
        room=fact.room, identity=fact.identity, participant=fact.sid, network=network
    )


def _leave_reason(reason: int, signal: SignalEnd) -> words.LeaveReason:
    if reason == _Reason.SIGNAL_CLOSE:
        return _ENDS[signal]
    return _REASONS.get(reason, words.LeaveReason.OTHER)


def _step(quality: Quality | None) -> QualityStep:
    return QualityStep.UNKNOWN if quality is None else QualityStep(quality.name.lower())


def _within_a_day(milliseconds: int) -> int:
    return min(max(milliseconds, 0), _DAY_MILLISECONDS)


def _sdk_name(number: int) -> str:
    """Enumerations are open: an SDK newer than our copy of the protocol sends a number without a name."""
    value = models.ClientInfo.SDK.DESCRIPTOR.values_by_number.get(number)
    return str(value.name) if value is not None else ""


def _codec(mime: str) -> words.Codec:
    try:
        return words.Codec(mime.rpartition("/")[2].lower())
    except ValueError:
        return words.Codec.UNKNOWN
