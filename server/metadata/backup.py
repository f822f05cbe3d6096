"""A copy of a ledger in a file, made beside the server that writes it; and its end.

A copy has a mark in the header of its file (SQLite's application id), and beside it the hour in which it was
made (the user version; both: https://www.sqlite.org/fileformat.html section 1.3). So a copy that is copied
again does not grow young. A server that is started with a copy takes the mark away: then it is a ledger.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from server.metadata import address
from server.metadata.address import Database, LedgerError
from server.metadata.database import connections, holds
from server.metadata.retention import expired_at
from server.metadata.sqlite import BUSY_SECONDS, COPY_MARK

_HOUR, _DAY = 3600, 86_400
_HEADER_BYTES = 100
_MADE_AT, _MARK_AT = slice(60, 64), slice(68, 72)
_WIPED_BYTES = 1024 * 1024


def back_up(url: str, to: Path, now: float | None = None) -> int:
    """Copies the ledger at `url` to the new file `to`, its owner's only (0600), without what has expired.

    Returns how many rows of events the copy has. Raises LedgerError: not a file, not readable, or `to` is
    there already or cannot be written; nothing is left of a copy that failed.
    """
    place = address.parse(url)
    if isinstance(place, Database):
        raise LedgerError(
            f"the ledger is in {place}: copy it with PostgreSQL's own `pg_dump --format=custom --file={to}`, "
            "as a user who may read it"
        )
    if not place.path.is_file():
        raise LedgerError(f"there is no ledger at {place}: has a server run here, with this configuration?")
    try:
        os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        raise LedgerError(f"{to} is there already: a backup replaces nothing") from None
    except OSError as error:
        raise LedgerError(f"{to} cannot be written: {error.strerror}") from None
    try:
        return _copy(place.path, to, time.time() if now is None else now)
    except BaseException as error:
        to.unlink()
        if isinstance(error, sqlite3.Error):
            raise LedgerError(f"the ledger {place} cannot be copied: {type(error).__name__}") from None
        raise


def _copy(path: Path, to: Path, now: float) -> int:
    source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    with closing(source), closing(sqlite3.connect(to, timeout=BUSY_SECONDS)) as copy:
        source.backup(copy)  # in one go: the server's events wait in its memory meanwhile
        copy.execute("PRAGMA journal_mode = OFF")  # and nothing beside the copy: one that fails is removed
        copy.execute("PRAGMA temp_store = MEMORY")
        copy.execute("PRAGMA secure_delete = ON")
        over = delete(holds).where(holds.c.ends_at <= now)
        lines = delete(connections).where(connections.c.expires_at <= now)
        for statement in (over, lines, expired_at(now)):
            spoken = statement.compile(dialect=sqlite_dialect(), compile_kwargs={"literal_binds": True})
            copy.execute(str(spoken))
        copy.commit()
        copy.execute(f"PRAGMA application_id = {COPY_MARK}")
        copy.execute(f"PRAGMA user_version = {int(now) // _HOUR}")
        copy.execute("VACUUM")  # what the ledger itself still has to overwrite is not taken along
        return int(copy.execute("SELECT count(*) FROM events").fetchone()[0])


def prune(directory: Path, days: int, now: float) -> int:
    """Deletes the copies in `directory` that were made `days` days ago or earlier. Returns how many.

    Their bytes are overwritten first; a file system that copies on write, or a disk that moves blocks, may
    keep them none the less. Nothing is touched but what `back_up` made. Raises LedgerError.
    """
    gone = 0
    try:
        for path in sorted(directory.iterdir()):
            gone += _end(path, now - days * _DAY)
    except OSError as error:
        raise LedgerError(f"the copies in {directory} cannot be deleted: {error.strerror}") from None
    return gone


def _end(path: Path, made_until: float) -> bool:
    """Whether it was such a copy, and is gone."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return False
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except PermissionError:
        return False
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        header = file.read(_HEADER_BYTES)
        made = int.from_bytes(header[_MADE_AT]) * _HOUR
        if not header.startswith(b"SQLite format 3\0") or int.from_bytes(header[_MARK_AT]) != COPY_MARK:
            return False
        if made > made_until or not _is_free(file.fileno()):
            return False
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        for start in range(0, size, _WIPED_BYTES):
            file.write(bytes(min(_WIPED_BYTES, size - start)))
        os.fsync(file.fileno())
        path.unlink()
    return True


def _is_free(descriptor: int) -> bool:
    """Whether no server has the file as its ledger (`sqlite.FileClaim`)."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
