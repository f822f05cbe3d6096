"""Tells every receiver of the configuration what is new in the ledger. No call ever waits for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from server.config import Config
from server.errors import OperatorError
from server.metadata.told import Told
from server.webhooks.counts import Counts
from server.webhooks.post import Poster
from server.webhooks.receiver import POLL_SECONDS, Receiver
from server.webhooks.trust import trusting

logger = logging.getLogger(__name__)


class Ledger(Protocol):
    """The ledger, as far as it is needed here."""

    @property
    def told(self) -> Told:
        """How far receivers were told."""

    @property
    def written(self) -> asyncio.Event:
        """Set whenever something was written."""

    async def flush(self) -> None: ...


class Deliveries:
    """Open with `Deliveries.open`; `close` tells what happened last."""

    def __init__(
        self, config: Config, ledger: Ledger, clock: Callable[[], float], now: Callable[[], float]
    ) -> None:
        settings = config.webhooks
        name, give_up = settings.api_key, settings.give_up_minutes * 60.0
        self._ledger = ledger
        tls = trusting(settings.certificate_authority)
        self._poster = Poster(name, config.keys[name], settings.request_seconds, clock, tls)
        self._receivers = [
            Receiver(number, url, ledger.told, self._poster, give_up=give_up, now=now)
            for number, url in enumerate(settings.urls, start=1)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(
        cls,
        config: Config,
        ledger: Ledger,
        clock: Callable[[], float],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> Deliveries:
        """`clock` gives seconds since the epoch; by `now` pauses are measured. Raises LedgerError, and
        ConfigError where the certificates to trust cannot be read."""
        deliveries = cls(config, ledger, clock, now)
        try:
            await ledger.told.begin(one.digest for one in deliveries._receivers)
        except OperatorError:
            await deliveries._poster.aclose()
            raise
        deliveries._tasks = [
            asyncio.create_task(deliveries._look(), name="webhooks"),
            *(asyncio.create_task(one.run(), name="webhooks") for one in deliveries._receivers),
        ]
        return deliveries

    @property
    def counts(self) -> list[Counts]:
        """Of each receiver, in the order of the configuration."""
        return [one.counts for one in self._receivers]

    async def close(self) -> None:
        """What happened last is told, within seconds; the rest after the next start."""
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._ledger.flush()
        await asyncio.gather(*(one.until_at_rest() for one in self._receivers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._poster.aclose()

    async def _look(self) -> None:
        written = self._ledger.written
        while True:
            await written.wait()
            written.clear()
            for one in self._receivers:
                one.look()
