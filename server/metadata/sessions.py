"""The ledger from its beginning to its end, or its newest part: connection by connection, or row by row.

Read page by page, beside a running server. What has expired is not shown, swept or not.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, case, func, select, tuple_

from server.metadata.asking import Asking, Line
from server.metadata.connection import Connection
from server.metadata.database import events
from server.metadata.event import Event, EventError, decode, name_of
from server.metadata.holds import held, held_until
from server.metadata.paging import leader_of, paged, readable
from server.metadata.query import Place, Query, stretches
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.tracks import TrackPublished
from server.metadata.words import TrackSource

PAGE_CONNECTIONS = 500
PAGE_EVENTS = 2000
MOST_OF_A_CODE = 100
"""Connections with one support code: it is drawn for each, and shared by those that are counted together."""


_BEGINNING = Place(0.0, 0)
_Moment = tuple[float, int]  # when, and the row's number: where a page of rows ended
_NUMBERED = (
    events.c.id,
    events.c.at,
    events.c.expires_at,
    events.c.room,
    events.c.identity,
    events.c.body,
)


class Listed(msgspec.Struct, frozen=True):
    """A connection, and what was sent in it, as far as rows of that are kept."""

    connection: Connection
    published: tuple[TrackSource, ...]


class KeptEvent(msgspec.Struct, frozen=True):
    """One row. Times in seconds since the epoch."""

    at: float
    expires_at: float
    event: Event
    held_until: float | None = None
    """It stays at least until then, whenever it expires; None: nobody has said so."""

    @property
    def gone_at(self) -> float:
        """When it is deleted."""
        return max(self.expires_at, self.held_until or 0.0)


class HeldRows(msgspec.Struct, frozen=True):
    """What a legal hold keeps about somebody: how many rows, of these how many whose own time is over, and
    until when, in seconds since the epoch."""

    rows: int
    expired: int
    until: float


class NumberedRow(msgspec.Struct, frozen=True):
    """A row as it stands; numbers count up in the order of writing."""

    id: int
    at: float
    expires_at: float
    room: str | None
    identity: str | None
    body: str


class Reader(Asking):
    """Reads a ledger. Everything here raises LedgerError when it cannot be read."""

    async def connections(self, query: Query, *, newest: int | None = None) -> AsyncIterator[Listed]:
        """Oldest first; `newest`: only so many of the last."""
        if newest is not None:
            for listed in await _last(self._connections(query, newest, newest_first=True), newest):
                yield listed
            return
        async for listed in self._connections(query, PAGE_CONNECTIONS, newest_first=False):
            yield listed

    async def events(self, query: Query, *, newest: int | None = None) -> AsyncIterator[KeptEvent]:
        """Every row, oldest first; `newest` as above. Of a query, room, identity, code and time count."""
        if newest is not None:
            for kept in await _last(self._events(query, newest_first=True), newest):
                yield kept
            return
        async for kept in self._events(query, newest_first=False):
            yield kept

    async def of_participant(self, participant: str, most: int) -> list[KeptEvent]:
        """The first `most` rows of one session, oldest first."""
        whose = (events.c.participant == participant,)
        return kept_events(await self.rows(_in_order(whose, self.now(), most)))

    async def of_connection(self, connection: Connection, most: int) -> list[KeptEvent]:
        """The first `most` rows of one connection, oldest first."""
        if connection.participant is not None:
            return await self.of_participant(connection.participant, most)
        # It is one row, which has no number in common with it; others may have come at the same moment.
        refusals = [name_of(AttemptEnded), name_of(AttemptsRefused)]
        then = (events.c.at == connection.left_at, events.c.event.in_(refusals))
        found = kept_events(await self.rows(_in_order(then, self.now(), PAGE_EVENTS)))
        return [one for one in found if _is_of(one.event, connection)][:most]

    async def held(self, room: str, identity: str) -> HeldRows | None:
        """What legal holds keep about somebody in a room; None: nothing."""
        now = self.now()
        expired = func.sum(case((events.c.expires_at <= now, 1), else_=0))
        wanted = select(func.count(), expired, func.max(held_until(now))).where(
            events.c.room == room, events.c.identity == identity, held(now)
        )
        [(rows, past, until)] = await self.rows(wanted)
        return HeldRows(rows, int(past), until) if rows else None

    async def last_number(self) -> int:
        """The highest number of a row; 0 for an empty ledger."""
        return int(await self.value(select(func.max(events.c.id))) or 0)

    async def numbered(self, above: int) -> tuple[list[NumberedRow], int]:
        """The next rows by number, a page at most, and the highest number there is."""
        wanted = select(*_NUMBERED).where(events.c.id > above).order_by(events.c.id).limit(PAGE_EVENTS)
        rows = await self.rows(wanted)
        return [NumberedRow(*row) for row in rows], await self.last_number()

    async def numbered_before(self, number: int, query: Query, newest: int) -> list[NumberedRow]:
        """The last `newest` rows that match, of those with a lower number."""
        wanted = (
            select(*_NUMBERED)
            .where(events.c.id < number, *_matching(query, self.now(), None, newest_first=True))
            .order_by(events.c.id.desc())
            .limit(newest)
        )
        return [NumberedRow(*row) for row in reversed(await self.rows(wanted))]

    async def _connections(self, query: Query, size: int, *, newest_first: bool) -> AsyncIterator[Listed]:
        parts = stretches(query, self.now(), await leader_of(self, query))
        size = min(size, PAGE_CONNECTIONS)
        place: Place | None = None if newest_first else _BEGINNING
        while True:
            older, newer = (place, None) if newest_first else (None, place)
            page = await paged(self, parts, size, older=older, newer=newer)
            found = [one for row in page.found if (one := readable(row))]
            published = await self._published([one.participant for one in found if one.participant])
            for one in found if newest_first else reversed(found):
                yield Listed(one, published.get(one.participant or "", ()))
            place = page.older if newest_first else page.newer
            if place is None:
                return

    async def _published(self, sids: Sequence[str]) -> dict[str, tuple[TrackSource, ...]]:
        """What was sent in each of these sessions, in the order of the first time."""
        kind = events.c.event == name_of(TrackPublished)
        rows = await self.rows(_in_order((events.c.participant.in_(sids), kind), self.now())) if sids else ()
        found: dict[str, dict[TrackSource, None]] = {}
        for kept in kept_events(rows):
            if isinstance(kept.event, TrackPublished):
                found.setdefault(kept.event.participant, {})[kept.event.source] = None
        return {sid: tuple(sources) for sid, sources in found.items()}

    async def _events(self, query: Query, *, newest_first: bool) -> AsyncIterator[KeptEvent]:
        if query.code is not None:
            found = await self._of_code(query)
            for kept in reversed(found) if newest_first else found:
                yield kept
            return
        now, after = self.now(), None
        while True:
            page = await self.rows(_rows(query, now, after, newest_first=newest_first))
            for kept in kept_events(page):
                yield kept
            if len(page) < PAGE_EVENTS:
                return
            after = (page[-1].at, page[-1].id)

    async def _of_code(self, query: Query) -> list[KeptEvent]:
        names = Query(code=query.code, room=query.room, identity=query.identity)
        page = await paged(self, stretches(names, self.now()), MOST_OF_A_CODE)
        found: list[KeptEvent] = []
        for row in page.found:
            if (one := readable(row)) is not None:
                found += await self.of_connection(one, PAGE_EVENTS)
        begin, end = query.since or 0.0, math.inf if query.until is None else query.until
        return sorted((one for one in found if begin <= one.at <= end), key=lambda one: one.at)


def kept_events(rows: Iterable[Line]) -> list[KeptEvent]:
    """Those that can be read: a row of an unknown kind is not worth the whole answer."""
    found = []
    for row in rows:
        with suppress(EventError):
            found.append(KeptEvent(row.at, row.expires_at, decode(row.body), row.held_until))
    return found


_Kept = TypeVar("_Kept")


async def _last(newest_first: AsyncIterator[_Kept], count: int) -> list[_Kept]:
    """The first `count` of what comes, turned round."""
    found: list[_Kept] = []
    if count:
        async for one in newest_first:
            found.append(one)
            if len(found) == count:
                break
    return found[::-1]


def _is_of(event: Event, connection: Connection) -> bool:
    """Whether this refusal is that one."""
    match event:
        case AttemptEnded(participant="", room=room, identity=identity, code=code):
            return (room, identity, code) == (connection.room, connection.identity, connection.code)
        case AttemptsRefused(code=code):
            return connection.room is None and code == connection.code
    return False


def _in_order(
    conditions: Iterable[ColumnElement[bool]], now: float, most: int | None = None
) -> Select[tuple[float, float, str, float]]:
    """The conditions find few rows; `+ 0` keeps PostgreSQL from walking through all by time instead."""
    return (
        select(events.c.at, events.c.expires_at, events.c.body, held_until(now).label("held_until"))
        .where(*conditions, events.c.expires_at + 0 > now)
        .order_by(events.c.at + 0, events.c.id)
        .limit(most)
    )


def _matching(
    query: Query, now: float, after: _Moment | None, newest_first: bool
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [events.c.expires_at > now]
    if query.room is not None:
        conditions.append(events.c.room == query.room)
    if query.identity is not None:
        conditions.append(events.c.identity == query.identity)
    if query.since is not None:
        conditions.append(events.c.at >= query.since)
    if query.until is not None:
        conditions.append(events.c.at <= query.until)
    if after is not None:
        place = tuple_(events.c.at, events.c.id)
        conditions.append(place < after if newest_first else place > after)
    return conditions


def _rows(
    query: Query, now: float, after: _Moment | None, *, newest_first: bool
) -> Select[tuple[int, float, float, str, float]]:
    order = (events.c.at.desc(), events.c.id.desc()) if newest_first else (events.c.at, events.c.id)
    return (
        select(
            events.c.id,
            events.c.at,
            events.c.expires_at,
            events.c.body,
            held_until(now).label("held_until"),
        )
        .where(*_matching(query, now, after, newest_first))
        .order_by(*order)
        .limit(PAGE_EVENTS)
    )
