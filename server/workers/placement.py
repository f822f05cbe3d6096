"""Which relay a room lives on. Nothing else knows."""

from __future__ import annotations

from collections import Counter

from server.errors import RelayError
from server.workers.link import RelayLink
from server.workers.supervisor import Supervisor


class Placement:
    """A room stays on its relay until it is released or the relay is lost."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._rooms: dict[str, RelayLink] = {}

    def relay_for(self, room: str) -> RelayLink:
        """The room's relay, or the one with the fewest rooms. Raises RelayError when none serves."""
        serving = self._supervisor.serving()
        placed = self._rooms.get(room)
        if placed is not None and any(placed is relay for relay in serving):
            return placed
        if not serving:
            raise RelayError("no relay is serving at the moment")
        rooms = Counter(relay.number for relay in self._rooms.values())
        chosen = min(serving, key=lambda relay: (rooms[relay.number], relay.number))
        self._rooms[room] = chosen
        return chosen

    def release(self, room: str) -> None:
        """The room is closed. Idempotent."""
        self._rooms.pop(room, None)
