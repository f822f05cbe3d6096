"""A relay with a call in it makes a forbidden call: everybody is told, and the call goes on elsewhere."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, expect

from tests.e2e.browser import eventually
from tests.e2e.recovery import call
from tests.e2e.serving import COMMAND, WHO, Server, serving
from tests.relay.tampered import FORBIDDEN, executable

BACK_SECONDS = 20.0
TOLD_SECONDS = 15.0
SERVER = """
import sys
sys.executable = {relay!r}
from server.cli import main
main()
"""
"""The product, but for the program that its relays are."""


async def incidents(server: Server) -> list[dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/guarantee") as answer:
        found: list[dict[str, Any]] = (await answer.json())["incidents"]
        return found


def kept(server: Server) -> list[dict[str, Any]]:
    words = [str(COMMAND), "logs", *WHO, "--events", "--json"]
    ran = subprocess.run(words, cwd=server.directory, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ran.stdout.splitlines()]


async def test_a_forbidden_call_in_a_call(tmp_path: Path, browser: Browser) -> None:
    relay = executable(tmp_path, FORBIDDEN)
    started = [sys.executable, "-c", SERVER.format(relay=str(relay)), "serve", "--dev"]
    ports = ["--http-port", "{http}", "--udp-port", "{udp}"]
    async with serving(tmp_path, installed=[*started, *ports]) as server, call(server, browser) as both:
        victim = await server.relay_of_the_call()

        async def take_over() -> None:
            os.kill(victim, signal.SIGUSR1)

        assert max(await both.survives(take_over)) < BACK_SECONDS
        (incident,) = await eventually(lambda: incidents(server), bool, TOLD_SECONDS)
        assert incident["kind"] == "tripwire"
        badge = both.ada.page.get_by_test_id("badge")
        await badge.press("Enter")
        told = both.ada.page.get_by_test_id("badge-details")
        await expect(told).to_contain_text("tried something forbidden", timeout=40_000)
        events = await asyncio.to_thread(kept, server)
        tripped = [event for event in events if event["event"] == "relay_tripped"]
        assert [event["call"] for event in tripped] == [incident["detail"]]
        left = [event["reason"] for event in events if event["event"] == "participant_left"]
        assert left == ["relay_lost", "relay_lost"]
