"""The one table of events, and how its database is opened.

Only `server.metadata` imports a database. SQLite is tuned for forgetting rather than for speed: deleted
content is overwritten at once (`secure_delete`), and the rollback journal is used instead of a
write-ahead log, which would keep old pages in a second file until some later checkpoint.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, String, Table, Text, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from server.errors import OperatorError

BUSY_SECONDS = 5.0
_BIG = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER counts up by itself in SQLite

tables = MetaData()

# `body` is the event as `event.encode` wrote it; the other columns are what is searched or swept by.
events = Table(
    "events",
    tables,
    Column("id", _BIG, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),  # seconds since the epoch
    Column("expires_at", Double, nullable=False),
    Column("event", String(32), nullable=False),
    Column("room", Text),
    Column("identity", Text),
    Column("participant", String(40)),
    Column("body", Text, nullable=False),
    Index("events_by_expiry", "expires_at"),
    Index("events_by_time", "event", "at"),
    Index("events_by_participant", "participant", "event"),
    Index("events_by_room", "room", "at"),
    Index("events_by_identity", "identity", "at"),
)

# One row: when the server was last known to run. It dates the end of sessions that a crash cut off.
alive = Table(
    "alive",
    tables,
    Column("id", Integer, primary_key=True),
    Column("at", Double, nullable=False),
)


class LedgerError(OperatorError):
    """The ledger cannot be opened; the message says what to do."""


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`. Raises LedgerError."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise LedgerError('metadata.url is not a database address; "sqlite:///offrecord.db" is one') from None
    if parsed.get_backend_name() != "sqlite":
        raise LedgerError(f"metadata.url names {parsed.get_backend_name()!r}; this version keeps SQLite only")
    if not parsed.database or parsed.database == ":memory:" or parsed.query:
        raise LedgerError('metadata.url must name a file and nothing else, as in "sqlite:///offrecord.db"')
    return Path(parsed.database)


def writing_engine(path: Path) -> AsyncEngine:
    """The server's own engine: creates, writes, deletes for good."""
    return _engine(URL.create("sqlite+aiosqlite", database=str(path)), writes=True)


def reading_engine(path: Path) -> AsyncEngine:
    """Beside a running server: opened read-only by SQLite itself. The file must exist."""
    if not path.is_file():
        raise LedgerError(f"there is no ledger at {path}: has a server run here, with this configuration?")
    if not os.access(path, os.R_OK):
        raise LedgerError(f"the ledger {path} is not yours to read: run this as the server's user")
    address = path.resolve().as_uri()
    url = URL.create("sqlite+aiosqlite", database=address, query={"mode": "ro", "uri": "true"})
    return _engine(url, writes=False)


def _engine(url: URL, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=1, max_overflow=0)

    def configure(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        if writes:
            cursor.execute("PRAGMA secure_delete = ON")
            cursor.execute("PRAGMA journal_mode = DELETE")
            cursor.execute("PRAGMA temp_store = MEMORY")  # nothing beside the ledger, VACUUM's copy included
        else:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    event.listen(engine.sync_engine, "connect", configure)
    return engine


class Claim:
    """One server per ledger: a second one would take the first one's open sessions for crashed.

    Holds the file open, for its owner only (0600), from before SQLite opens it until after SQLite has
    closed it: closing any descriptor of a file drops the process's POSIX locks on it, SQLite's too.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LedgerError(f"the ledger {path} cannot be opened: {error.strerror}") from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise LedgerError(
                f"another server keeps its ledger in {path}: stop it, or set metadata.url to another file"
            ) from None

    def release(self) -> None:
        os.close(self._descriptor)


async def create_tables(engine: AsyncEngine, path: Path) -> None:
    """Idempotent. Raises LedgerError when the file is not a ledger or cannot be written."""
    try:
        async with engine.begin() as connection:
            await connection.run_sync(tables.create_all)
    except SQLAlchemyError as error:
        raise LedgerError(f"the ledger {path} cannot be used: {type(error).__name__}") from None
