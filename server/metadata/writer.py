"""The queue of events, and the one task that writes them, in their order, each once.

A database that is away, busy or slow is waited for. An error that nobody foresaw is a fault: it is counted,
logged, and told by `is_stuck` until something is written again. Nothing is lost for it but an event that
cannot be written by itself while the database works.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import islice
from typing import TypeVar

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata.database import FAILURES, take_turn, upkeep
from server.metadata.objecting import without_objected
from server.metadata.writing import Entry, write

logger = logging.getLogger(__name__)

BATCH_EVENTS = 500
GATHER_SECONDS = 0.1
"""So long may others join an event on its way to the database: ten together cost a fifth of ten alone."""
RETRY_SECONDS = 1.0
WRITE_SECONDS = 30.0
"""What takes longer is tried again over a new connection."""
ATTEMPTS = 3
"""To write an event by itself, while the database works."""

T = TypeVar("T")


class Writer:
    """`run` is the task. `add` never blocks; how many may wait is for the caller to bound."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._queue: deque[Entry] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._hurry = asyncio.Event()  # somebody waits until all is settled
        self.written = asyncio.Event()
        """Set whenever a batch was written; who waits for it clears it."""
        self._one_by_one = 0  # events at the head of the queue of which one is at fault
        self._attempts = 0  # to write the first of them
        self.is_stuck = False
        """Whether the last thing that came of writing was a fault."""
        self.faults = 0
        self.given_up = 0
        """Events that could not be written by themselves."""

    @property
    def waiting(self) -> int:
        """Events that are not in the database yet."""
        return len(self._queue)

    def add(self, entry: Entry) -> None:
        """At the end of the queue."""
        self._queue.append(entry)
        self._idle.clear()
        self._wake.set()

    async def flush(self) -> None:
        """Returns once everything added before is settled."""
        if not self._idle.is_set():
            self._hurry.set()
        await self._idle.wait()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._gathered()
                batch = list(islice(self._queue, 1 if self._one_by_one else BATCH_EVENTS))
                if await self._settles(batch):
                    for _ in batch:
                        self._queue.popleft()
                    self._one_by_one = max(0, self._one_by_one - len(batch))
                    self._attempts = 0
            self._hurry.clear()
            self._idle.set()

    async def _gathered(self) -> None:
        """The steps of a join come within moments of each other, each of them an event."""
        if self._one_by_one or len(self._queue) >= BATCH_EVENTS:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                await self._hurry.wait()

    async def _settles(self, batch: list[Entry]) -> bool:
        """Writes a batch, under a name by which the database knows it again. False: to be tried once more."""
        name = secrets.token_hex(16)
        try:
            await self._patiently(lambda: _insert_rows(self._engine, batch, name))
        except Exception as error:
            self._found(error)
            if not await self._is_written(name):
                return await self._is_given_up(batch)
        self.is_stuck = False
        self.written.set()
        return True

    async def _is_given_up(self, batch: list[Entry]) -> bool:
        """After a fault, by a database that works."""
        if len(batch) > 1:
            self._one_by_one = len(batch)
            return False
        self._attempts += 1
        if self._attempts < ATTEMPTS:
            await asyncio.sleep(RETRY_SECONDS)
            return False
        self.given_up += 1
        self.is_stuck = False
        logger.error("an event cannot be written, and is left out: %s", type(batch[0].happened.event))
        return True

    async def _is_written(self, name: str) -> bool:
        """Whether the batch of this name came last. Answers once the database works, whenever that is."""
        while True:
            try:
                return await self._patiently(lambda: _came_last(self._engine, name))
            except Exception as error:
                self._found(error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _patiently(self, act: Callable[[], Awaitable[T]]) -> T:
        """Until it is done, whatever a database may fail of. Raises what nobody foresaw."""
        away = False
        while True:
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    done = await act()
            except FAILURES as error:
                if not away:
                    away = True
                    logger.error("the ledger cannot be written (%s); trying again", type(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if away:
                logger.warning("the ledger is written again")
            return done

    def _found(self, error: Exception) -> None:
        self.faults += 1
        if not self.is_stuck:  # once, and not at every attempt
            logger.error("the ledger's writer found a fault", exc_info=error)
        self.is_stuck = True


async def _insert_rows(engine: AsyncEngine, batch: list[Entry], name: str) -> None:
    """Nothing, if the batch of this name came last already: its confirmation was lost on the way."""
    async with engine.begin() as connection:
        marked = await connection.execute(update(upkeep).where(upkeep.c.batch != name).values(batch=name))
        if marked.rowcount:
            await write(connection, await without_objected(connection, batch))


async def _came_last(engine: AsyncEngine, name: str) -> bool:
    async with engine.begin() as connection:
        await take_turn(connection)
        return bool(await connection.scalar(select(upkeep.c.batch)) == name)
