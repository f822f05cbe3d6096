"""What a room may hold, and how long it stays."""

from __future__ import annotations

from dataclasses import dataclass

from server.control.messages import PlayoutDelay
from server.room.rules import NO_RULES, Rules


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """From the configuration. Seconds, and a number of participants. Of so many voices at a time is sound
    forwarded, the loudest; 0: of all. Who lost its WebSocket is waited for so long; 0: not at all. `rules`
    are those that the room begins with. `may_simulate`: clients may try out what goes wrong, on themselves.
    `playout_delay` is said to all who receive a video; None: nothing is.
    """

    max_participants: int = 500
    empty_seconds: float = 300.0
    departure_seconds: float = 20.0
    require_encryption: bool = False
    loudest_voices: int = 0
    resume_seconds: float = 20.0
    rules: Rules = NO_RULES
    may_simulate: bool = False
    playout_delay: PlayoutDelay | None = None
