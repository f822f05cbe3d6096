"""Participants come, publish and leave; of none of them anything stays, in signaling or in the relay."""

from __future__ import annotations

import asyncio

import pytest

from tests.relay.churn import HALL, cycle, hall

WARM_UP = 150
CYCLES = 250
WINDOW = 50
"""Memory is read after each of so many cycles, the lowest counts: what waits for collection is no leak."""
MEDIA_MEMORY_MIB = 4
"""Little, so that what is not given back is missed."""
GROWTH_KIB = 512
"""Five KiB for each of those who came after the warm-up: half a transport. The allocator takes up to half of
that while it warms up; `make bench PARTS=churn` runs long enough to see a slope."""


@pytest.mark.timeout(240)
async def test_nothing_stays_of_those_who_left() -> None:
    async with hall(MEDIA_MEMORY_MIB) as place:
        tasks = (await place.census()).tasks
        relay = place.relay
        watcher = await place.enter(HALL, "watcher")
        resident = []
        for number in range(CYCLES):
            await cycle(place, watcher, number)
            resident.append(place.resident_kib())
        before, after = min(resident[WARM_UP - WINDOW : WARM_UP]), min(resident[CYCLES - WINDOW :])
        await watcher.leave()
        assert place.relay is relay
        async with asyncio.timeout(10):
            while not (census := await place.census()).is_empty(tasks):
                await asyncio.sleep(0.05)
        assert census.transports == 0
        assert after - before < GROWTH_KIB
