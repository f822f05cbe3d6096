"""How many are in a room, and when clients are told."""

from __future__ import annotations

from collections.abc import Iterable

from server.room.participant import Participant

ROOM_UPDATE_SECONDS = 1.0  # counts change often while people arrive; nobody needs each of them


def count(participants: Iterable[Participant]) -> tuple[int, int]:
    """Participants that the others know of, and publishers among them."""
    known = [participant for participant in participants if participant.announced]
    publishers = [one for one in known if not one.publisher.is_idle and one.published()]
    return len(known), len(publishers)


class Counts:
    """`due`: when to tell them; None where clients know. `may_differ`: somebody may have come, gone, or begun
    or ceased to publish since they were counted."""

    def __init__(self) -> None:
        self.due: float | None = None
        self.may_differ = False
        self._told = (0, 0)

    def note(self, participants: Iterable[Participant], now: float) -> None:
        """An input was worked on."""
        if self.may_differ and self.due is None and count(participants) != self._told:
            self.due = now + ROOM_UPDATE_SECONDS
        self.may_differ = False

    def told(self, participants: Iterable[Participant]) -> None:
        """Clients are told how it is now."""
        self.due = None
        self._told = count(participants)
