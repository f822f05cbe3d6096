"""Real relays, born locked, and what they tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import aiortc  # noqa: F401 - whole, before server.relay.ortc would put stand-ins in its place
import msgspec
import pytest

from server.config import Config
from server.control.messages import Notification, Request
from server.errors import RelayError
from server.workers.supervisor import boot_of
from server.workers.worker import RelayProcess

N = TypeVar("N", bound=Notification)
WAIT = 15.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marked by folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.relay)


def loopback() -> Config:
    """One relay on loopback, on a port that the kernel chooses."""
    config = Config()
    relay = msgspec.structs.replace(
        config.relay,
        relays=1,
        ipv4_host="127.0.0.1",
        ipv6_host="",
        udp_port=0,
        tcp_port=0,
        media_memory_mib=4,
    )
    return msgspec.structs.replace(config, relay=relay)


class Relay:
    """A relay process with everything it said."""

    def __init__(self, config: Config) -> None:
        self.process = RelayProcess(boot_of(config, 1), 1, self._notified, self._lost)
        self.heard: list[Notification] = []
        self.lost: RelayError | None = None
        self._changed = asyncio.Event()

    def _notified(self, _: RelayProcess, notification: Notification) -> None:
        self.heard.append(notification)
        self._changed.set()

    def _lost(self, _: RelayProcess, reason: RelayError) -> None:
        self.lost = reason
        self._changed.set()

    def send(self, request: Request) -> None:
        self.process.send(request)

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT):
            while not reached():
                self._changed.clear()
                await self._changed.wait()

    async def hears(self, kind: type[N], fits: Callable[[N], bool]) -> N:
        """Waits for a notification; earlier ones count."""

        def found() -> N | None:
            return next((each for each in self.heard if isinstance(each, kind) and fits(each)), None)

        await self.until(lambda: found() is not None or self.lost is not None)
        notification = found()
        assert notification is not None, f"the relay was lost: {self.lost}"
        return notification

    async def until_lost(self) -> RelayError:
        await self.until(lambda: self.lost is not None)
        assert self.lost is not None
        return self.lost


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    made = Relay(loopback())
    await made.process.start()
    yield made
    if made.lost is None:
        await made.process.stop()
    await made.process.kill()
