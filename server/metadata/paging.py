"""Lines of the table of connections, page by page in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Select

from server.metadata.asking import Asking, Line
from server.metadata.connection import Connection, connection_of
from server.metadata.database import connections
from server.metadata.query import Place, Stretch, beyond

Found = TypeVar("Found")


class Page(msgspec.Struct, Generic[Found], frozen=True):
    """Newest first. `older` and `newer` are where the next pages begin; None: there is nothing, as far as is
    known."""

    found: tuple[Found, ...]
    newer: Place | None
    older: Place | None


async def paged(
    asking: Asking,
    lines: Select[Any],
    parts: Sequence[Stretch],
    size: int,
    *,
    older: Place | None = None,
    newer: Place | None = None,
) -> Page[Line]:
    """Lines of a table of connections, of parts that follow each other in the order of time, newest first."""
    c, size = connections.c, max(size, 1)
    place, forward = (older, True) if newer is None else (newer, False)
    found: list[Line] = []
    for part in parts if forward else reversed(parts):
        further = [] if place is None else [beyond(place, older=forward)]
        at = c.joined_at if part.by_time else c.joined_at + 0
        order = (at.desc(), c.number.desc()) if forward else (at, c.number)
        wanted = lines.where(*part.conditions, *further).order_by(*order)
        found += await asking.rows(wanted.limit(size + 1 - len(found)))
        if len(found) > size:
            break
    more, shown = len(found) > size, found[:size]
    if not forward:
        shown.reverse()
    first, last = (_place(shown[0]), _place(shown[-1])) if shown else (None, None)
    if forward:
        return Page(tuple(shown), None if place is None else first, last if more else None)
    return Page(tuple(shown), first if more else None, last)


def readable(row: Line) -> Connection | None:
    """A line; None for one that a later version of this server wrote, which is not worth the whole answer."""
    try:
        return connection_of(row._mapping)
    except msgspec.ValidationError:
        return None


def _place(row: Line) -> Place:
    return Place(row.joined_at, row.number)
