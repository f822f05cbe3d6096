"""What can go wrong, done on purpose for developers of apps (SimulateScenario) where that is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest, SimulateScenario

from server.protocol import translate
from server.room import leaving
from server.room.participant import Participant

if TYPE_CHECKING:
    from server.room.room import Room

Action = LeaveRequest.Action
Reason = models.DisconnectReason


def simulate(room: Room, participant: Participant, message: SimulateScenario, now: float) -> None:
    """Of one's own session alone. What is not here, and all of it elsewhere, does nothing."""
    if not room.limits.may_simulate:
        return
    match message.WhichOneof("scenario"):
        case "node_failure":
            leaving.remove(room, participant, Reason.STATE_MISMATCH, None, now)
        case "leave_request_full_reconnect":
            leaving.differ(room, participant, now)
        case "server_leave":
            leaving.remove(room, participant, Reason.SERVER_SHUTDOWN, Action.DISCONNECT, now)
        case "migration":
            room.effects.send(participant.sid, translate.leave(Reason.MIGRATION, Action.RESUME))
