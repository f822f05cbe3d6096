"""Participants that join, publish and leave, and what the server still holds when all have gone."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import asdict

from bench.figure import show
from tests.relay.churn import HALL, cycle, hall

CYCLES = int(os.environ.get("CYCLES") or 5_000)
MARKS = tuple(CYCLES * tenth // 10 for tenth in range(1, 11))
WARM_UP = MARKS[0]
WINDOW = 50  # cycles before a mark, the lowest of which counts: what waits for collection is no leak
MEDIA_MEMORY_MIB = 4
SETTLE_SECONDS = 10.0


async def run() -> None:
    async with hall(MEDIA_MEMORY_MIB) as place:
        tasks = (await place.census()).tasks
        relay = place.relay
        watcher = await place.enter(HALL, "watcher")
        started = time.monotonic()
        resident: list[int] = []
        lowest: dict[int, int] = {}
        for number in range(1, CYCLES + 1):
            await cycle(place, watcher, number)
            resident.append(place.resident_kib())
            if number in MARKS:
                lowest[number] = min(resident[-WINDOW:])
                show("churn_resident", lowest[number] / 1024, "MiB", after=number, process="relay")
        taken, grown = time.monotonic() - started, lowest[CYCLES] - lowest[WARM_UP]
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
