"""From a kill -9 in the middle of a call to pictures of new tracks, in Chromium and the desktop SDK."""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
from pathlib import Path

from bench.figure import show
from tests.e2e.browser import chromium
from tests.e2e.recovery import call
from tests.e2e.serving import serving

ROUNDS = 3


async def run() -> None:
    for victim in ("relay", "server"):
        taken = [await _once(victim) for _ in range(ROUNDS)]
        for client, seconds in zip(("chromium", "desktop"), zip(*taken, strict=True), strict=True):
            show(
                f"recovery_after_{victim}_death",
                statistics.median(seconds),
                "s",
                client=client,
                rounds=ROUNDS,
                slowest=round(max(seconds), 2),
            )


async def _once(victim: str) -> tuple[float, float]:
    """Seconds until the browser and the desktop have media again."""
    with tempfile.TemporaryDirectory() as directory:
        async with serving(Path(directory)) as server, chromium() as browser, call(server, browser) as both:
            relay = await server.relay_of_the_call()

            async def kill_relay() -> None:
                os.kill(relay, signal.SIGKILL)

            return await both.survives(kill_relay if victim == "relay" else server.crash_and_return)
