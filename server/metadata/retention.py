"""When a row is gone, and the sweeping that makes it so.

Every row carries the moment it expires, computed from its declaration when it is written. Shortening a
period in the configuration shortens the life of rows already kept; lengthening it never lengthens theirs:
they were collected under the shorter promise.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Delete, case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.config import Metadata
from server.metadata.address import LedgerError
from server.metadata.connection import Connection
from server.metadata.database import FAILURES, connections, events, holds, take_turn, upkeep
from server.metadata.declared import Expiry
from server.metadata.event import EVENT_TYPES, Event, expiry_of, name_of
from server.metadata.fields import field
from server.metadata.holds import end, held
from server.metadata.projection import told
from server.metadata.rows.addresses import ParticipantAddress
from server.metadata.rows.holds import HoldLifted
from server.metadata.rows.row import Row
from server.metadata.told import stay_behind

logger = logging.getLogger(__name__)

DAY = 86_400.0
SWEEP_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that each class of fields is kept (configuration `[metadata]`)."""

    session_days: int = 30
    detail_days: int = 7
    operation_days: int = 395
    details: bool = True
    """Whether what somebody did moment by moment is kept at all."""
    addresses: Literal["drop", "pseudonym", "truncate"] = "drop"
    """What may be kept of the addresses that people join from."""

    @classmethod
    def configured(cls, metadata: Metadata) -> Retention:
        return cls(
            session_days=metadata.session_days,
            detail_days=metadata.detail_days,
            operation_days=metadata.operation_days,
            details=metadata.details,
            addresses=metadata.addresses,
        )

    def seconds(self, expiry: Expiry) -> float:
        """How long a row of this class is kept; not at all where it is switched off."""
        if expiry is Expiry.DETAIL and not self.details:
            return 0.0
        return float(getattr(self, expiry.value)) * DAY

    def period(self, kind: type[Row]) -> float:
        """How many seconds a row of this kind is kept; 0: not at all."""
        if kind is ParticipantAddress and self.addresses == "drop":
            return 0.0
        return self.seconds(expiry_of(kind))

    def keeps(self, event: Event) -> bool:
        """Whether an event of this kind is to be written."""
        return self.period(type(event)) > 0

    def expires_at(self, event: Event, at: float) -> float:
        """Seconds since the epoch at which an event that happened at `at` must be gone."""
        return at + self.period(type(event))


async def shorten(connection: AsyncConnection, retention: Retention, now: float) -> None:
    """Applies periods that became shorter to rows already there and to the lines that they began; and a
    stricter form of addresses.

    Not to what is held at `now`: it is shortened once it no longer is. Raises SQLAlchemyError.
    """
    seconds = {name_of(kind): retention.period(kind) for kind in EVENT_TYPES}
    latest = events.c.at + case(seconds, value=events.c.event)
    begun_at = case(
        (connections.c.participant.is_(None), connections.c.left_at), else_=connections.c.joined_at
    )
    last = begun_at + retention.seconds(Connection.kept_for)
    await connection.execute(
        update(events).where(events.c.expires_at > latest, ~held(now)).values(expires_at=latest)
    )
    await connection.execute(
        update(connections).where(connections.c.expires_at > last, ~told(held(now))).values(expires_at=last)
    )
    if retention.addresses == "pseudonym":
        truncated = field(events.c.body, "network").contains("/")
        await connection.execute(
            update(events)
            .where(events.c.event == name_of(ParticipantAddress), truncated, ~held(now))
            .values(expires_at=events.c.at)
        )


def expired_at(now: float) -> Delete:
    """Deletes the rows whose time is over at `now`, but for those that are held."""
    return delete(events).where(events.c.expires_at <= now, ~held(now))


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows are gone, and the legal holds that ended by themselves."""

    rows: int
    ended: tuple[HoldLifted, ...] = ()


async def sweep(engine: AsyncEngine, retention: Retention, now: float, *, shortened: bool = False) -> Swept:
    """Deletes what has expired at `now` and is not held, for good; and legal holds that are over.

    What such a hold kept is shortened first, and with `shortened` all else as well: the configuration may
    have changed.

    SQLite: `secure_delete` zeroes a deleted cell, but pages rebalanced earlier can hold copies of cells in
    their slack; VACUUM writes every page anew. PostgreSQL: a deleted row stays in its table's file until it
    is vacuumed, and its bytes until they are needed; VACUUM FULL writes each table into a new file, with
    what some transaction still sees.
    That this is due is kept with the rows (in the deleting transaction), so that a crash or a busy
    database in between only delays it to the next sweep.
    Raises SQLAlchemyError when rows could not be deleted.
    """
    async with engine.begin() as connection:
        await take_turn(connection)
        over = await connection.scalar(select(func.count()).where(holds.c.ends_at <= now))
        ended = await end(connection, now)
        if over or shortened:
            await shorten(connection, retention, now)
        gone = (await connection.execute(expired_at(now))).rowcount
        await connection.execute(delete(connections).where(connections.c.expires_at <= now))
        await stay_behind(connection)
        if gone or over:
            await connection.execute(update(upkeep).values(rewrite_due=upkeep.c.rewrite_due + 1))
    try:
        await rewrite(engine)
    except FAILURES as error:
        logger.warning("what expired is overwritten at the next sweep (%s)", type(error))
    return Swept(int(gone), tuple(ended))


_REWRITE = {"sqlite": "VACUUM", "postgresql": "VACUUM (FULL) events, connections, holds, objections"}


async def rewrite(engine: AsyncEngine) -> None:
    """Overwrites what deleted rows have left, if any were deleted since the last time.

    Raises SQLAlchemyError where the database is busy, LedgerError where somebody else still sees some of
    them; that it is due stays.
    """
    async with engine.connect() as connection:
        due = await connection.scalar(select(upkeep.c.rewrite_due))
    if due:
        await _rewrite(engine, due)


async def _is_unseen(connection: AsyncConnection) -> bool:
    from server.metadata import postgres  # with its driver, which a ledger in a file does without

    return await postgres.is_unseen(connection)


async def _rewrite(engine: AsyncEngine, due: int) -> None:
    """`due` counts the deletions that were seen before: one that came meanwhile leaves it due."""
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        unseen = engine.dialect.name == "sqlite" or await _is_unseen(autocommit)
        await autocommit.exec_driver_sql(_REWRITE[engine.dialect.name])
        if not unseen:
            raise LedgerError("a transaction that began before still sees what was deleted")
        await autocommit.execute(update(upkeep).where(upkeep.c.rewrite_due == due).values(rewrite_due=0))
