"""Participants come, publish and leave; of none of them anything stays, in signaling or in the relay."""

from __future__ import annotations

import asyncio

import pytest

from tests.relay.churn import HALL, cycle, hall

CYCLES = 200
WARM_UP = 100
MEDIA_MEMORY_MIB = 4
"""Little, so that what is not given back is missed."""
GROWTH_KIB = 2048
"""Coarse: twenty KiB for each of those who came after the warm-up. An allocator on a busy machine takes up to
a quarter of it without any leak; `make bench PARTS=churn` runs long enough to see a slope."""


@pytest.mark.timeout(240)
async def test_nothing_stays_of_those_who_left() -> None:
    async with hall(MEDIA_MEMORY_MIB) as place:
        tasks = (await place.census()).tasks
        relay = place.relay
        watcher = await place.enter(HALL, "watcher")
        for number in range(WARM_UP):
            await cycle(place, watcher, number)
        before = place.resident_kib()
        for number in range(WARM_UP, CYCLES):
            await cycle(place, watcher, number)
        after = place.resident_kib()
        await watcher.leave()
        assert place.relay is relay
        async with asyncio.timeout(10):
            while not (census := await place.census()).is_empty(tasks):
                await asyncio.sleep(0.05)
        assert census.transports == 0
        assert after - before < GROWTH_KIB
