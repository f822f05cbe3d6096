"""That something was done beside the server, as a row of its ledger."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy.exc import ProgrammingError

from server.metadata.address import LedgerError
from server.metadata.database import FAILURES, ledger_file, take_turn, tending_engine
from server.metadata.event import Event
from server.metadata.retention import Retention
from server.metadata.writing import entry_of, write


async def note(url: str, event: Event, retention: Retention, clock: Callable[[], float] = time.time) -> bool:
    """Keeps `event` as happening now. False where there is no ledger yet: no server has run.

    `clock` gives seconds since the epoch. Raises LedgerError where there is one that cannot be written.
    """
    file = ledger_file(url)
    if file is not None and not file.exists():
        return False
    engine = tending_engine(url)
    try:
        async with engine.begin() as connection:
            await take_turn(connection)
            await write(connection, [entry_of(event, clock(), retention)])
    except ProgrammingError:  # a database without the table
        return False
    except FAILURES as error:
        raise LedgerError(
            f"it was done, but the ledger could not be told ({type(error).__name__}): the access log has it"
        ) from None
    finally:
        await engine.dispose()
    return True
