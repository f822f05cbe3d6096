"""Calls under conditions that stay: losses each by itself, losses in bursts, jitter."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from bench.figure import medians, rounds, show
from bench.media.pair import DELAY_MS, pair
from tests.e2e.netem import Conditions

ROUNDS = 3
SETTLE_SECONDS = 5.0
SECONDS = 15.0
MOST_SECONDS = 900.0

PLAIN = Conditions(delay_ms=DELAY_MS)
LOSSES = {f"{percent} % lost": replace(PLAIN, loss=percent / 100) for percent in (0, 1, 5, 10, 20)}
BURSTS = {
    f"{percent} % lost, {packets:.0f} in a row": replace(PLAIN, loss=percent / 100, burst_packets=packets)
    for percent, packets in ((2, 20.0), (5, 5.0), (10, 10.0))
}
JITTER = {
    "up to 150 ms of jitter": replace(PLAIN, jitter_ms=150.0),
    "2 % held back by 60 ms, 2 % twice": replace(PLAIN, reordering=0.02, held_back_ms=60.0, duplicates=0.02),
    "up to 150 ms of jitter, out of order": replace(PLAIN, jitter_ms=150.0, jitter_reorders=True),
}


async def losses() -> None:
    await _measure("media_under_loss", LOSSES)


async def bursts() -> None:
    await _measure("media_under_bursts", BURSTS)


async def jitter() -> None:
    await _measure("media_under_jitter", JITTER)


async def _measure(name: str, all_conditions: Mapping[str, Conditions]) -> None:
    """Each way of each client; in one call a round, from what is first to what is last."""
    measured: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(rounds(ROUNDS)):
        async with asyncio.timeout(MOST_SECONDS), pair() as both:
            for words, conditions in all_conditions.items():
                await both.set(conditions, conditions)
                await asyncio.sleep(SETTLE_SECONDS)
                for receiver, stretch in (await both.stretch(SECONDS)).items():
                    measured.setdefault((words, receiver), []).append(stretch.numbers())
    for (words, receiver), numbers in measured.items():
        told = medians(numbers)
        kept = told.pop("frames_kept_percent")
        show(name, kept, "% of frames", each_way=words, receiver=receiver, rounds=len(numbers), **told)
