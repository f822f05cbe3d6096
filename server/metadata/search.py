"""Connections that match, page by page; how many; and one of them with all its rows."""

from __future__ import annotations

import asyncio

import msgspec
from sqlalchemy import func, literal, select

from server.metadata.asking import Asking
from server.metadata.connection import Connection
from server.metadata.database import connections
from server.metadata.paging import Page, leader_of, paged, readable
from server.metadata.query import Place, Query, stretches
from server.metadata.sessions import KeptEvent, Reader

MOST_CONNECTIONS = 500
"""On a page."""
MOST_ROWS = 2_000
"""Of one connection."""
COUNTED = 1_000
COUNT_SECONDS = 0.2


class Course(msgspec.Struct, frozen=True):
    """A connection, and its rows in the order in which they happened; `complete`: there are no more."""

    connection: Connection
    rows: tuple[KeptEvent, ...]
    complete: bool


async def search(
    asking: Asking,
    query: Query,
    *,
    older: Place | None = None,
    newer: Place | None = None,
    size: int = 50,
) -> Page[Connection]:
    """The newest that match; or the next that are older than a place, or newer. MOST_CONNECTIONS at most.

    Raises LedgerError.
    """
    parts = stretches(query, asking.now(), await leader_of(asking, query))
    page = await paged(asking, parts, min(size, MOST_CONNECTIONS), older=older, newer=newer)
    return Page(tuple(one for row in page.found if (one := readable(row))), page.newer, page.older)


async def count(asking: Asking, query: Query) -> int | None:
    """How many match: COUNTED + 1 for more than that, None where it takes long. Raises LedgerError."""
    found = 0
    try:
        async with asyncio.timeout(COUNT_SECONDS):
            for part in stretches(query, asking.now(), await leader_of(asking, query)):
                each = select(literal(1)).select_from(connections).where(*part.indexed, *part.looked_at)
                at = connections.c.joined_at if part.by_time else connections.c.joined_at + 0
                some = each.order_by(at.desc()).limit(COUNTED + 1 - found).subquery()
                found += int(await asking.value(select(func.count()).select_from(some)))
    except TimeoutError:
        return None
    return found


async def course(reader: Reader, number: int) -> Course | None:
    """A connection with its rows; None: there is none of that number, or no more. Raises LedgerError."""
    c = connections.c
    found = await reader.rows(select(connections).where(c.number == number, c.expires_at > reader.now()))
    connection = readable(found[0]) if found else None
    if connection is None:
        return None
    rows = await reader.of_connection(connection, MOST_ROWS + 1)
    return Course(connection, tuple(rows[:MOST_ROWS]), len(rows) <= MOST_ROWS)
