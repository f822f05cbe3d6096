"""The connections of a period, by room and by person.

A page is made of the last line of each: which is the last of its room is told by the index of rooms, so that
no more is read than is shown. Then the lines of those on the page are summed up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    distinct,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from server.metadata.asking import Asking, Line
from server.metadata.connection import Connection
from server.metadata.database import connections
from server.metadata.paging import Page, paged, readable
from server.metadata.query import Conditions, Place, Query, overlapping, stretches, wanted

MOST_SUMMARIES = 200
"""On a page."""
_FEW = 20
"""People or rooms whose lines are summed up in one statement, which may be many."""


class RoomSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds since the epoch. `connected` now, `peak` at most at once.

    `sessions` and `people` are of those who were let in; `failures` of all that failed (`Connection.failed`).
    """

    room: str
    first: float
    last: float
    """When somebody joined or left last, or was refused."""
    sessions: int
    people: int
    peak: int
    connected: int
    failures: int


class ParticipantSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody of one identity, in whichever room. Times in seconds since the epoch."""

    identity: str
    first: float
    last: float
    sessions: int
    seconds: float
    """Connected, in all."""
    connected: int
    failures: int
    last_connection: Connection
    """The last that began."""


async def rooms(
    asking: Asking,
    query: Query,
    *,
    older: Place | None = None,
    newer: Place | None = None,
    size: int = 50,
) -> Page[RoomSummary]:
    """Rooms with connections that overlap the period, by when the last of these began, newest first.

    Of a query, names and the time count. MOST_SUMMARIES at most. Raises LedgerError.
    """
    page = await _last_lines(asking, connections.c.room, query, size, older=older, newer=newer)
    names = [row.room for row in page.found]
    people = func.count(distinct(case((connections.c.participant.is_not(None), connections.c.identity))))
    sums = await _summed(asking, connections.c.room, query, names, people)
    peaks = await _by_few(asking, names, lambda few: _peaks(query, few, asking.now()))
    found = tuple(
        RoomSummary(
            room=name,
            first=row.first,
            last=row.last,
            sessions=int(row.sessions),
            people=int(row.other),
            peak=int(peaks[name].peak) if name in peaks else 0,
            connected=int(row.connected),
            failures=int(row.failures),
        )
        for name in names
        if (row := sums.get(name)) is not None
    )
    return Page(found, page.newer, page.older)


async def people(
    asking: Asking,
    query: Query,
    *,
    older: Place | None = None,
    newer: Place | None = None,
    size: int = 50,
) -> Page[ParticipantSummary]:
    """Who had connections that overlap the period; else as `rooms`. Raises LedgerError."""
    now = asking.now()
    page = await _last_lines(asking, connections.c.identity, query, size, older=older, newer=newer)
    seconds = func.sum(
        case(
            (
                connections.c.participant.is_not(None),
                func.coalesce(connections.c.left_at, now) - connections.c.joined_at,
            ),
            else_=0.0,
        )
    )
    names = [row.identity for row in page.found]
    sums = await _summed(asking, connections.c.identity, query, names, seconds)
    found = tuple(
        ParticipantSummary(
            identity=row.identity,
            first=sums[row.identity].first,
            last=sums[row.identity].last,
            sessions=int(sums[row.identity].sessions),
            seconds=round(max(0.0, sums[row.identity].other), 3),
            connected=int(sums[row.identity].connected),
            failures=int(sums[row.identity].failures),
            last_connection=last,
        )
        for row in page.found
        if row.identity in sums and (last := readable(row)) is not None
    )
    return Page(found, page.newer, page.older)


async def _last_lines(
    asking: Asking,
    whose: Column[Any],
    query: Query,
    size: int,
    *,
    older: Place | None,
    newer: Place | None,
) -> Page[Line]:
    """The last line of each room or person that matches, newest first."""
    now, names = asking.now(), _names_of(query)
    later = connections.alias("later")
    here = tuple_(connections.c.joined_at, connections.c.number)
    is_later = tuple_(later.c.joined_at, later.c.number) > here
    until = [] if query.until is None else [later.c.joined_at <= query.until]
    another = select(later.c.number).where(
        later.c[whose.name] == whose, is_later, *until, *_matching(names, now, later)
    )
    parts = [part.only(whose.is_not(None), ~another.exists()) for part in stretches(names, now)]
    return await paged(asking, parts, min(size, MOST_SUMMARIES), older=older, newer=newer)


def _names_of(query: Query) -> Query:
    return Query(room=query.room, identity=query.identity, since=query.since, until=query.until)


def _matching(query: Query, now: float, table: FromClause = connections) -> Conditions:
    """For what is found by room or person."""
    return [*wanted(query, now, table), *overlapping(query, table)]


async def _summed(
    asking: Asking, whose: Column[Any], query: Query, names: Sequence[str], other: ColumnElement[Any]
) -> dict[str, Line]:
    """Sums by name, with one of the caller's as `other`."""
    c = connections.c
    matching = _matching(_names_of(query), asking.now())
    let_in = c.participant.is_not(None)

    def sums(few: Sequence[str]) -> Select[Any]:
        return (
            select(
                whose.label("name"),
                func.min(c.joined_at).label("first"),
                func.max(func.coalesce(c.left_at, c.joined_at)).label("last"),
                func.sum(case((let_in, 1), else_=0)).label("sessions"),
                func.sum(case((and_(let_in, c.left_at.is_(None)), 1), else_=0)).label("connected"),
                func.sum(case((c.failed, 1), else_=0)).label("failures"),
                other.label("other"),
            )
            .where(whose.in_(few), *matching)
            .group_by(whose)
        )

    return await _by_few(asking, names, sums)


async def _by_few(
    asking: Asking, names: Sequence[str], statement: Callable[[Sequence[str]], Select[Any]]
) -> dict[str, Line]:
    found: dict[str, Line] = {}
    for start in range(0, len(names), _FEW):
        rows = await asking.rows(statement(names[start : start + _FEW]))
        found.update((row.name, row) for row in rows)
    return found


def _peaks(query: Query, rooms: Sequence[str], now: float) -> Select[Any]:
    """By room: how many were at most connected at once. Who leaves at a moment is gone before others come."""
    each = (
        select(connections.c.room, connections.c.joined_at, connections.c.left_at)
        .where(
            connections.c.room.in_(rooms),
            connections.c.participant.is_not(None),
            *_matching(_names_of(query), now),
        )
        .subquery()
    )
    came = select(each.c.room, each.c.joined_at.label("at"), literal(1).label("step"))
    went = select(each.c.room, each.c.left_at, literal(-1)).where(each.c.left_at.is_not(None))
    steps = union_all(came, went).subquery()
    present = func.sum(steps.c.step).over(partition_by=steps.c.room, order_by=(steps.c.at, steps.c.step))
    running = select(steps.c.room, present.label("present")).subquery()
    peak = func.max(running.c.present).label("peak")
    return select(running.c.room.label("name"), peak).group_by(running.c.room)
