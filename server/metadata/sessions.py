"""The ledger as sessions: who was connected, when, from what kind of client, for how long; or row by row.

Read through a connection of its own to which the database refuses all writing, beside a running server.
What has expired is not shown, swept or not.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata.database import FAILURES, events, reading_engine, unreadable
from server.metadata.event import Event, EventError, decode, name_of
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.rows.tracks import TrackPublished
from server.metadata.words import Browser, LeaveReason, Sdk, System, TrackSource

PAGE_SESSIONS = 500
PAGE_EVENTS = 2000


_NUMBERED = (
    events.c.id,
    events.c.at,
    events.c.expires_at,
    events.c.room,
    events.c.identity,
    events.c.body,
)
_Place = tuple[float, int]  # when, and the row's number: where a page ended


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One participant's connection to one room. Times in seconds since the epoch."""

    room: str
    identity: str
    participant: str
    joined_at: float
    left_at: float | None
    """None: still connected, or cut off by a crash that no start has noticed yet."""
    seconds: float
    """Connected so far, or in all."""
    reason: LeaveReason | None
    join_milliseconds: int | None
    """From asking to join until media could flow; None: that did not happen."""
    sdk: Sdk
    sdk_version: str
    browser: Browser
    browser_version: int
    system: System
    published: tuple[TrackSource, ...]


class KeptEvent(msgspec.Struct, frozen=True):
    """One row. Times in seconds since the epoch."""

    at: float
    expires_at: float
    event: Event


class NumberedRow(msgspec.Struct, frozen=True):
    """A row as it stands; numbers count up in the order of writing."""

    id: int
    at: float
    expires_at: float
    room: str | None
    identity: str | None
    body: str


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for: exact names, and what overlaps [since, until]; None does not restrict."""

    room: str | None = None
    identity: str | None = None
    since: float | None = None
    until: float | None = None
    outcome: LeaveReason | None = None
    """Only sessions that ended so."""
    client: Browser | Sdk | None = None
    code: str | None = None
    """The support code of an attempt, as `ids.read_support_code` gives it: its rows, and its session's."""


class Reader:
    """Reads a ledger. Close it with `aclose`."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        """Raises LedgerError when there is no such ledger."""
        self._url = url
        self._engine: AsyncEngine = reading_engine(url)
        self._clock = clock

    async def sessions(self, query: Query, *, newest: int | None = None) -> AsyncIterator[Session]:
        """Oldest first; `newest`: only so many of the last. Raises LedgerError when it cannot be read."""
        if newest is None:
            async for session in self._sessions(query, newest_first=False):
                yield session
            return
        for session in await _last(self._sessions(query, newest_first=True), newest):
            yield session

    async def events(self, query: Query, *, newest: int | None = None) -> AsyncIterator[KeptEvent]:
        """Every row, oldest first; `newest` as above. Raises LedgerError when it cannot be read."""
        if newest is None:
            async for kept in self._events(query, newest_first=False):
                yield kept
            return
        for kept in await _last(self._events(query, newest_first=True), newest):
            yield kept

    async def _sessions(self, query: Query, *, newest_first: bool) -> AsyncIterator[Session]:
        now = self._clock()
        after: _Place | None = None
        try:
            while True:
                async with self._engine.connect() as connection:
                    wanted = _page(query, now, after, newest_first=newest_first)
                    page = (await connection.execute(wanted)).all()
                    sids = [row.participant for row in page]
                    more = (await connection.execute(_details(sids, now))).all() if sids else []
                details = _by_session(more)
                for row in page:
                    with suppress(EventError):  # a row of an unknown kind is not worth the whole answer
                        yield _session(row.at, row.body, details.get(row.participant, []), now)
                if len(page) < PAGE_SESSIONS:
                    return
                after = (page[-1].at, page[-1].id)
        except FAILURES as error:
            raise unreadable(self._url, error) from None

    async def _events(self, query: Query, *, newest_first: bool) -> AsyncIterator[KeptEvent]:
        now = self._clock()
        after: _Place | None = None
        try:
            while True:
                async with self._engine.connect() as connection:
                    wanted = _rows(query, now, after, newest_first=newest_first)
                    page = (await connection.execute(wanted)).all()
                for row in page:
                    with suppress(EventError):
                        yield KeptEvent(row.at, row.expires_at, decode(row.body))
                if len(page) < PAGE_EVENTS:
                    return
                after = (page[-1].at, page[-1].id)
        except FAILURES as error:
            raise unreadable(self._url, error) from None

    async def of_participant(self, participant: str, most: int) -> list[KeptEvent]:
        """The first `most` rows of one session, oldest first. Raises LedgerError."""
        wanted = (
            select(events.c.at, events.c.expires_at, events.c.body)
            .where(events.c.participant == participant, events.c.expires_at > self._clock())
            .order_by(events.c.at, events.c.id)
            .limit(most)
        )
        found: list[KeptEvent] = []
        try:
            async with self._engine.connect() as connection:
                for row in (await connection.execute(wanted)).all():
                    with suppress(EventError):
                        found.append(KeptEvent(row.at, row.expires_at, decode(row.body)))
        except FAILURES as error:
            raise unreadable(self._url, error) from None
        return found

    async def by_number(self, numbers: Sequence[int]) -> dict[int, Session]:
        """The sessions whose first rows have these numbers, 30,000 at most. Raises SQLAlchemyError."""
        now = self._clock()
        first = select(events.c.id, events.c.at, events.c.participant, events.c.body)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(first.where(events.c.id.in_(numbers)))).all()
            sids = [row.participant for row in rows]
            more = (await connection.execute(_details(sids, now))).all()
        details = _by_session(more)
        found: dict[int, Session] = {}
        for row in rows:
            with suppress(EventError):
                found[row.id] = _session(row.at, row.body, details.get(row.participant, []), now)
        return found

    async def last_number(self) -> int:
        """The highest number of a row; 0 for an empty ledger. Raises LedgerError."""
        try:
            async with self._engine.connect() as connection:
                return int(await connection.scalar(select(func.max(events.c.id))) or 0)
        except FAILURES as error:
            raise unreadable(self._url, error) from None

    async def numbered(self, above: int) -> tuple[list[NumberedRow], int]:
        """The next rows by number, a page at most, and the highest number there is. Raises LedgerError."""
        wanted = select(*_NUMBERED).where(events.c.id > above).order_by(events.c.id).limit(PAGE_EVENTS)
        try:
            async with self._engine.connect() as connection:
                rows = (await connection.execute(wanted)).all()
                highest = int(await connection.scalar(select(func.max(events.c.id))) or 0)
        except FAILURES as error:
            raise unreadable(self._url, error) from None
        return [NumberedRow(*row) for row in rows], highest

    async def numbered_before(self, number: int, query: Query, newest: int) -> list[NumberedRow]:
        """The last `newest` rows that match, of those with a lower number. Raises LedgerError."""
        wanted = (
            select(*_NUMBERED)
            .where(events.c.id < number, *_matching(query, self._clock(), None, newest_first=True))
            .order_by(events.c.id.desc())
            .limit(newest)
        )
        try:
            async with self._engine.connect() as connection:
                rows = (await connection.execute(wanted)).all()
        except FAILURES as error:
            raise unreadable(self._url, error) from None
        return [NumberedRow(*row) for row in reversed(rows)]

    async def aclose(self) -> None:
        await self._engine.dispose()


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


def _in_order(newest_first: bool) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    columns = (events.c.at, events.c.id)
    return (columns[0].desc(), columns[1].desc()) if newest_first else columns


def _matching(
    query: Query, now: float, after: _Place | None, newest_first: bool
) -> list[ColumnElement[bool]]:
    """All but `since`, which means something else for a session than for a moment."""
    conditions: list[ColumnElement[bool]] = [events.c.expires_at > now]
    if query.room is not None:
        conditions.append(events.c.room == query.room)
    if query.identity is not None:
        conditions.append(events.c.identity == query.identity)
    if query.code is not None:
        conditions.append(_of_code(query.code))
    if query.until is not None:
        conditions.append(events.c.at <= query.until)
    if after is not None:
        place = tuple_(events.c.at, events.c.id)
        conditions.append(place < after if newest_first else place > after)
    return conditions


def _of_code(code: str) -> ColumnElement[bool]:
    """Codes are in the body only: of few kinds of rows, and asked for by people."""
    other = events.alias()
    kinds = [name_of(kind) for kind in (AttemptEnded, AttemptsRefused, ParticipantJoined)]
    named = and_(other.c.event.in_(kinds), other.c.body.contains(f'"code":"{code}"', autoescape=True))
    ids = select(other.c.id).where(named)
    sids = select(other.c.participant).where(named, other.c.participant.like("PA%"))
    return or_(events.c.id.in_(ids), events.c.participant.in_(sids))


def _rows(
    query: Query, now: float, after: _Place | None, *, newest_first: bool
) -> Select[tuple[int, float, float, str]]:
    conditions = _matching(query, now, after, newest_first)
    if query.since is not None:
        conditions.append(events.c.at >= query.since)
    return (
        select(events.c.id, events.c.at, events.c.expires_at, events.c.body)
        .where(*conditions)
        .order_by(*_in_order(newest_first))
        .limit(PAGE_EVENTS)
    )


def _page(
    query: Query, now: float, after: _Place | None, *, newest_first: bool
) -> Select[tuple[int, float, str, str]]:
    conditions = [*_matching(query, now, after, newest_first), events.c.event == name_of(ParticipantJoined)]
    if query.client is not None:
        kind = "browser" if isinstance(query.client, Browser) else "sdk"
        conditions.append(_says(events, kind, query.client))
    if query.outcome is not None:
        ended = events.alias()
        so = select(ended.c.id).where(
            ended.c.participant == events.c.participant,
            ended.c.event == name_of(ParticipantLeft),
            _says(ended, "reason", query.outcome),
        )
        conditions.append(so.exists())
    if query.since is not None:
        left = events.alias()
        ended_before = select(left.c.id).where(
            left.c.participant == events.c.participant,
            left.c.event == name_of(ParticipantLeft),
            left.c.at < query.since,
        )
        conditions.append(~ended_before.exists())
    return (
        select(events.c.id, events.c.at, events.c.participant, events.c.body)
        .where(*conditions)
        .order_by(*_in_order(newest_first))
        .limit(PAGE_SESSIONS)
    )


def _says(table: FromClause, field: str, value: str) -> ColumnElement[bool]:
    """Whether a row has a closed word in a field. Quotes in names are escaped in a body: no name says it."""
    return table.c.body.contains(f'"{field}":"{value}"', autoescape=True)


def _details(sids: Sequence[str], now: float) -> Select[tuple[float, str, str]]:
    kinds = [name_of(kind) for kind in (ParticipantActive, ParticipantLeft, TrackPublished)]
    return (
        select(events.c.at, events.c.participant, events.c.body)
        .where(events.c.participant.in_(sids), events.c.event.in_(kinds), events.c.expires_at > now)
        .order_by(events.c.at, events.c.id)
    )


def _by_session(rows: Iterable[Row[tuple[float, str, str]]]) -> dict[str, list[tuple[float, str]]]:
    details: dict[str, list[tuple[float, str]]] = {}
    for row in rows:
        details.setdefault(row.participant, []).append((row.at, row.body))
    return details


def _session(joined_at: float, body: str, details: list[tuple[float, str]], now: float) -> Session:
    """Raises EventError."""
    joined = decode(body)
    if not isinstance(joined, ParticipantJoined):
        raise EventError("not a participant_joined")
    left_at: float | None = None
    reason: LeaveReason | None = None
    milliseconds = max(0.0, now - joined_at) * 1000
    join_milliseconds: int | None = None
    published: dict[TrackSource, None] = {}
    for at, text in details:
        match decode(text):
            case ParticipantLeft() as left:
                left_at, reason, milliseconds = at, left.reason, left.milliseconds
            case ParticipantActive() as active:
                join_milliseconds = active.join_milliseconds
            case TrackPublished() as track:
                published[track.source] = None
            case _:
                raise EventError("not a detail of a session")
    return Session(
        room=joined.room,
        identity=joined.identity,
        participant=joined.participant,
        joined_at=joined_at,
        left_at=left_at,
        seconds=round(milliseconds / 1000, 3),
        reason=reason,
        join_milliseconds=join_milliseconds,
        sdk=joined.sdk,
        sdk_version=joined.sdk_version,
        browser=joined.browser,
        browser_version=joined.browser_version,
        system=joined.system,
        published=tuple(published),
    )
