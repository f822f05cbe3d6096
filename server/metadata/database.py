"""The tables of a ledger, and how it is opened: to write, by one server; to read, beside it.

Only `server.metadata` imports a database. What differs between the two that can hold a ledger is in
`sqlite` and `postgres`; everything else of this package speaks to either through SQLAlchemy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
    update,
)
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.metadata import address
from server.metadata.address import File, LedgerError

FAILURES = (SQLAlchemyError, OSError, LedgerError)
"""What a database that is away, busy or slow raises; time-outs are among them."""

_BIG = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER counts up by itself in SQLite

tables = MetaData()


def _where(sqlite: str, postgresql: str | None = None) -> dict[str, Any]:
    """What rows an index is about. A question uses it only if it says the same, word for word."""
    return {"sqlite_where": text(sqlite), "postgresql_where": text(postgresql or sqlite)}


# The tables as the last of `migrations` leaves them; a test compares. A column says what it is for, unless it
# is a field of the declaration, kept beside the body to search and sort by.
events = Table(
    "events",
    tables,
    Column("id", _BIG, primary_key=True, autoincrement=True, doc="the order of writing"),
    Column("at", Double, nullable=False, doc="when it happened, seconds since the epoch"),
    Column("expires_at", Double, nullable=False, doc="when the row must be gone, seconds since the epoch"),
    Column("event", String(32), nullable=False, doc="which kind of row it is"),
    Column("room", Text),
    Column("identity", Text),
    Column("participant", String(40)),
    Column("body", Text, nullable=False, doc="the row: its kind and fields, as JSON"),
    Index("events_by_expiry", "expires_at"),
    Index("events_by_time", "event", "at"),
    Index("events_by_moment", "at"),
    Index("events_by_participant", "participant", "event", "at"),
    Index("events_by_room", "room", "at"),
    Index("events_by_identity", "identity", "at"),
)

# A line for each attempt to join, told from `events` (`projection`); `Connection` declares the columns, and
# those that say nothing here are fields of these events. What most lines have in common is in no index.
connections = Table(
    "connections",
    tables,
    Column("number", _BIG, primary_key=True, autoincrement=True, doc="its own, never given twice"),
    Column("room", Text),
    Column("identity", Text),
    Column("participant", String(40)),
    Column("code", String(9), nullable=False),
    Column("site", Text, nullable=False),
    Column("joined_at", Double, nullable=False, doc="when who asked was let in; when they asked, if not"),
    Column("active_at", Double, doc="when media could flow"),
    Column("left_at", Double, doc="when it ended, or was refused"),
    Column("stage", String(16)),
    Column("outcome", String(32), doc="the reason of leaving, or the cause of a refusal"),
    Column("failed", Boolean, nullable=False, doc="whether it ended as nobody wanted"),
    Column("attempts", Integer, nullable=False, doc="how many; more than one where they are only counted"),
    Column("milliseconds", BigInteger),
    Column("join_milliseconds", Integer),
    Column("sdk", String(16), nullable=False),
    Column("sdk_version", String(14), nullable=False),
    Column("browser", String(16), nullable=False),
    Column("browser_version", Integer, nullable=False),
    Column("system", String(16), nullable=False),
    Column("usual_quality", String(16), nullable=False),
    Column("worst_quality", String(16), nullable=False),
    Column("expires_at", Double, nullable=False, doc="that of the row which began it"),
    Index("connections_by_time", "joined_at", "number"),
    Index("connections_by_room", "room", "joined_at", "number"),
    Index("connections_by_identity", "identity", "joined_at", "number"),
    Index("connections_by_participant", "participant"),
    Index("connections_by_code", "code", "joined_at", "number"),
    Index("connections_by_end", "left_at", "joined_at"),
    Index("connections_by_expiry", "expires_at"),
    Index("connections_by_site", "site", "joined_at", "number", **_where("site <> ''")),
    Index("connections_by_sdk", "sdk", "joined_at", "number", **_where("sdk <> 'js'")),
    Index("connections_by_browser", "browser", "joined_at", "number", **_where("browser <> 'none'")),
    Index("connections_by_stage", "stage", "joined_at", "number", **_where("stage <> 'media'")),
    Index("connections_by_outcome", "outcome", "joined_at", "number", **_where("outcome <> 'client_left'")),
    Index("connections_failed", "joined_at", "number", **_where("failed = 1", "failed")),
    Index("connections_failed_by_end", "left_at", **_where("failed = 1", "failed")),
    sqlite_autoincrement=True,  # a number that is erased is not given to somebody else
)

alive = Table(
    "alive",
    tables,
    Column("id", Integer, primary_key=True, doc="the only row"),
    Column(
        "at",
        Double,
        nullable=False,
        doc="when the server was last known to run; dates the end of sessions that a crash cut off",
    ),
)

upkeep = Table(
    "upkeep",
    tables,
    Column("id", Integer, primary_key=True, doc="the only row"),
    Column("rewrite_due", Integer, nullable=False, doc="whether deleted rows are still to be overwritten"),
    Column("batch", String(40), nullable=False, doc="a random name of what was written last: never twice"),
)

holds = Table(
    "holds",
    tables,
    Column("id", _BIG, primary_key=True, autoincrement=True, doc="its own, never given twice"),
    Column("room", Text, doc="only rows of this room are held"),
    Column("identity", Text, doc="only rows about this name are held"),
    Column("since", Double, doc="only sessions that were not over by then, seconds since the epoch"),
    Column("until", Double, doc="only sessions that had begun by then, seconds since the epoch"),
    Column("reason", String(16), nullable=False, doc="why: a word"),
    Column("placed_at", Double, nullable=False, doc="since when, seconds since the epoch"),
    Column("ends_at", Double, nullable=False, doc="until when it holds, seconds since the epoch"),
    Column(
        "lifted", Integer, nullable=False, doc="whether it was ended before its time; gone at the next sweep"
    ),
    sqlite_autoincrement=True,
)

objections = Table(
    "objections",
    tables,
    Column(
        "participant",
        String(40),
        primary_key=True,
        doc="a session that goes on, of whose details nothing more is written; gone with its end",
    ),
)

webhooks = Table(
    "webhooks",
    tables,
    Column("receiver", String(64), primary_key=True, doc="SHA-256 of the address, which may hold a secret"),
    Column("told", BigInteger, nullable=False, doc="the number of the row up to which it was told"),
)

schema_version = Table(
    "schema_version",
    tables,
    Column("id", Integer, primary_key=True, doc="the only row"),
    Column("version", Integer, nullable=False, doc="the number of the last migration"),
)


async def take_turn(connection: AsyncConnection) -> None:
    """Until this transaction ends, nobody else writes who asks for a turn, as everybody does who writes more
    than one statement. Asked for first, it lets nobody wait for each other. Raises SQLAlchemyError."""
    await connection.execute(update(upkeep).values(batch=upkeep.c.batch))


class Claim(Protocol):
    """A ledger that this process alone writes. Prints as where it is, without anything secret."""

    @property
    def engine(self) -> AsyncEngine:
        """Creates, writes, deletes for good."""

    async def release(self) -> None:
        """Closes the engine and lets another server have the ledger."""


async def claim(url: str) -> Claim:
    """Raises LedgerError: no such place, unreachable, not ours to write, or another server has it."""
    place = address.parse(url)
    if isinstance(place, File):
        from server.metadata import sqlite

        return sqlite.FileClaim(place.path)
    from server.metadata import postgres

    return await postgres.claim(place)


def reading_engine(url: str) -> AsyncEngine:
    """Beside a running server: the database itself refuses to write. Raises LedgerError."""
    place = address.parse(url)
    if isinstance(place, File):
        from server.metadata import sqlite

        return sqlite.reading_engine(place.path)
    from server.metadata import postgres

    return postgres.reading_engine(place)


def tending_engine(url: str) -> AsyncEngine:
    """Writes beside a running server, for what an operator does by hand. Raises LedgerError."""
    place = address.parse(url)
    if isinstance(place, File):
        from server.metadata import sqlite

        return sqlite.tending_engine(place.path)
    from server.metadata import postgres

    return postgres.tending_engine(place)


def ledger_file(url: str) -> Path | None:
    """The file of a ledger that is kept on this machine; None for a database. Raises LedgerError."""
    place = address.parse(url)
    return place.path if isinstance(place, File) else None


def unreadable(url: str, error: BaseException) -> LedgerError:
    """What to tell of a failure while reading: never the database's own words, which may quote a row."""
    if isinstance(error, LedgerError):
        return error
    where = address.parse(url)
    if isinstance(error, ProgrammingError):
        return LedgerError(f"there is no ledger in {where} that you may read: has a server run with it?")
    return LedgerError(f"the ledger {where} cannot be read: {type(error).__name__}")
