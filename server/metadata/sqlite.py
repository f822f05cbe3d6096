"""A ledger in a file, with SQLite tuned for forgetting rather than for speed.

Deleted content is overwritten at once (`secure_delete`), and the rollback journal is used instead of a
write-ahead log, which would keep old pages in a second file until some later checkpoint.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from server.metadata.address import LedgerError
from server.metadata.brake import Brake

BUSY_SECONDS = 5.0
COPY_MARK = int.from_bytes(b"OFRC")
"""The application id of a copy (`backup`), which a ledger does not have."""


class FileClaim:
    """One server per ledger: a second one would take the first one's open sessions for crashed.

    Holds the file open, for its owner only (0600), from before SQLite opens it until after SQLite has
    closed it: closing any descriptor of a file drops the process's POSIX locks on it, SQLite's too.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
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
        self.engine = _engine(URL.create("sqlite+aiosqlite", database=str(path)), writes=True)
        event.listen(self.engine.sync_engine, "connect", _is_a_ledger)

    def __str__(self) -> str:
        return str(self._path)

    async def release(self) -> None:
        try:
            await self.engine.dispose()
        finally:
            os.close(self._descriptor)


def reading_engine(path: Path) -> AsyncEngine:
    """Opened read-only by SQLite itself. The file must exist."""
    return _engine(_existing(path, "ro"), writes=False)


def tending_engine(path: Path) -> AsyncEngine:
    """Writes beside the server that has the claim: SQLite lets one after the other. The file must exist."""
    return _engine(_existing(path, "rw"), writes=True)


def _existing(path: Path, mode: str) -> URL:
    """`mode` is "ro" or "rw", as SQLite has it."""
    if not path.is_file():
        raise LedgerError(f"there is no ledger at {path}: has a server run here, with this configuration?")
    if not os.access(path, os.R_OK if mode == "ro" else os.R_OK | os.W_OK):
        raise LedgerError(f"the ledger {path} is not yours to read: run this as the server's user")
    return URL.create(
        "sqlite+aiosqlite", database=path.resolve().as_uri(), query={"mode": mode, "uri": "true"}
    )


def _is_a_ledger(connection: Any, _record: object) -> None:
    """A copy that a server is started with is none any more: nobody may delete it for its age."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA application_id")
    if cursor.fetchone() == (COPY_MARK,):
        cursor.execute("PRAGMA application_id = 0")
        cursor.execute("PRAGMA user_version = 0")
    cursor.close()


def _engine(url: URL, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=1, max_overflow=0)

    def configure(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        # Nothing beside the ledger: neither what is sorted for an answer nor VACUUM's copy.
        cursor.execute("PRAGMA temp_store = MEMORY")
        if writes:
            cursor.execute("PRAGMA secure_delete = ON")
            cursor.execute("PRAGMA journal_mode = DELETE")
        else:
            cursor.execute("PRAGMA query_only = ON")
            brake = record.info[Brake.KEY] = Brake()
            brake.fit(connection)
        cursor.close()

    event.listen(engine.sync_engine, "connect", configure)
    return engine
