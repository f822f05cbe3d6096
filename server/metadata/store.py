"""The ledger: what the server writes, and the only thing of a conference it ever writes.

`record` never blocks and never raises: an event goes to a bounded queue, which one task writes (`writer.py`).
When the disk cannot keep up or the database is away, events wait there, and are dropped and counted beyond
it; a conference does not wait for its bookkeeping.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import database
from server.metadata.address import LedgerError
from server.metadata.crash import end_crashed_sessions
from server.metadata.database import FAILURES, Claim, alive, objections
from server.metadata.event import Event, EventError
from server.metadata.migrations.run import migrate
from server.metadata.requests import Requests
from server.metadata.retention import SWEEP_SECONDS, Retention, sweep
from server.metadata.told import Told
from server.metadata.writer import Writer
from server.metadata.writing import entry_of

logger = logging.getLogger(__name__)

QUEUE_EVENTS = 10_000
ALIVE_SECONDS = 60.0
CLOSE_SECONDS = 5.0


class Ledger:
    """Open with `Ledger.open`; `close` writes what is queued."""

    def __init__(self, claim: Claim, url: str, retention: Retention, clock: Callable[[], float]) -> None:
        self._engine = claim.engine
        self._claim = claim
        self._retention = retention
        self._clock = clock
        self._writer = Writer(claim.engine)
        self._faults = 0
        self._closed = False
        self.dropped = 0
        """Events lost because the queue was full."""
        self._unfit = 0
        self.requests = Requests(claim, self.flush, self.record, clock)
        """What people have done to the rows about them."""
        self.told = Told(claim, url, clock)
        """How far receivers of webhooks were told."""
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(
        cls,
        url: str,
        retention: Retention | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> Ledger:
        """Opens or creates the ledger at `url` (`sqlite:///file`, `postgresql://user@host/database`),
        brings its tables up to date, sweeps it, ends crashed sessions.

        `clock` gives seconds since the epoch. Raises LedgerError (an OperatorError).
        """
        retention = retention or Retention()
        claim = await database.claim(url)
        engine = claim.engine
        try:
            await migrate(engine, claim)
            swept = await sweep(engine, retention, clock(), shortened=True)
            await end_crashed_sessions(engine, retention, clock())
            await _forget_objections(engine)
            await _mark_alive(engine, clock())
        except BaseException as error:
            await claim.release()
            if isinstance(error, FAILURES) and not isinstance(error, LedgerError):
                raise LedgerError(f"the ledger {claim} cannot be used: {type(error).__name__}") from None
            raise
        ledger = cls(claim, url, retention, clock)
        for ended in swept.ended:
            ledger.record(ended)
        ledger._tasks = [
            asyncio.create_task(ledger._writer.run(), name="ledger-write"),
            asyncio.create_task(ledger._every(ALIVE_SECONDS, ledger._stay_alive), name="ledger-alive"),
            asyncio.create_task(ledger._every(SWEEP_SECONDS, ledger.sweep), name="ledger-sweep"),
        ]
        return ledger

    def record(self, event: Event) -> None:
        """Keeps an event that happens now. Never blocks, never raises; see `dropped` and `refused`."""
        if not self._retention.keeps(event):
            return
        if self._closed or self.waiting >= QUEUE_EVENTS:
            self.dropped += 1
            return
        try:
            entry = entry_of(event, self._clock(), self._retention)
        except EventError:
            self._unfit += 1
            logger.error("an event may not be kept as it is: %s", type(event))
            return
        self._writer.add(entry)

    @property
    def waiting(self) -> int:
        """Events that are not in the database yet, of at most QUEUE_EVENTS."""
        return self._writer.waiting

    @property
    def refused(self) -> int:
        """Events that their own declaration does not allow, or that no database could be made to write."""
        return self._unfit + self._writer.given_up

    @property
    def faults(self) -> int:
        """Errors that nobody foresaw, in writing or in upkeep."""
        return self._faults + self._writer.faults

    @property
    def accepts(self) -> bool:
        """Whether an event that happens now would be kept, as far as is known."""
        return not self._closed and self.waiting < QUEUE_EVENTS and not self._writer.is_stuck

    @property
    def written(self) -> asyncio.Event:
        """Set whenever something was written; who waits for it clears it."""
        return self._writer.written

    async def flush(self) -> None:
        """Returns once everything recorded before is in the file."""
        await self._writer.flush()

    async def sweep(self) -> int:
        """Deletes what has expired by now. Returns how many rows. Runs by itself hourly."""
        swept = await sweep(self._engine, self._retention, self._clock())
        for ended in swept.ended:
            self.record(ended)
        return swept.rows

    async def close(self) -> None:
        """Writes what is queued, within five seconds, and closes. Idempotent."""
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.flush()
        except TimeoutError:
            self.dropped += self.waiting
            logger.error("the ledger could not be written while closing: %d events lost", self.waiting)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(*FAILURES):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.told.aclose()
                await self._claim.release()

    async def _every(self, seconds: float, act: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await act()
            except FAILURES as error:
                logger.error("the ledger cannot be maintained (%s)", type(error))
            except Exception:
                self._faults += 1
                logger.exception("the ledger's upkeep found a fault")

    async def _stay_alive(self) -> None:
        await _mark_alive(self._engine, self._clock())


async def _forget_objections(engine: AsyncEngine) -> None:
    """Of sessions that a server before this one had: they are over."""
    async with engine.begin() as connection:
        await connection.execute(delete(objections))


async def _mark_alive(engine: AsyncEngine, now: float) -> None:
    async with engine.begin() as connection:
        await connection.execute(delete(alive))
        await connection.execute(insert(alive), [{"id": 1, "at": now}])
