"""Transports that came and went leave nothing behind in the relay's Python."""

from __future__ import annotations

import asyncio
import gc
import weakref

from server.relay.transport import Transport
from tests.relay.pair import Pair


async def connect_and_close() -> weakref.ref[Transport]:
    pair = Pair(opens_data_channels=True)
    await pair.associate()
    await pair.close()
    return weakref.ref(pair.transport)


async def test_closed_transports_are_forgotten() -> None:
    gone = [await connect_and_close() for _ in range(5)]
    async with asyncio.timeout(5):
        while any(transport() is not None for transport in gone):
            gc.collect()
            await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) == 1
