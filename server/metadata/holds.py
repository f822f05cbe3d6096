"""Legal holds: which rows are kept beyond their time because a law or a claim demands it, and until when.

A hold names a room, a person or a period, and has an end. A row is held if it fits all that the hold names;
of a period, whole sessions are held that overlap it, so that none is torn. While it is held, a row is neither
deleted nor changed; past its own expiry it is shown nowhere but in what the hold itself shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, Row, ScalarSelect, and_, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.metadata.database import events, holds
from server.metadata.rows.holds import HoldLifted
from server.metadata.words import HoldReason, HoldStep


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a hold is about; None does not restrict. Times in seconds since the epoch."""

    room: str | None = None
    identity: str | None = None
    since: float | None = None
    until: float | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether it names a room, a person, or a period with both ends: to hold everything is no hold."""
        whole = self.since is not None and self.until is not None
        return self.room is not None or self.identity is not None or whole


def is_hold(row: Row[Any]) -> bool:
    """Whether a row of `holds` is one that `holding` may have written."""
    bounded = Criteria(row.room, row.identity, row.since, row.until).is_bounded
    return bounded and row.reason in set(HoldReason)


def held(now: float, row: FromClause = events) -> ColumnElement[bool]:
    """Whether a row of `events` is held at `now`."""
    return select(holds.c.id).where(holds.c.ends_at > now, _fits(row)).correlate(row).exists()


def held_until(now: float, row: FromClause = events) -> ScalarSelect[float]:
    """Until when a row of `events` is held, as of `now`; NULL: it is not."""
    ends = select(func.max(holds.c.ends_at)).where(holds.c.ends_at > now, _fits(row))
    return ends.correlate(row).scalar_subquery()


def was_held_until(row: FromClause = events) -> ScalarSelect[float]:
    """The same, also of holds that have ended and that no sweep has taken yet."""
    return select(func.max(holds.c.ends_at)).where(_fits(row)).correlate(row).scalar_subquery()


def matching(criteria: Criteria, row: FromClause = events) -> list[ColumnElement[bool]]:
    """What rows of `events` fulfil that a certain hold is about: by an index where it names somebody."""
    found: list[ColumnElement[bool]] = []
    if criteria.room is not None:
        found.append(row.c.room == criteria.room)
    if criteria.identity is not None:
        found.append(row.c.identity == criteria.identity)
    if (since := criteria.since) is not None:
        found.append(or_(row.c.at >= since, _in_session(row, lambda at: at >= since)))
    if (until := criteria.until) is not None:
        found.append(or_(row.c.at <= until, _in_session(row, lambda at: at <= until)))
    return found


async def end(connection: AsyncConnection, now: float) -> list[HoldLifted]:
    """Removes what is over by `now`, with all that it says. Returns what to keep of those that ended by
    themselves. Raises SQLAlchemyError.
    """
    over = delete(holds).where(holds.c.ends_at <= now)
    gone = await connection.execute(over.returning(holds.c.id, holds.c.reason, holds.c.lifted))
    return [
        HoldLifted(hold=number, reason=HoldReason(reason), step=HoldStep.ENDED)
        for number, reason, lifted in gone
        if not lifted
    ]


def _fits(row: FromClause) -> ColumnElement[bool]:
    return and_(
        or_(holds.c.room.is_(None), holds.c.room == row.c.room),
        or_(holds.c.identity.is_(None), holds.c.identity == row.c.identity),
        or_(
            holds.c.since.is_(None),
            row.c.at >= holds.c.since,
            _in_session(row, lambda at: at >= holds.c.since),
        ),
        or_(
            holds.c.until.is_(None),
            row.c.at <= holds.c.until,
            _in_session(row, lambda at: at <= holds.c.until),
        ),
    )


def _in_session(row: FromClause, when: Callable[[Column[float]], ColumnElement[bool]]) -> ColumnElement[bool]:
    """Whether the session that a row belongs to has a row of such a moment."""
    other = events.alias()
    return (
        select(other.c.id)
        .where(row.c.participant != "", other.c.participant == row.c.participant, when(other.c.at))
        .correlate(row, holds)
        .exists()
    )
