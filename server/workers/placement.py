"""Which relay a room lives on. Nothing else knows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

from server.errors import RelayError, RelaysFull
from server.workers.link import RelayLink
from server.workers.load import FADING

RETIRE_AFTER: Final = 5.0
"""Seconds from the end of a relay's last room until it is replaced, unless another room comes."""
BIRTH_WAIT: Final = 5.0
"""Seconds that a join waits for a relay. A birth takes a third of one; the rest is for a busy machine."""


ROOM_LOAD: Final = 0.05
"""The share of a core that a room is taken for until it is measured: a meeting of six. Without it all rooms
that begin within seconds, as at a full hour, would go to one relay."""


class Relays(Protocol):
    """What placement needs of the supervisor."""

    def serving(self) -> list[RelayLink]: ...
    async def until_serving(self, seconds: float) -> None: ...
    def has_carried(self, relay: RelayLink) -> bool: ...
    def retire(self, relay: RelayLink) -> bool: ...


class Placement:
    """A room goes to the relay that is used least, unless all have lately used more than `full`, a share of a
    core. It stays on its relay until it is released or the relay is lost.

    A relay whose last room has ended is retired: the arena is wiped by then, but what Python held of the
    handshakes and of data messages cannot be.
    """

    def __init__(self, relays: Relays, full: float, now: Callable[[], float]) -> None:
        self._relays = relays
        self._full = full
        self._now = now
        self._rooms: dict[str, RelayLink] = {}
        self._counts: Counter[RelayLink] = Counter()
        self._unmeasured: dict[str, float] = {}  # when they were placed, the oldest first

    async def until_ready(self) -> None:
        """Waits for a relay that is being born, where none serves: its UDP port is the one of the relay
        before it, so that with a single relay there is a moment without. Bounded; never raises."""
        await self._relays.until_serving(BIRTH_WAIT)

    def relay_for(self, room: str) -> RelayLink:
        """The room's relay, or the one that is used least. Raises RelayError when none serves, RelaysFull
        when none takes another room."""
        serving = self._relays.serving()
        placed = self._rooms.get(room)
        if placed is not None and any(placed is relay for relay in serving):
            return placed
        self._forget(room)
        if not serving:
            raise RelayError("no relay is serving at the moment")
        free = [relay for relay in serving if relay.load <= self._full]
        if not free:
            raise RelaysFull(f"all of {len(serving)} relays are full")
        chosen = self._least_used(free)
        self._rooms[room] = chosen
        self._counts[chosen] += 1
        self._unmeasured[room] = self._now()
        return chosen

    def release(self, room: str) -> None:
        """The room is closed. Idempotent."""
        relay = self._forget(room)
        if relay is not None and not self._counts[relay] and self._relays.has_carried(relay):
            asyncio.get_running_loop().call_later(RETIRE_AFTER, self._retire, relay)

    def _least_used(self, relays: list[RelayLink]) -> RelayLink:
        """By load in steps of `ROOM_LOAD`, with the rooms that are not measured yet; then by rooms."""
        now = self._now()
        for room, since in list(self._unmeasured.items()):
            if now - since < FADING:
                break
            del self._unmeasured[room]
        unmeasured = Counter(self._rooms[room] for room in self._unmeasured)
        return min(
            relays,
            key=lambda relay: (
                int(relay.load / ROOM_LOAD) + unmeasured[relay],
                self._counts[relay],
                relay.number,
            ),
        )

    def _forget(self, room: str) -> RelayLink | None:
        """A room is placed no longer; the relay it was on."""
        relay = self._rooms.pop(room, None)
        self._unmeasured.pop(room, None)
        if relay is not None:
            self._counts[relay] -= 1
            if not self._counts[relay]:
                del self._counts[relay]
        return relay

    def _retire(self, relay: RelayLink) -> None:
        if not self._counts[relay] and not self._relays.retire(relay):
            asyncio.get_running_loop().call_later(RETIRE_AFTER, self._retire, relay)
