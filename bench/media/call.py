"""A server, an emulator and a browser; participants join, each through an access of its own."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser

from bench.figure import show
from bench.media.chromium import ChromiumPerson, chromium_person
from bench.media.desktop import DesktopPerson, desktop_person
from tests.e2e.bad_network import PERFECT, Access, BadNetwork, bad_network
from tests.e2e.browser import chromium
from tests.e2e.netem import Conditions
from tests.e2e.serving import Server, serving

ROOM = "bench"


@dataclass
class Call:
    """Participants leave when the call ends."""

    server: Server
    browser: Browser
    network: BadNetwork
    stack: AsyncExitStack

    async def access(
        self, name: str, up: Conditions = PERFECT, down: Conditions = PERFECT, *, behind: str | None = None
    ) -> Access:
        return await self.network.access(name, up, down, behind=behind)

    async def chromium(self, access: Access, name: str = "") -> ChromiumPerson:
        name = name or access.name
        token = self.server.token(ROOM, name)
        return await self.stack.enter_async_context(
            chromium_person(self.browser, access.url, access.ws_url, token, name)
        )

    async def desktop(self, access: Access, name: str = "") -> DesktopPerson:
        name = name or access.name
        token = self.server.token(ROOM, name)
        return await self.stack.enter_async_context(desktop_person(access.ws_url, token, name))


@contextlib.asynccontextmanager
async def call() -> AsyncIterator[Call]:
    """On free ports; nothing of it stays. In the end the emulator tells how late it was, as a figure."""
    with tempfile.TemporaryDirectory() as directory:
        async with (
            serving(Path(directory)) as server,
            bad_network(server.url, server.udp_ports) as network,
            chromium() as browser,
            AsyncExitStack() as stack,
        ):
            yield Call(server, browser, network, stack)
            late = (await network.emulator.statistics())["late_ms"]
            show(
                "emulator_late",
                late["p99"],
                "ms",
                percentile=99,
                packets=late["count"],
                median=late["p50"],
                longest=late["longest"],
            )
