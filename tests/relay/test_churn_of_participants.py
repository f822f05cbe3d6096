"""Participants come, publish and leave; of none of them anything stays, in signaling or in the relay."""

from __future__ import annotations

import asyncio

import pytest

from tests.relay.churn import HALL, Hall, cycle, hall
from tests.relay.guest import Guest

WINDOW = 50
"""Memory is read after each of so many cycles, the lowest counts: what waits for collection is no leak."""
APART = 2
"""Windows that are compared."""
GROWTH_KIB = 256
"""From one window to the one it is compared with: two and a half KiB for each of a hundred participants,
a quarter of a transport."""
WINDOWS = 16
"""At most. What is kept of everyone never stops growing; the allocator's warm-up does, after 100 to 400
participants."""
MEDIA_MEMORY_MIB = 4
"""Little, so that what is not given back is missed."""


async def _window(place: Hall, watcher: Guest, first: int) -> int:
    """KiB that the relay takes at least while so many come and go."""
    resident = []
    for number in range(first, first + WINDOW):
        await cycle(place, watcher, number)
        resident.append(place.resident_kib())
    return min(resident)


def _is_flat(resident: list[int]) -> bool:
    return len(resident) > APART and resident[-1] - resident[-1 - APART] < GROWTH_KIB


@pytest.mark.timeout(240)
async def test_nothing_stays_of_those_who_left() -> None:
    async with hall(MEDIA_MEMORY_MIB) as place:
        tasks = (await place.census()).tasks
        relay = place.relay
        watcher = await place.enter(HALL, "watcher")
        resident: list[int] = []
        while not _is_flat(resident):
            assert len(resident) < WINDOWS, resident
            resident.append(await _window(place, watcher, len(resident) * WINDOW))
        await watcher.leave()
        assert place.relay is relay
        async with asyncio.timeout(10):
            while not (census := await place.census()).is_empty(tasks):
                await asyncio.sleep(0.05)
        assert census.transports == 0
