"""A room with a lobby on a `stage`, and who waits to be let in."""

from __future__ import annotations

from typing import Any

from server.control.messages import TransportPhase
from server.room.inputs import LetIn
from server.room.limits import RoomLimits
from server.room.rules import Rules
from tests.unit.stage import Sending, Stage

CAMERA = Sending("video", "0", "cam")
LOBBY = RoomLimits(rules=Rules(lobby=True))


def met(limits: RoomLimits = LOBBY) -> tuple[Stage, str, str]:
    """A moderator, and somebody whom she let in."""
    stage = Stage(limits)
    mona = stage.enter("mona", room_admin=True)
    ada = enter_waiting(stage, "ada")
    stage.put(LetIn("ada"))
    stage.answer(ada)
    stage.connect(ada)
    return stage, mona, ada


def enter_waiting(stage: Stage, identity: str, **options: Any) -> str:
    """Joins, and what it has of transports connects."""
    sid = stage.join(identity, **options)
    stage.offer(sid)
    for side in [stage.room.door.waiting[sid].publisher]:
        stage.tell_transport(side.transport, TransportPhase.CONNECTED)
    return sid
