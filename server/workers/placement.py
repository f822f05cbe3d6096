"""Which relay a room lives on. Nothing else knows."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final, Protocol

from server.errors import RelayError
from server.workers.link import RelayLink

RETIRE_AFTER: Final = 5.0
"""Seconds from the end of a relay's last room until it is replaced, unless another room comes."""
BIRTH_WAIT: Final = 5.0
"""Seconds that a join waits for a relay. A birth takes a third of one; the rest is for a busy machine."""


class Relays(Protocol):
    """What placement needs of the supervisor."""

    def serving(self) -> list[RelayLink]: ...
    async def until_serving(self, seconds: float) -> None: ...
    def has_carried(self, relay: RelayLink) -> bool: ...
    def retire(self, relay: RelayLink) -> bool: ...


class Placement:
    """A room stays on its relay until it is released or the relay is lost.

    A relay whose last room has ended is retired: the arena is wiped by then, but what Python held of the
    handshakes and of data messages cannot be.
    """

    def __init__(self, relays: Relays) -> None:
        self._relays = relays
        self._rooms: dict[str, RelayLink] = {}

    async def until_ready(self) -> None:
        """Waits for a relay that is being born, where none serves: its UDP port is the one of the relay
        before it, so that with a single relay there is a moment without. Bounded; never raises."""
        await self._relays.until_serving(BIRTH_WAIT)

    def relay_for(self, room: str) -> RelayLink:
        """The room's relay, or the one with the fewest rooms. Raises RelayError when none serves."""
        serving = self._relays.serving()
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
        relay = self._rooms.pop(room, None)
        if relay is not None and not self._is_used(relay) and self._relays.has_carried(relay):
            asyncio.get_running_loop().call_later(RETIRE_AFTER, self._retire, relay)

    def _is_used(self, relay: RelayLink) -> bool:
        return any(each is relay for each in self._rooms.values())

    def _retire(self, relay: RelayLink) -> None:
        if not self._is_used(relay) and not self._relays.retire(relay):
            asyncio.get_running_loop().call_later(RETIRE_AFTER, self._retire, relay)
