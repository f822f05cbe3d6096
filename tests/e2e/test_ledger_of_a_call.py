"""What ops can see of a call, while it goes on and afterwards: who, when, from what, for how long."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import Any

from playwright.async_api import Browser

from tests.e2e.browser import eventually, join
from tests.e2e.desktop import desktop
from tests.e2e.serving import COMMAND, WHO, Server


async def test_logs_show_a_browser_and_a_desktop(server: Server, browser: Browser) -> None:
    async def logged() -> dict[str, dict[str, Any]]:
        """Sessions by their SDK."""
        words = [str(COMMAND), "logs", *WHO, "--room", "garden", "--since", "1h", "--json"]
        listing = await asyncio.to_thread(
            subprocess.run, words, cwd=server.directory, capture_output=True, text=True, check=True
        )
        sessions = [json.loads(line) for line in listing.stdout.splitlines()]
        return {session["sdk"]: session for session in sessions}

    ada = await join(browser, server.url, "Ada", "garden")
    async with desktop(server.ws_url, server.token("garden", "desk")) as desk:
        await desk.publish()
        await asyncio.gather(ada.sees(1), ada.hears(1))
        during = await eventually(logged, lambda seen: len(seen) == 2)
        assert all(session["left_at"] is None for session in during.values())
    await ada.leave()

    after = await eventually(logged, lambda seen: all(session["left_at"] for session in seen.values()))
    assert after.keys() == {"js", "python"}
    assert after["js"]["browser"] == "chrome"
    assert after["python"]["identity"] == "desk"
    for session in after.values():
        assert session["seconds"] > 0
        assert session["reason"] == "client_left"
        assert session["join_milliseconds"] > 0
        assert sorted(session["published"]) == ["camera", "microphone"]

    await server.stop()
    for kept in server.directory.glob("offrecord.db*"):
        assert b"127.0.0.1" not in kept.read_bytes()
