"""The tables of a ledger, and how it is opened: to write, by one server; to read, beside it.

Only `server.metadata` imports a database. What differs between the two that can hold a ledger is in
`sqlite` and `postgres`; everything else of this package speaks to either through SQLAlchemy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import address
from server.metadata.address import File, LedgerError

FAILURES = (SQLAlchemyError, OSError, LedgerError)
"""What a database that is away, busy or slow raises; time-outs are among them."""

_BIG = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER counts up by itself in SQLite

tables = MetaData()

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

schema_version = Table(
    "schema_version",
    tables,
    Column("id", Integer, primary_key=True, doc="the only row"),
    Column("version", Integer, nullable=False, doc="the number of the last migration"),
)


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
