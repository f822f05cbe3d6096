"""What connected transports cost while nobody speaks, and how long the lock takes."""

from __future__ import annotations

import asyncio
import time

from bench.figure import show
from bench.relays import one_relay

TRANSPORTS = 1000
CONSENT_SECONDS = 2.5  # as browsers check
IDLE_SECONDS = 10.0


async def run() -> None:
    async with one_relay() as relay:
        assert relay.supervisor is not None
        locked = relay.supervisor.evidence()[0].locked
        assert locked is not None
        show("lock_time", locked.lock_microseconds / 1000, "ms", level=locked.level.name.lower())

        empty = relay.resident_mib()
        for _ in range(TRANSPORTS):
            _, peer, _ = await relay.connect_with_data()
            relay.peers.append(peer)
            relay.keep_consent()

        async def idle(seconds: float) -> None:
            """Consent checks only, spread evenly."""
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                for peer in relay.peers:
                    peer.check()
                    await asyncio.sleep(CONSENT_SECONDS / TRANSPORTS)

        await idle(CONSENT_SECONDS)
        before, started = relay.cpu_seconds(), time.monotonic()
        await idle(IDLE_SECONDS)
        share = (relay.cpu_seconds() - before) / (time.monotonic() - started)
        full = relay.resident_mib()
        show("memory", full, "MiB", transports=TRANSPORTS, without_transports=round(empty, 1))
        show("idle_cpu", share * 100, "% of a core", transports=TRANSPORTS, consent_seconds=CONSENT_SECONDS)
