"""One address that is told: reads what is new for it, sends, and keeps how far it came."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from server.errors import OperatorError
from server.metadata.outgoing import Waiting
from server.metadata.told import Told
from server.webhooks.counts import Counts
from server.webhooks.message import body
from server.webhooks.post import Poster
from server.webhooks.schedule import IN_FLIGHT, WINDOW, Schedule
from server.webhooks.trust import Failure

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
"""So often the ledger is looked at unasked: a command may have turned a receiver back."""
GOODBYE_SECONDS: Final = 3.0
"""So long is tried to tell what happened last while the server stops; the rest is told by the next one."""


class Receiver:
    """`run` is its task; `number` is its place in the configuration, from 1, which is all that is logged."""

    def __init__(
        self, number: int, url: str, told: Told, poster: Poster, *, give_up: float, now: Callable[[], float]
    ) -> None:
        """`give_up` in seconds; `now` is monotonic."""
        self._number = number
        self._url = url
        self.digest = digest_of(url)
        self._told = told
        self._poster = poster
        self._now = now
        self._schedule = Schedule(give_up, random.random)
        self._awake = asyncio.Event()
        self._is_new = True
        self._at_rest = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._dropped = 0  # given up since the last that was taken
        self._failures: set[Failure] = set()  # since the last that was taken
        self._is_cut_off = False  # from the ledger
        self.counts = Counts()

    def look(self) -> None:
        """There may be something new in the ledger."""
        self._is_new = True
        self._awake.set()

    async def run(self) -> None:
        """Until it is cancelled; what is on its way is then broken off."""
        try:
            while True:
                try:
                    await self._step()
                except Exception:
                    logger.exception("webhooks found a fault")
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    async def until_at_rest(self) -> None:
        """Returns once all that is in the ledger now was told, or after three seconds."""
        self._at_rest.clear()
        self.look()
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._at_rest.wait()

    async def _step(self) -> None:
        self._awake.clear()
        if self._is_new or self._schedule.waiting <= IN_FLIGHT:
            self._is_new = False
            await self._read()
        for row in self._schedule.due(self._now()):
            task = asyncio.create_task(self._tell(row), name="webhook")
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        await self._something()

    async def _read(self) -> None:
        try:
            cursor = await self._told.of(self.digest)
            self._schedule.offer(cursor, await self._told.after(cursor, WINDOW))
            if self._schedule.cursor != cursor:
                await self._told.advance(self.digest, cursor, self._schedule.cursor)
        except OperatorError as error:
            if not self._is_cut_off:
                self._is_cut_off = True
                logger.error("webhooks wait for the ledger (%s)", type(error))
            return
        self._is_cut_off = False
        self._count()
        if not self._schedule.waiting:
            self._at_rest.set()

    async def _something(self) -> None:
        """Returns when there is something to do."""
        at = self._schedule.next_try()
        seconds = POLL_SECONDS if at is None else min(POLL_SECONDS, max(0.0, at - self._now()))
        if len(self._sending) >= IN_FLIGHT:
            seconds = POLL_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            self._is_new = True

    async def _tell(self, row: Waiting) -> None:
        try:
            await self._try(row)
        except OperatorError:  # the ledger cannot be read now
            self._failed(row, Failure.OWN_FAULT)
        except Exception:
            logger.exception("a webhook found a fault")
            self._failed(row, Failure.OWN_FAULT)
        self._count()
        self._awake.set()

    async def _try(self, row: Waiting) -> None:
        outgoing = await self._told.row(row)
        if outgoing is None:
            self.counts.gone += 1
            self._schedule.told(row)
            return
        dropped = self._dropped
        if (failure := await self._poster.post(self._url, body(outgoing, dropped))) is not None:
            self._failed(row, failure)
            return
        self._dropped -= dropped
        self.counts.delivered += 1
        self._schedule.told(row)
        if self._failures:
            self._failures.clear()
            logger.warning("receiver %d of webhooks takes what it is told again", self._number)

    def _failed(self, row: Waiting, failure: Failure) -> None:
        if failure not in self._failures:  # once, and not at every try
            self._failures.add(failure)
            logger.error("receiver %d of webhooks does not take what it is told: %s", self._number, failure)
        if self._schedule.failed(row, self._now()):
            self._dropped += 1
            self.counts.given_up += 1
            if self.counts.given_up % 100 == 1:
                logger.error("receiver %d of webhooks: %d given up", self._number, self.counts.given_up)
        else:
            self.counts.retried += 1

    def _count(self) -> None:
        self.counts.waiting = self._schedule.waiting
        self.counts.oldest = self._schedule.oldest


def digest_of(url: str) -> str:
    """What an address is called in the ledger: it may hold a secret."""
    return hashlib.sha256(url.encode()).hexdigest()
