"""Leaving a room: what a participant had is closed, the others are told, and its ends are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.protocol import translate
from server.room import telling, tracks
from server.room.dual import DualSubscriber
from server.room.effects import Disconnect
from server.room.inputs import SignalEnd
from server.room.participant import Participant, State
from server.room.publisher import Publisher

if TYPE_CHECKING:
    from server.room.room import Room

DISCONNECT, RECONNECT = LeaveRequest.Action.DISCONNECT, LeaveRequest.Action.RECONNECT


def remove(
    room: Room,
    participant: Participant,
    reason: models.DisconnectReason,
    action: LeaveRequest.Action | None,
    now: float,
    *,
    tell_others: bool = True,
    signal: SignalEnd = SignalEnd.LOST,
) -> None:
    """Ends a session. `action` is what the client is told to do; None: it needs no word from us."""
    if action is not None:
        room.effects.send(participant.sid, translate.leave(reason, action))
    room.effects.add(Disconnect(participant.sid))
    room.effects.restore(participant.sid)
    participant.state = State.DISCONNECTED
    participant.disconnect_reason = reason
    room.lodging.remove_member(participant)
    gone = participant.publisher.close()
    sides: list[Publisher | DualSubscriber] = [participant.publisher]
    if participant.subscriber:
        participant.subscriber.close(now)
    if isinstance(participant.subscriber, DualSubscriber):
        sides.append(participant.subscriber)
    room.dismiss(participant, now)
    if participant.waits and tell_others:
        telling.tell_of_waiting(room, participant)
        room.door.departures.note(participant.info(), now)
    course = room.qualities.leave(participant.sid)
    if participant.announced and tell_others:
        telling.tell_speakers(room, now)  # of somebody unknown, clients would not take it
        telling.announce(room, participant)
        room.departures.note(participant.info(), now)
    for track in gone:
        tracks.withdraw(room, participant, track, now)
    for side in sides:
        lost = reason == models.DisconnectReason.MEDIA_FAILURE
        room.account.closed(participant, side, now, relay_lost=lost)
        room.lodging.retire(side.transport)
    room.account.left(participant, now, int(reason), signal, course)


def differ(room: Room, participant: Participant, now: float) -> None:
    """A client and its room are in different states, which only a new session mends."""
    remove(room, participant, models.DisconnectReason.STATE_MISMATCH, RECONNECT, now)


def everybody(room: Room, reason: models.DisconnectReason, action: LeaveRequest.Action, now: float) -> None:
    """Ends all sessions; nobody is there to be told of the others."""
    for participant in room.everybody():
        remove(room, participant, reason, action, now, tell_others=False)
