"""Participants whose WebSocket is gone while their media goes on: they are waited for.

A session ends at once where its client has said goodbye, where it was cut off, or where no media flows. Else
the participant stays in the room, for everybody to see, or before its door, until the client comes back
(`resuming.py`) or its time is up. Who comes meanwhile receives nothing of it before it has been shown who
that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol import models

from server.room import leaving
from server.room.inputs import SignalEnd
from server.room.participant import Absence, Participant

if TYPE_CHECKING:
    from server.room.room import Room

CLOSED_SECONDS = 5.0
"""SDKs close their WebSocket in an orderly way just before they come back by another."""


def signal_lost(room: Room, participant: Participant, end: SignalEnd, now: float) -> None:
    """A participant's WebSocket is gone."""
    seconds = _patience(room, participant, end)
    if not seconds:
        leaving.remove(room, participant, _reason(end), None, now, signal=end)
        return
    if participant.absence is not None:  # it was shown nobody since
        return
    others = () if participant.waits else room.participants.values()
    shown = frozenset(one.sid for one in others if one.announced)
    participant.absence = Absence(now, now + seconds, end, shown)
    room.effects.withhold(participant.sid)


def give_up(room: Room, participant: Participant, now: float) -> None:
    """An absent participant is not waited for any more."""
    assert participant.absence is not None, "who is there is not given up"
    end = participant.absence.end
    leaving.remove(room, participant, _reason(end), None, now, signal=end)


def _patience(room: Room, participant: Participant, end: SignalEnd) -> float:
    if not participant.is_resumable:
        return 0.0
    if end is SignalEnd.CLOSED:
        return min(room.limits.resume_seconds, CLOSED_SECONDS)
    return room.limits.resume_seconds if end is SignalEnd.LOST else 0.0


def _reason(end: SignalEnd) -> models.DisconnectReason:
    by_wish = end in {SignalEnd.GOODBYE, SignalEnd.CLOSED}
    return models.DisconnectReason.CLIENT_INITIATED if by_wish else models.DisconnectReason.SIGNAL_CLOSE
