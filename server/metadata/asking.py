"""Questions to a ledger, beside the server that writes it: none of them may hold it for long.

In SQLite whoever reads keeps what is written waiting (the rollback journal is used, see `sqlite`). So an
answer is put together from short statements, each in a transaction of its own, and a statement that takes too
long is stopped where it is, also when nobody waits for its answer any more.

What can be asked is in `search` (connections that match, how many, one with its rows), `failures`,
`summaries` (rooms, people), `stats` and `holdings`; `sessions` reads from one end to the other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.metadata.address import LedgerError
from server.metadata.brake import Brake
from server.metadata.database import FAILURES, reading_engine, unreadable

Line = Row[*tuple[Any, ...]]
STATEMENT_SECONDS = 3.0
"""Shorter than a server waits for its turn to write (`sqlite.BUSY_SECONDS`)."""


class TooSlowError(LedgerError):
    """The question was given up; the message says what to do."""


class Asking:
    """Asks the ledger at `url`, one question after the other. Close it with `aclose`."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since the epoch. Raises LedgerError when there is no such ledger."""
        self.url = url
        self.now = clock
        self._engine: AsyncEngine = reading_engine(url)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    async def rows(self, statement: Executable, seconds: float | None = None) -> Sequence[Line]:
        """The answer to one statement, in a transaction of its own.

        Raises LedgerError when the ledger cannot be read, TooSlowError when it takes longer than `seconds`
        (STATEMENT_SECONDS).
        """
        try:
            async with self._engine.connect() as connection:
                return await _answered(
                    connection, statement, STATEMENT_SECONDS if seconds is None else seconds
                )
        except FAILURES as error:
            raise unreadable(self.url, error) from None

    async def value(self, statement: Executable, seconds: float | None = None) -> Any:
        """The first column of the only row; None where there is no row. Raises as `rows`."""
        found = await self.rows(statement, seconds)
        return found[0][0] if found else None

    async def aclose(self) -> None:
        await self._engine.dispose()


async def _answered(connection: AsyncConnection, statement: Executable, seconds: float) -> Sequence[Line]:
    """Whoever is not waited for is stopped first: a thread of SQLite cannot be cancelled."""
    brake: Brake | None = (await connection.get_raw_connection()).info.get(Brake.KEY)
    working = asyncio.ensure_future(connection.execute(statement))
    try:
        async with asyncio.timeout(seconds):
            return (await asyncio.shield(working)).all()
    except (TimeoutError, asyncio.CancelledError) as error:
        if brake is None:
            working.cancel()
        else:
            brake.pulled = True
        with suppress(asyncio.CancelledError, *FAILURES):
            await working
        if isinstance(error, TimeoutError):
            raise TooSlowError(
                f"the question was given up after {seconds:g} s: ask about a shorter period, or about less"
            ) from None
        raise
    finally:
        if brake is not None:
            brake.pulled = False
