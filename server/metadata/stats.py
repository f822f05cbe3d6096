"""What a ledger says of a period as a whole: aggregates, in which no small group of people is shown.

Each table divides the same sessions, those that joined in the period. It is one table with one total, and not
several that overlap: differences between overlapping ones would show small groups again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    case,
    cast,
    distinct,
    func,
    literal,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.metadata.database import FAILURES, events, reading_engine, unreadable
from server.metadata.event import name_of
from server.metadata.fields import field
from server.metadata.groups import Group, Shown, fold, small
from server.metadata.rows.attempts import AttemptEnded
from server.metadata.rows.operation import RelayBorn, RelayLost
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft

LEAST_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of sessions. `joins` and `people` are None where too few people joined: no group is shown then.

    Times are milliseconds from asking to join until media could flow, to two digits; None where fewer people
    than the minimum waited as long or longer, or as long or less.
    """

    least: int
    joins: int | None
    people: int | None
    outcomes: Shown
    """`client_left`; `never_ready at ice` for what ended before media could flow."""
    clients: Shown
    systems: Shown
    join_p50: int | None
    join_p95: int | None
    relays_born: dict[str, int]
    """By level. Of the server, not of people: nothing is hidden."""
    relays_lost: dict[str, int]
    """By reason."""


@dataclass(frozen=True, slots=True)
class Period:
    """Seconds since the epoch; None does not restrict."""

    since: float | None = None
    until: float | None = None
    room: str | None = None


class Counter:
    """Counts in the ledger at `url`, read-only. Close it with `aclose`."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        """Raises LedgerError when there is no such ledger."""
        self._url = url
        self._engine: AsyncEngine = reading_engine(url)
        self._clock = clock

    async def stats(self, period: Period, least: int = LEAST_PEOPLE) -> Stats:
        """`least` people at least in whatever is shown. Raises LedgerError."""
        now = self._clock()
        try:
            async with self._engine.connect() as connection:
                return await _stats(connection, period, least, now)
        except FAILURES as error:
            raise unreadable(self._url, error) from None

    async def aclose(self) -> None:
        await self._engine.dispose()


async def _stats(connection: AsyncConnection, period: Period, least: int, now: float) -> Stats:
    joined = _within(ParticipantJoined, period, now)
    total = (
        await connection.execute(select(func.count(), func.count(distinct(events.c.identity))).where(*joined))
    ).one()
    born = await _levels(connection, RelayBorn, "level", period, now)
    lost = await _levels(connection, RelayLost, "reason", period, now)
    if total[1] < least:
        nothing = Shown(enough=False)
        return Stats(least, None, None, nothing, nothing, nothing, None, None, born, lost)
    p50, p95 = await _join_times(connection, period, least, now)
    return Stats(
        least,
        int(total[0]),
        int(total[1]),
        await _groups(connection, _outcomes(joined), least),
        await _groups(connection, _by(joined, _client()), least),
        await _groups(connection, _by(joined, field(events.c.body, "system")), least),
        p50,
        p95,
        born,
        lost,
    )


def _within(kind: type, period: Period, now: float) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [events.c.event == name_of(kind), events.c.expires_at > now]
    if period.since is not None:
        conditions.append(events.c.at >= period.since)
    if period.until is not None:
        conditions.append(events.c.at <= period.until)
    if period.room is not None and hasattr(kind, "room"):
        conditions.append(events.c.room == period.room)
    return conditions


def _by(conditions: list[ColumnElement[bool]], key: ColumnElement[str]) -> Select[tuple[str, str]]:
    return select(key.label("name"), events.c.identity.label("person")).where(*conditions)


def _client() -> ColumnElement[str]:
    browser = field(events.c.body, "browser")
    return case((browser != "none", browser), else_=field(events.c.body, "sdk") + literal(" SDK", String()))


def _outcomes(conditions: list[ColumnElement[bool]]) -> Select[tuple[str, str]]:
    left, active, attempt = events.alias(), events.alias(), events.alias()

    def of(kind: type, alias: FromClause) -> ColumnElement[bool]:
        return and_(alias.c.participant == events.c.participant, alias.c.event == name_of(kind))

    reason = func.coalesce(field(left.c.body, "reason"), literal("connected", String()))
    stage = func.coalesce(field(attempt.c.body, "stage"), literal("unknown", String()))
    name = case(
        (and_(active.c.id.is_(None), left.c.id.is_(None)), literal("joining", String())),
        (active.c.id.is_(None), reason + literal(" at ", String()) + stage),
        else_=reason,
    )
    return (
        select(name.label("name"), events.c.identity.label("person"))
        .select_from(
            events.outerjoin(left, of(ParticipantLeft, left))
            .outerjoin(active, of(ParticipantActive, active))
            .outerjoin(attempt, and_(of(AttemptEnded, attempt), active.c.id.is_(None)))
        )
        .where(*conditions)
    )


async def _groups(connection: AsyncConnection, sessions: Select[tuple[str, str]], least: int) -> Shown:
    each = sessions.subquery()
    counted = await connection.execute(
        select(each.c.name, func.count(), func.count(distinct(each.c.person))).group_by(each.c.name)
    )
    groups = [Group(str(name), int(count), int(people)) for name, count, people in counted]
    names = small(groups, least)
    people = 0
    if names:
        people = (
            await connection.scalar(select(func.count(distinct(each.c.person))).where(each.c.name.in_(names)))
            or 0
        )
    return fold(groups, least, people)


async def _levels(
    connection: AsyncConnection, kind: type, key: str, period: Period, now: float
) -> dict[str, int]:
    name = field(events.c.body, key)
    counted = await connection.execute(
        select(name, func.count()).where(*_within(kind, period, now)).group_by(name).order_by(name)
    )
    return {str(one): int(count) for one, count in counted}


async def _join_times(
    connection: AsyncConnection, period: Period, least: int, now: float
) -> tuple[int | None, int | None]:
    took = cast(field(events.c.body, "join_milliseconds"), Integer)
    ready = _within(ParticipantActive, period, now)
    counted = await connection.execute(select(took, func.count()).where(*ready).group_by(took))
    times = sorted((int(milliseconds), int(count)) for milliseconds, count in counted)
    found: list[int | None] = []
    for percent in (50, 95):
        value: int | None = percentile(times, percent)
        for side in (took <= value, took >= value):
            people = await connection.scalar(
                select(func.count(distinct(events.c.identity))).where(*ready, side)
            )
            if (people or 0) < least:
                value = None
                break
        found.append(None if value is None else int(float(f"{value:.1e}")))
    return found[0], found[1]


def percentile(times: list[tuple[int, int]], percent: int) -> int:
    """Of values and how often each occurs, ascending; 0 of none."""
    reached, wanted = 0, sum(count for _, count in times) * percent / 100
    for value, count in times:
        reached += count
        if reached >= wanted:
            return value
    return 0
