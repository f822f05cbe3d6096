"""What one receiver is told next: in the order of the ledger within a room, rooms beside each other. PURE.

A room whose event was not taken waits, longer each time, and its later events with it; other rooms go on. A
room that has not been told anything for too long gives events up, one a try, until one is taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from server.metadata.outgoing import Waiting

WINDOW: Final = 500
"""So many rows after the first that was not told are looked at."""
IN_FLIGHT: Final = 8
"""Rooms that are told something at once."""
FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 60.0


@dataclass(slots=True)
class _Room:
    rows: deque[Waiting] = field(default_factory=deque)
    is_busy: bool = False
    tries: int = 0
    failing_since: float | None = None
    retry_at: float = 0.0


class Schedule:
    """`give_up` in seconds; `chance` gives a number from 0 to 1. Times are of any one clock that never goes
    back."""

    def __init__(self, give_up: float, chance: Callable[[], float]) -> None:
        self._give_up = give_up
        self._chance = chance
        self._rooms: dict[str, _Room] = {}
        self._known: set[Waiting] = set()  # waiting, or on its way
        self._done: set[Waiting] = set()  # of the window
        self._window: Sequence[Waiting] = ()
        self._cursor = 0

    def offer(self, cursor: int, window: Sequence[Waiting]) -> None:
        """The receiver was told up to `cursor`; what follows it in the ledger, WINDOW rows at most. A cursor
        that went back means that what follows is to be told again."""
        went_back = cursor < self._cursor
        if went_back:
            self._done.clear()
        self._cursor, self._window = cursor, window
        self._done.intersection_update(window)
        for row in window:
            if row not in self._known and row not in self._done:
                self._known.add(row)
                self._rooms.setdefault(row.room, _Room()).rows.append(row)
        for room in self._rooms.values() if went_back else ():
            on_its_way = [room.rows.popleft()] if room.is_busy else []
            room.rows = deque([*on_its_way, *sorted(room.rows)])

    def due(self, now: float) -> list[Waiting]:
        """What is to be told now; each has to be followed by `told`, or `failed`."""
        free = IN_FLIGHT - sum(room.is_busy for room in self._rooms.values())
        found: list[Waiting] = []
        for room in self._rooms.values():
            if len(found) >= free:
                break
            if not room.is_busy and room.retry_at <= now:
                room.is_busy = True
                found.append(room.rows[0])
        return found

    def told(self, row: Waiting) -> None:
        """It was taken, or is there no more."""
        room = self._rooms[row.room]
        room.tries, room.failing_since, room.retry_at = 0, None, 0.0
        self._settle(room, row)

    def failed(self, row: Waiting, now: float) -> bool:
        """It was not taken. Returns whether it is given up."""
        room = self._rooms[row.room]
        if room.failing_since is None:
            room.failing_since = now
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(room.tries, 16))
        room.retry_at = now + wait * (0.5 + self._chance() / 2)
        room.tries += 1
        if now - room.failing_since < self._give_up:
            room.is_busy = False
            return False
        self._settle(room, row)
        return True

    @property
    def cursor(self) -> int:
        """Up to here everything was told, or given up."""
        for row in self._window:
            if row not in self._done:
                return max(self._cursor, row.number - 1)
        return max(self._cursor, self._window[-1].number) if self._window else self._cursor

    @property
    def waiting(self) -> int:
        """Rows of the window that were not told yet."""
        return len(self._known)

    @property
    def oldest(self) -> float | None:
        """When the oldest of these happened, in seconds since the epoch; None: there is none."""
        return min((row.at for row in self._known), default=None)

    def next_try(self) -> float | None:
        """When there is something to be told, if nothing else happens; None: there is not."""
        return min((room.retry_at for room in self._rooms.values() if not room.is_busy), default=None)

    def _settle(self, room: _Room, row: Waiting) -> None:
        room.is_busy = False
        room.rows.popleft()
        self._known.discard(row)
        self._done.add(row)
        if not room.rows:
            del self._rooms[row.room]
