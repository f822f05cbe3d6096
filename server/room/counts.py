"""How many are in a room, and when clients are told."""

from __future__ import annotations

from collections.abc import Iterable

from server.room.participant import Participant

ROOM_UPDATE_SECONDS = 1.0  # counts change often while people arrive; nobody needs each of them


def count(participants: Iterable[Participant]) -> tuple[int, int]:
    """Participants that the others know of, and publishers among them."""
    known = [participant for participant in participants if participant.announced]
    return len(known), sum(1 for participant in known if participant.published())


class Counts:
    """`due`: when to tell them; None where clients know."""

    def __init__(self) -> None:
        self.due: float | None = None
        self._told = (0, 0)

    def note(self, participants: Iterable[Participant], now: float) -> None:
        """Somebody may have come, gone, or begun to publish."""
        if self.due is None and count(participants) != self._told:
            self.due = now + ROOM_UPDATE_SECONDS

    def told(self, participants: Iterable[Participant]) -> None:
        """Clients are told how it is now."""
        self.due = None
        self._told = count(participants)
