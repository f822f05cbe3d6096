"""New rows of a ledger as they come, each once, in the order in which they were written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Protocol

from server.metadata.event import EventError, decode
from server.metadata.query import Query
from server.metadata.sessions import KeptEvent, NumberedRow, Reader

POLL_SECONDS = 1.0
REMEMBERED = 500
"""So many of the last rows are looked at again: SQLite gives the numbers of erased rows out a second time,
and PostgreSQL may show a row after one with a higher number."""


class Numbered(Protocol):
    """A row: its number, and when it happened, in seconds since the epoch."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> float: ...


class Follower:
    """Knows which rows have been seen. Does no input or output."""

    def __init__(self, seen: Iterable[Numbered], last: int) -> None:
        """`last` is the highest number that is kept, `seen` the rows up to it, REMEMBERED at most."""
        self._seen = {row.id: row.at for row in seen}
        self._last = last

    @property
    def floor(self) -> int:
        """Only rows with a higher number are worth reading."""
        return min(self._seen) - 1 if self._seen else self._last

    def erased_above(self, last: int) -> None:
        """`last` is the highest number that is kept now; higher ones will be given out again."""
        self._seen = {number: at for number, at in self._seen.items() if number <= last}
        self._last = min(self._last, last)

    def take(self, row: Numbered) -> bool:
        """Whether this row is new. Rows come in the order of their numbers."""
        if self._seen.get(row.id) == row.at:
            return False
        self._seen[row.id] = row.at
        self._last = max(self._last, row.id)
        if len(self._seen) > REMEMBERED:
            del self._seen[min(self._seen)]
        return True


async def follow(
    reader: Reader, query: Query, newest: int, wait: Callable[[], Awaitable[object]]
) -> AsyncIterator[KeptEvent]:
    """The `newest` rows that match now, then those that are written later; without end.

    Of a query, room and identity count. `wait` comes between two looks at the ledger. Raises LedgerError when
    it cannot be read.
    """
    last = await reader.last_number()
    before, _ = await reader.numbered(max(0, last - REMEMBERED))
    follower = Follower((row for row in before if row.id <= last), last)
    for row in await reader.numbered_before(last + 1, query, newest):
        with suppress(EventError):
            yield KeptEvent(row.at, row.expires_at, decode(row.body))
    while True:
        page, highest = await reader.numbered(follower.floor)
        follower.erased_above(highest)
        new = [row for row in page if follower.take(row)]
        for row in new:
            if _matches(row, query):
                with suppress(EventError):
                    yield KeptEvent(row.at, row.expires_at, decode(row.body))
        if not new:
            await wait()


def _matches(row: NumberedRow, query: Query) -> bool:
    return query.room in (None, row.room) and query.identity in (None, row.identity)
