"""A copy of a ledger in a file, made beside the server that writes it."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from server.metadata import address
from server.metadata.address import Database, LedgerError
from server.metadata.sqlite import BUSY_SECONDS


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
        copy.execute("DELETE FROM events WHERE expires_at <= ?", (now,))
        copy.commit()
        copy.execute("VACUUM")  # what the ledger itself still has to overwrite is not taken along
        return int(copy.execute("SELECT count(*) FROM events").fetchone()[0])
