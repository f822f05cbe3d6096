"""The moment between one relay and the next on the same port, with the real supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest

from server.control.messages import Notification
from server.workers.link import RelayLink
from server.workers.supervisor import Supervisor
from tests.relay.conftest import WAIT, loopback


class Nobody:
    """A listener without rooms."""

    def relay_notified(self, relay: RelayLink, notification: Notification) -> None:
        """Not of interest."""

    def relay_lost(self, relay: RelayLink) -> None:
        """Not of interest."""


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    made = Supervisor(loopback(), Nobody())
    await made.start()
    yield made
    await made.stop()


async def test_who_waits_after_a_retirement_gets_the_next_relay(supervisor: Supervisor) -> None:
    (before,) = supervisor.serving()
    assert supervisor.retire(before)
    assert supervisor.serving() == []
    await asyncio.gather(*(supervisor.until_serving(WAIT) for _ in range(3)))
    (after,) = supervisor.serving()
    assert (after.number, after.generation) == (before.number, before.generation + 1)


async def test_who_waits_after_a_crash_gets_the_next_relay(supervisor: Supervisor) -> None:
    (before,) = supervisor.relays()
    os.kill(before.pid, signal.SIGKILL)
    async with asyncio.timeout(WAIT):
        while before.serving:
            await asyncio.sleep(0.01)
    await supervisor.until_serving(WAIT)
    assert [relay.generation for relay in supervisor.serving()] == [2]


async def test_waiting_ends_without_a_relay(supervisor: Supervisor) -> None:
    (before,) = supervisor.serving()
    supervisor.retire(before)
    began = time.monotonic()
    await supervisor.until_serving(0.01)
    assert supervisor.serving() == []
    assert time.monotonic() - began < 5
    waiting = asyncio.create_task(supervisor.until_serving(3600))
    await asyncio.sleep(0)
    await supervisor.stop()
    async with asyncio.timeout(5):
        await waiting
