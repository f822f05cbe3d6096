"""Clients that reach a server through networks as bad as they are told to be."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from tests.e2e.gateway import Gateway, gateway
from tests.e2e.netem import SEED, Conditions, Emulator, emulator

PERFECT = Conditions()


@dataclass
class Access:
    """How one client reaches the server: it joins at these addresses instead of the server's."""

    name: str
    emulator: Emulator
    gateway: Gateway

    @property
    def url(self) -> str:
        return self.gateway.url

    @property
    def ws_url(self) -> str:
        return self.gateway.ws_url

    async def change(self, up: Conditions | None = None, down: Conditions | None = None) -> None:
        """From now on; None stays as it is."""
        await self.emulator.change(self.name, up, down)

    async def statistics(self) -> dict[str, Any]:
        """Of this access: flows, and what became of packets up and down."""
        accesses = (await self.emulator.statistics())["accesses"]
        return dict(accesses[self.name])


class BadNetwork:
    """Between one server and its clients."""

    def __init__(self, url: str, udp_ports: Sequence[int], running: Emulator, stack: AsyncExitStack) -> None:
        self.emulator = running
        self._url = url
        self._udp_ports = udp_ports
        self._stack = stack

    async def access(
        self,
        name: str,
        up: Conditions = PERFECT,
        down: Conditions = PERFECT,
        *,
        behind: str | None = None,
    ) -> Access:
        """One for a client, or for several that share it. Up is from the client."""
        ports = await self.emulator.open(name, self._udp_ports, up, down, behind)
        way = await self._stack.enter_async_context(gateway(self._url, ports))
        return Access(name, self.emulator, way)


@contextlib.asynccontextmanager
async def bad_network(url: str, udp_ports: Sequence[int], seed: int = SEED) -> AsyncIterator[BadNetwork]:
    """To a server by its URL and the ports of its relays."""
    async with emulator(seed) as running, AsyncExitStack() as stack:
        yield BadNetwork(url, udp_ports, running, stack)
