"""Lines of the table of connections, page by page in the order of time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Select, func, select

from server.metadata.asking import Asking, Line
from server.metadata.connection import Connection, connection_of
from server.metadata.database import connections
from server.metadata.query import NAMES, Place, Query, Stretch, beyond, leaders, leading, up_to

WINDOW = 20_000
"""Lines of an index that one statement looks at."""
SEARCH_SECONDS = 1.0
"""Then no further statement is begun."""
FEW = 2_000
Found = TypeVar("Found")


class Page(msgspec.Struct, Generic[Found], frozen=True):
    """Newest first. `older` and `newer` are where the next pages begin; None: there is nothing further.

    A page is short, or empty, where looking on would have taken long: there may be more from `older` on.
    """

    found: tuple[Found, ...]
    newer: Place | None
    older: Place | None


async def leader_of(asking: Asking, query: Query) -> str | None:
    """Which of the columns that could lead finds least; None: there is none. Raises LedgerError."""
    names = leaders(query)
    if len(names) < 2 or names[0] in NAMES:
        return names[0] if names else None
    found: dict[str, int] = {}
    for name in names:
        some = select(connections.c.number).where(*leading(query, name)).limit(FEW).subquery()
        found[name] = int(await asking.value(select(func.count()).select_from(some)))
    return min(names, key=found.__getitem__)


async def paged(
    asking: Asking,
    parts: Sequence[Stretch],
    size: int,
    *,
    older: Place | None = None,
    newer: Place | None = None,
) -> Page[Line]:
    """Lines of parts that follow each other in the order of time, newest first."""
    looking = _Looking(asking, max(size, 1) + 1, forward=newer is None)
    place = older if newer is None else newer
    for part in parts if looking.forward else reversed(parts):
        await looking.go_through(part, place)
        if looking.is_over:
            break
    more, shown = len(looking.found) > looking.most - 1, looking.found[: looking.most - 1]
    further = _place(shown[-1]) if more else looking.stopped_at
    if not looking.forward:
        shown.reverse()
        back = _place(shown[-1]) if shown else place
        return Page(tuple(shown), further, back)
    back = None if place is None else _place(shown[0]) if shown else place
    return Page(tuple(shown), back, further)


class _Looking:
    """Looks for lines in one direction of time, until there are enough, or it takes too long."""

    def __init__(self, asking: Asking, most: int, *, forward: bool) -> None:
        self.found: list[Line] = []
        self.most = most
        self.forward = forward
        self.stopped_at: Place | None = None
        """It took too long, and there may be more from here on."""
        self._asking = asking
        self._until = time.monotonic() + SEARCH_SECONDS

    @property
    def is_over(self) -> bool:
        return len(self.found) >= self.most or self.stopped_at is not None

    async def go_through(self, part: Stretch, place: Place | None) -> None:
        """So many lines of the index at a time, that no statement is long. Raises LedgerError."""
        while not self.is_over:
            edge = await self._edge(part, place) if part.by_time and len(part.looked_at) > 1 else None
            await self._look(part, place, edge)
            if edge is None:
                return
            place = edge
            if time.monotonic() > self._until and not self.is_over:
                self.stopped_at = edge

    async def _edge(self, part: Stretch, place: Place | None) -> Place | None:
        """The last line of the index to be looked at in one statement; None: all that are left are few."""
        c = connections.c
        edge = self._ordered(select(c.joined_at, c.number), part, place).offset(WINDOW - 1).limit(1)
        found = await self._asking.rows(edge)
        return _place(found[0]) if found else None

    async def _look(self, part: Stretch, place: Place | None, edge: Place | None) -> None:
        lines = self._ordered(select(connections), part, place).where(*part.looked_at)
        if edge is not None:
            lines = lines.where(up_to(edge, older=self.forward))
        self.found += await self._asking.rows(lines.limit(self.most - len(self.found)))

    def _ordered(self, what: Select[Any], part: Stretch, place: Place | None) -> Select[Any]:
        c = connections.c
        further = [] if place is None else [beyond(place, older=self.forward)]
        at = c.joined_at if part.by_time else c.joined_at + 0
        order = (at.desc(), c.number.desc()) if self.forward else (at, c.number)
        return what.where(*part.indexed, *further).order_by(*order)


def readable(row: Line) -> Connection | None:
    """A line; None for one that a later version of this server wrote, which is not worth the whole answer."""
    try:
        return connection_of(row._mapping)
    except msgspec.ValidationError:
        return None


def _place(row: Line) -> Place:
    return Place(row.joined_at, row.number)
