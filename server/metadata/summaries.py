"""The sessions of a period, by room and by person."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    distinct,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata.database import FAILURES, events, reading_engine, unreadable
from server.metadata.event import name_of
from server.metadata.fields import field
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from server.metadata.sessions import Query, Reader, Session
from server.metadata.words import LeaveReason

FAILED = frozenset(
    {
        LeaveReason.CONNECTION_LOST,
        LeaveReason.NEVER_READY,
        LeaveReason.RELAY_LOST,
        LeaveReason.STATE_MISMATCH,
        LeaveReason.PROTOCOL_ERROR,
        LeaveReason.SLOW_READER,
        LeaveReason.SERVER_CRASH,
    }
)
"""Ends that nobody wanted."""
MAX_SUMMARIES = 10_000


class RoomSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds since the epoch. `connected` now, `peak` at most at once, `failures` of FAILED."""

    room: str
    first: float
    last: float
    """When somebody joined or left last."""
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
    connected: int
    failures: int
    last_session: Session
    """The last that began."""


class Summaries:
    """Reads the ledger at `url`, read-only. Close it with `aclose`."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        """Raises LedgerError when there is no such ledger."""
        self._url = url
        self._engine: AsyncEngine = reading_engine(url)
        self._reader = Reader(url, clock=clock)
        self._clock = clock

    async def rooms(self, query: Query, limit: int) -> list[RoomSummary]:
        """The `limit` rooms in which somebody joined last, of those with sessions that overlap the period.

        At most MAX_SUMMARIES. Raises LedgerError.
        """
        each = _sessions(query, self._clock()).subquery()
        last = func.max(func.coalesce(each.c.stop, each.c.start))
        counted = (
            select(
                each.c.room.label("name"),
                func.min(each.c.start),
                last,
                func.count(),
                func.count(distinct(each.c.identity)),
                *_states(each),
            )
            .group_by(each.c.room)
            .order_by(func.max(each.c.start).desc(), each.c.room)
            .limit(min(limit, MAX_SUMMARIES))
        )
        try:
            async with self._engine.connect() as connection:
                rows = (await connection.execute(counted)).all()
                names = [row[0] for row in rows]
                peaks = {
                    row[0]: row[1] for row in await connection.execute(_peaks(query, names, self._clock()))
                }
        except FAILURES as error:
            raise unreadable(self._url, error) from None
        return [
            RoomSummary(
                room=name,
                first=first,
                last=end,
                sessions=count,
                people=people,
                peak=int(peaks[name]),
                connected=int(connected),
                failures=int(failures),
            )
            for name, first, end, count, people, connected, failures in rows
        ]

    async def participants(self, query: Query, limit: int) -> list[ParticipantSummary]:
        """The `limit` who joined last, of those with sessions that overlap the period.

        At most MAX_SUMMARIES. Raises LedgerError.
        """
        now = self._clock()
        each = _sessions(query, now).subquery()
        counted = (
            select(
                each.c.identity,
                func.min(each.c.start),
                func.max(func.coalesce(each.c.stop, each.c.start)),
                func.count(),
                func.sum(func.coalesce(each.c.stop, now) - each.c.start),
                *_states(each),
                func.max(each.c.id),
            )
            .group_by(each.c.identity)
            .order_by(func.max(each.c.start).desc(), each.c.identity)
            .limit(min(limit, MAX_SUMMARIES))
        )
        try:
            async with self._engine.connect() as connection:
                rows = (await connection.execute(counted)).all()
            ended = await self._reader.by_number([row[-1] for row in rows])
        except FAILURES as error:
            raise unreadable(self._url, error) from None
        return [
            ParticipantSummary(
                identity=identity,
                first=first,
                last=last,
                sessions=count,
                seconds=round(max(0.0, seconds), 3),
                connected=int(connected),
                failures=int(failures),
                last_session=ended[number],
            )
            for identity, first, last, count, seconds, connected, failures, number in rows
            if number in ended
        ]

    async def aclose(self) -> None:
        await self._engine.dispose()
        await self._reader.aclose()


def _sessions(query: Query, now: float, rooms: Sequence[str] | None = None) -> Select[Any]:
    """Start, stop (NULL: goes on), room, identity, number of the first row, and why it ended."""
    left = events.alias()
    kind = events.c.event if rooms is None else func.coalesce(events.c.event, "")  # by room, not by kind
    conditions: list[ColumnElement[bool]] = [
        kind == name_of(ParticipantJoined),
        events.c.expires_at > now,
    ]
    if query.room is not None:
        conditions.append(events.c.room == query.room)
    if rooms is not None:
        conditions.append(events.c.room.in_(rooms))
    if query.identity is not None:
        conditions.append(events.c.identity == query.identity)
    if query.until is not None:
        conditions.append(events.c.at <= query.until)
    if query.since is not None:
        conditions.append(or_(left.c.at.is_(None), left.c.at >= query.since))
    ended = and_(left.c.participant == events.c.participant, left.c.event == name_of(ParticipantLeft))
    return (
        select(
            events.c.id,
            events.c.room,
            events.c.identity,
            events.c.at.label("start"),
            left.c.at.label("stop"),
            field(left.c.body, "reason").label("reason"),
        )
        .select_from(events.outerjoin(left, ended))
        .where(*conditions)
    )


def _states(each: Subquery) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """How many are connected, and how many failed."""
    return (
        func.sum(case((each.c.stop.is_(None), 1), else_=0)),
        func.sum(case((each.c.reason.in_(sorted(FAILED)), 1), else_=0)),
    )


def _peaks(query: Query, rooms: Sequence[str], now: float) -> Select[Any]:
    """By room: how many were at most connected at once. Who leaves at a moment is gone before others come."""
    each = _sessions(query, now, rooms).subquery()
    came = select(each.c.room, each.c.start.label("at"), literal(1).label("step"))
    went = select(each.c.room, each.c.stop, literal(-1)).where(each.c.stop.is_not(None))
    steps = union_all(came, went).subquery()
    present = func.sum(steps.c.step).over(partition_by=steps.c.room, order_by=(steps.c.at, steps.c.step))
    running = select(steps.c.room, present.label("present")).subquery()
    return select(running.c.room, func.max(running.c.present)).group_by(running.c.room)
