"""Participants that join, publish and leave, and what the server still holds when all have gone."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict

from bench.figure import show
from tests.relay.churn import HALL, cycle, hall

CYCLES = 5_000
WARM_UP = 200
MEDIA_MEMORY_MIB = 4
SETTLE_SECONDS = 10.0


async def run() -> None:
    async with hall(MEDIA_MEMORY_MIB) as place:
        tasks = (await place.census()).tasks
        relay = place.relay
        watcher = await place.enter(HALL, "watcher")
        before, started = 0, time.monotonic()
        for number in range(CYCLES):
            if number == WARM_UP:
                before = place.resident_kib()
            await cycle(place, watcher, number)
        taken, grown = time.monotonic() - started, place.resident_kib() - before
        await watcher.leave()
        deadline = time.monotonic() + SETTLE_SECONDS
        while not (census := await place.census()).is_empty(tasks) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        if place.relay is not relay:
            raise RuntimeError("the relay was replaced: its memory was not measured")
    left = {name: count - (tasks if name == "tasks" else 0) for name, count in asdict(census).items()}
    show("churn_memory", grown / 1024, "MiB", cycles=CYCLES - WARM_UP, process="relay")
    show("churn_left_behind", sum(left.values()), "objects", cycles=CYCLES, **left)
    show("churn_rate", CYCLES / taken, "participants/s")
