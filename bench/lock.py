"""What the lock costs: at start-up, and per packet. Relays with and without it take turns, so that what else
the machine does falls on both."""

from __future__ import annotations

import contextlib
import statistics
import time
from dataclasses import dataclass

from bench.figure import show
from bench.forwarding import STREAMS, forwarded
from bench.relays import one_relay
from bench.unlocked import unlocked_relays
from server.control.messages import Level

PAIRS = 5
SUBSCRIBERS = 10


@dataclass(frozen=True)
class Run:
    """One relay's life."""

    birth: float  # milliseconds from the spawn until it serves
    lock: float  # milliseconds of these for setting the layers
    rate: float  # packets forwarded per CPU-second


async def _run(locked: bool) -> Run:
    started = time.monotonic()
    with contextlib.nullcontext() if locked else unlocked_relays():
        async with one_relay("full" if locked else "none") as relay:
            birth = (time.monotonic() - started) * 1000
            assert relay.supervisor is not None
            told = relay.supervisor.evidence()[0].locked
            assert told is not None
            assert told.level is (Level.FULL if locked else Level.NONE)
            rate, _, _ = await forwarded(relay, STREAMS[SUBSCRIBERS])
            return Run(birth, told.lock_microseconds / 1000, rate)


async def run() -> None:
    with_lock: list[Run] = []
    without: list[Run] = []
    for pair in range(PAIRS):
        for locked in (True, False) if pair % 2 == 0 else (False, True):
            (with_lock if locked else without).append(await _run(locked))
    for name, runs in (("with", with_lock), ("without", without)):
        births = [one.birth for one in runs]
        show("relay_birth", statistics.median(births), "ms", lock=name, slowest=round(max(births), 1))
        rates = [one.rate for one in runs]
        asked = STREAMS[SUBSCRIBERS].asked()
        show(
            "forwarded_packets_per_cpu_second_beside_lock",
            statistics.median(rates),
            "packets/s",
            lock=name,
            **asked,
        )
    locks = [one.lock for one in with_lock]
    show("lock_at_start", statistics.median(locks), "ms", slowest=round(max(locks), 1))
    ratios = [locked.rate / free.rate for locked, free in zip(with_lock, without, strict=True)]
    show(
        "rate_with_lock_of_that_without",
        statistics.median(ratios) * 100,
        "%",
        pairs=PAIRS,
        lowest=round(min(ratios) * 100, 1),
        highest=round(max(ratios) * 100, 1),
    )
