"""How fast the ledger takes events in, and how long they wait in its queue: alone, and while media flows.

Each for a bounded time, in SQLite and in PostgreSQL where that is installed: as many sessions as it takes, so
that the queue is always full; the same without the lines of `connections`, to see what these cost; and at a
steady pace, as in a busy hour of a large server. While media flows, a locked relay forwards a video of
5 Mbit/s to ten receivers on the same machine, as it would beside the process that writes.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import deque
from collections.abc import Iterable
from contextlib import nullcontext
from unittest import mock

from bench.figure import show
from bench.forwarding import Stream, flow
from bench.ledger import places
from bench.million import session_of
from bench.relays import one_relay
from server.metadata import writing
from server.metadata.projection import Happened
from server.metadata.store import QUEUE_EVENTS, Ledger

SECONDS = 8.0
PACE = 500
"""Events a second: some hundred people who come and go."""
LOOK_SECONDS = 0.002
SUBSCRIBERS, RATE = 10, 500
_numbers = iter(range(1, 10**9))


class _Writer:
    """Gives a ledger events, and watches when they are in the database."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._given = 0
        self._marks: deque[tuple[int, float]] = deque()
        self.waits: list[float] = []
        """Milliseconds, of one event of each session."""

    def give(self) -> int:
        """The events of a session. Returns how many they are."""
        events = session_of(next(_numbers))
        for event in events:
            self._ledger.record(event)
        self._given += len(events)
        self._marks.append((self._given, time.monotonic()))
        return len(events)

    def look(self) -> None:
        """Who has been written meanwhile?"""
        written, now = self._given - self._ledger.waiting, time.monotonic()
        while self._marks and self._marks[0][0] <= written:
            self.waits.append((now - self._marks.popleft()[1]) * 1000)

    async def as_much_as_it_takes(self) -> float:
        """Events a second."""
        started = time.monotonic()
        while time.monotonic() - started < SECONDS:
            while self._ledger.waiting < QUEUE_EVENTS - 10:
                self.give()
            await asyncio.sleep(LOOK_SECONDS)
            self.look()
        await self._ledger.flush()
        self.look()
        return self._given / (time.monotonic() - started)

    async def at_a_pace(self) -> float:
        """Events a second."""
        started = time.monotonic()
        while (elapsed := time.monotonic() - started) < SECONDS:
            while self._given < elapsed * PACE:
                self.give()
            await asyncio.sleep(LOOK_SECONDS)
            self.look()
        await self._ledger.flush()
        self.look()
        return self._given / (time.monotonic() - started)


async def _no_lines(_connection: object, _batch: Iterable[Happened]) -> None:
    """Instead of `projection.project`."""


async def _measure(ledger: Ledger, how: str, **circumstances: object) -> None:
    writer = _Writer(ledger)
    without = mock.patch.object(writing, "project", _no_lines)
    with without if how == "without lines" else nullcontext():
        spent = time.process_time()
        rate = await (writer.at_a_pace() if how == "at a pace" else writer.as_much_as_it_takes())
        spent = time.process_time() - spent
    waits = sorted(writer.waits)
    show(
        "ledger_events_per_second",
        rate,
        "events/s",
        **circumstances,
        how=how,
        wait_p50_ms=round(statistics.median(waits), 1),
        wait_p99_ms=round(waits[int(len(waits) * 0.99)], 1),
        longest_ms=round(waits[-1], 1),
        dropped=ledger.dropped,
        cpu_share=round(spent / SECONDS, 2),
    )


async def _alone(ledger: Ledger, store: str) -> None:
    for how in ("as much as it takes", "without lines", "at a pace"):
        await _measure(ledger, how, store=store, media=False)


async def _while_media_flows(ledger: Ledger, store: str) -> None:
    for how in ("as much as it takes", "at a pace"):
        async with one_relay() as relay:
            flowing = asyncio.create_task(flow(relay, Stream(SUBSCRIBERS, RATE), SECONDS + 2))
            await _measure(ledger, how, store=store, media=True)
            media = await flowing
            show(
                "media_beside_the_ledger",
                media.received / (media.sent * SUBSCRIBERS) * 100,
                "%",
                store=store,
                how=how,
                subscribers=SUBSCRIBERS,
                packets_per_second_in=RATE,
                residence_p99_us=media.residence_p99,
            )


async def run() -> None:
    async with places("written.db") as found:
        for store, url in found.items():
            ledger = await Ledger.open(url)
            try:
                await _alone(ledger, store)
                await _while_media_flows(ledger, store)
            finally:
                await ledger.close()
