"""A whole call with the host measure required, in a network of its own, and no rule left after a crash."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.e2e import firefox
from tests.e2e.browser import chromium, eventually, join
from tests.e2e.serving import ROOT, Server, command_line, descendants, is_alive, serving
from tests.private_network import lead_out, needs_root, private_network, tables

pytestmark = [needs_root, pytest.mark.timeout(240)]  # two browsers of different makes
OPEN = "media could leave to strangers if a relay were taken over"


@pytest.fixture
def network() -> Iterator[None]:
    with private_network():
        lead_out()
        yield


@contextlib.asynccontextmanager
async def desktop_app(server: Server) -> AsyncIterator[None]:
    """In a process of its own, which is in this network with all of its threads."""
    words = [sys.executable, "-m", "tests.e2e.stranger", server.ws_url, server.token("garden", "desk")]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        assert (await asyncio.to_thread(process.stdout.readline)).strip() == b"in"
        yield
    finally:
        process.kill()
        process.communicate()


def keeper(server: Server) -> int:
    """Process id of the process that owns the rules; 0 while there is none."""
    below = descendants(server.pid())
    return next((pid for pid in below if "server.firewall.keeper" in command_line(pid)), 0)


async def told(server: Server) -> tuple[bool, bool]:
    """Whether the statement says that the measure is held, and whether that media could leave."""
    async with aiohttp.ClientSession() as session, session.get(server.url + "/guarantee") as answer:
        statement = await answer.json()
    assert statement["level"] == "full"
    return statement["host_firewall"]["held"], OPEN in statement["does_not_prove"]


async def test_browsers_and_apps_talk_and_the_rules_leave_with_the_server(
    tmp_path: Path, network: None
) -> None:
    (tmp_path / "config.toml").write_text('[guarantee]\nhost_firewall = "require"\n')
    async with serving(tmp_path) as server, chromium() as browser, firefox.firefox() as fox:
        assert await told(server) == (True, False)
        ada = await join(browser, server.url, "Ada", "garden")
        async with desktop_app(server):
            fay = await firefox.join(fox, server.url, "Fay", "garden")
            await asyncio.gather(ada.sees(2), ada.hears(2), fay.sees(2), fay.hears(2))
            assert await told(server) == (True, False)
            first = keeper(server)
            os.kill(first, signal.SIGKILL)

            async def seen() -> tuple[bool, tuple[bool, bool]]:
                return keeper(server) not in {0, first}, await told(server)

            await eventually(seen, lambda now: now == (True, (True, False)))
            await asyncio.gather(ada.sees(2), ada.hears(2), fay.sees(2))
        last = keeper(server)
        server.kill()

        async def left() -> tuple[bool, str]:
            return is_alive(last), tables()

        await eventually(left, lambda seen: seen == (False, ""))
        server.stopped = True
