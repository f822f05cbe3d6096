"""The ledger: what the server writes, and the only thing of a conference it ever writes.

`record` never blocks and never raises: an event goes to a bounded queue, one task writes it. When the
disk cannot keep up or the database is away, events wait in the queue, and are dropped and counted beyond
it; a conference does not wait for its bookkeeping.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import database
from server.metadata.address import LedgerError
from server.metadata.crash import end_crashed_sessions
from server.metadata.database import FAILURES, Claim, alive, objections, upkeep
from server.metadata.event import Event, EventError
from server.metadata.migrations.run import migrate
from server.metadata.objecting import without_objected
from server.metadata.requests import Requests
from server.metadata.retention import SWEEP_SECONDS, Retention, sweep
from server.metadata.writing import Entry, entry_of, write

logger = logging.getLogger(__name__)

QUEUE_EVENTS = 10_000
BATCH_EVENTS = 500
RETRY_SECONDS = 1.0
WRITE_SECONDS = 30.0
"""A batch that takes longer is tried again over a new connection."""
ALIVE_SECONDS = 60.0
CLOSE_SECONDS = 5.0


class Ledger:
    """Open with `Ledger.open`; `close` writes what is queued."""

    def __init__(self, claim: Claim, retention: Retention, clock: Callable[[], float]) -> None:
        self._engine = claim.engine
        self._claim = claim
        self._retention = retention
        self._clock = clock
        self._queue: deque[Entry] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self.dropped = 0
        """Events lost because the queue was full."""
        self.refused = 0
        """Events that their own declaration does not allow."""
        self.requests = Requests(claim, self.flush, self.record, clock)
        """What people have done to the rows about them."""
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
        ledger = cls(claim, retention, clock)
        for ended in swept.ended:
            ledger.record(ended)
        ledger._tasks = [
            asyncio.create_task(ledger._write(), name="ledger-write"),
            asyncio.create_task(ledger._every(ALIVE_SECONDS, ledger._stay_alive), name="ledger-alive"),
            asyncio.create_task(ledger._every(SWEEP_SECONDS, ledger.sweep), name="ledger-sweep"),
        ]
        return ledger

    def record(self, event: Event) -> None:
        """Keeps an event that happens now. Never blocks, never raises; see `dropped` and `refused`."""
        if not self._retention.keeps(event):
            return
        if self._closed or len(self._queue) >= QUEUE_EVENTS:
            self.dropped += 1
            return
        try:
            entry = entry_of(event, self._clock(), self._retention)
        except EventError:
            self.refused += 1
            logger.error("an event may not be kept as it is: %s", type(event))
            return
        self._queue.append(entry)
        self._idle.clear()
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Events that are not in the database yet, of at most QUEUE_EVENTS."""
        return len(self._queue)

    @property
    def accepts(self) -> bool:
        """Whether an event that happens now would be kept."""
        return not self._closed and len(self._queue) < QUEUE_EVENTS

    async def flush(self) -> None:
        """Returns once everything recorded before is in the file."""
        await self._idle.wait()

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
            self.dropped += len(self._queue)
            logger.error("the ledger could not be written while closing: %d events lost", len(self._queue))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(*FAILURES):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._claim.release()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = [self._queue[index] for index in range(min(BATCH_EVENTS, len(self._queue)))]
                await self._insert(batch)
                for _ in batch:
                    self._queue.popleft()
            self._idle.set()

    async def _insert(self, batch: list[Entry]) -> None:
        """Until it is done, and once: a batch has a name, by which the database knows it again."""
        name = secrets.token_hex(16)
        away = False
        while True:
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await _insert_rows(self._engine, batch, name)
            except FAILURES as error:
                if not away:
                    away = True
                    logger.error("the ledger cannot be written (%s); trying again", type(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if away:
                logger.warning("the ledger is written again")
            return

    async def _every(self, seconds: float, act: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await act()
            except FAILURES as error:
                logger.error("the ledger cannot be maintained (%s)", type(error))

    async def _stay_alive(self) -> None:
        await _mark_alive(self._engine, self._clock())


async def _insert_rows(engine: AsyncEngine, batch: list[Entry], name: str) -> None:
    """Nothing, if the batch of this name came last already: its confirmation was lost on the way."""
    async with engine.begin() as connection:
        marked = await connection.execute(update(upkeep).where(upkeep.c.batch != name).values(batch=name))
        if marked.rowcount:
            await write(connection, await without_objected(connection, batch))


async def _forget_objections(engine: AsyncEngine) -> None:
    """Of sessions that a server before this one had: they are over."""
    async with engine.begin() as connection:
        await connection.execute(delete(objections))


async def _mark_alive(engine: AsyncEngine, now: float) -> None:
    async with engine.begin() as connection:
        await connection.execute(delete(alive))
        await connection.execute(insert(alive), [{"id": 1, "at": now}])
