"""A relay or the whole server dies in the middle of a call: whoever was in it comes back by itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from typing import Any

from playwright.async_api import Browser

from tests.e2e.browser import eventually
from tests.e2e.recovery import ROOM, call
from tests.e2e.serving import COMMAND, WHO, Server

RELAY_SECONDS = 20.0
SERVER_SECONDS = 45.0


async def sessions(server: Server) -> list[dict[str, Any]]:
    words = [str(COMMAND), "logs", *WHO, "--room", ROOM, "--since", "1h", "--json"]
    listing = await asyncio.to_thread(
        subprocess.run, words, cwd=server.directory, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in listing.stdout.splitlines()]


def ended(seen: list[dict[str, Any]], reason: str) -> int:
    return sum(session["reason"] == reason for session in seen)


async def test_a_killed_relay(server: Server, browser: Browser) -> None:
    async with call(server, browser) as both:
        victim = await server.relay_of_the_call()

        async def kill() -> None:
            os.kill(victim, signal.SIGKILL)

        assert max(await both.survives(kill)) < RELAY_SECONDS
        await asyncio.gather(both.ada.hears(1), both.ada.sees(1))
        await eventually(lambda: sessions(server), lambda seen: ended(seen, "relay_lost") == 2)


async def test_a_killed_server(server: Server, browser: Browser) -> None:
    async with call(server, browser) as both:
        assert max(await both.survives(server.crash_and_return)) < SERVER_SECONDS
        await asyncio.gather(both.ada.hears(1), both.ada.sees(1))
        seen = await sessions(server)
        assert ended(seen, "server_crash") == 2
        assert sum(session["left_at"] is None for session in seen) == 2
