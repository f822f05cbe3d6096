"""The operator publishes another policy: calls that come back are told, and guests are asked again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from livekit import rtc
from playwright.async_api import Browser, expect

from server.policy.document import template
from tests.e2e.browser import eventually, join, new_page
from tests.e2e.serving import COMMAND, WHO, Server, serving

CHANGED = """
[[changes]]
revised = 2026-06-01
what = "We say more about copies."

[[changes]]
revised = 2026-01-01
what = "First version."
"""


def publish(directory: Path, *, changed: bool = False) -> None:
    text = template().replace('controller = ""', 'controller = "Garden Ltd"', 1)
    text = text.replace('contact = ""', 'contact = "privacy@garden.example"', 1)
    if changed:
        text = text.replace("revised = 2026-01-01", "revised = 2026-06-01", 1)
        text = text.replace('changes = "First version."', CHANGED, 1)
    (directory / "policy.toml").write_text(text)


async def served(server: Server) -> str:
    async with aiohttp.ClientSession() as http, http.get(server.url + "/privacy.json") as answer:
        version: str = (await answer.json())["version"]
        return version


def told(room: rtc.Room) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(room.metadata)["offrecord"]["policy"]
    return policy


async def noted(server: Server) -> list[str]:
    """Versions that the ledger says were served, in order."""
    words = [str(COMMAND), "logs", "--events", "--json", *WHO]
    kept = await asyncio.to_thread(
        subprocess.run, words, cwd=server.directory, capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in kept.stdout.splitlines()]
    return [row["policy_version"] for row in rows if row.get("action") == "policy_served"]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", ["reloaded", "crashed"])
async def test_a_new_policy_is_told_in_the_call_and_before_the_next(
    how: str, tmp_path: Path, browser: Browser
) -> None:
    publish(tmp_path)
    (tmp_path / "config.toml").write_text('[policy]\nfile = "policy.toml"\n')
    async with serving(tmp_path) as server:
        first = await served(server)
        ada = await join(browser, server.url, "Ada", "garden")
        notice = ada.page.get_by_test_id("policy-notice")
        await expect(notice).to_be_hidden()
        desk = rtc.Room()
        await desk.connect(server.ws_url, server.token("garden", "desk"))
        assert told(desk) == {"version": first, "url": "privacy", "revised": "2026-01-01"}
        reconnected: list[str] = []
        desk.on("reconnected", lambda: reconnected.append("desk"))
        heard: list[tuple[str, str]] = []
        desk.on("room_metadata_changed", lambda old, new: heard.append((old, new)))
        waiting = await new_page(browser)
        await waiting.goto(server.url + "/#room=garden")
        await expect(waiting.get_by_test_id("policy-version")).to_contain_text(first)

        publish(tmp_path, changed=True)
        if how == "crashed":
            await server.crash_and_return()
        else:
            os.kill(server.pid(), signal.SIGHUP)
        second = await eventually(lambda: served(server), lambda now: now != first)

        await expect(notice).to_be_visible(timeout=60_000)
        await expect(notice).to_contain_text("privacy policy of this server has changed")
        link = notice.get_by_role("link", name="Read it")
        await expect(link).to_have_attribute("href", server.url + "/privacy")
        assert await notice.evaluate("each => each.closest('[role=status]') !== null")
        await notice.get_by_role("button", name="Close").click()
        await expect(notice).to_be_hidden()

        async def version() -> str:
            return str(told(desk)["version"])

        assert await eventually(version, lambda now: now == second, 60) == second
        assert [json.loads(new)["offrecord"]["policy"]["version"] for _, new in heard] == [second]
        expected = ["desk"] if how == "crashed" else []

        async def back() -> list[str]:
            return reconnected

        assert await eventually(back, lambda now: now == expected) == expected
        assert await noted(server) == [first, second]
        await desk.disconnect()

        await waiting.get_by_test_id("join-name").fill("Bob")
        await waiting.get_by_test_id("join-button").click()
        changed = waiting.get_by_test_id("policy-changed")
        await expect(changed).to_contain_text("We say more about copies.")
        await expect(changed).not_to_contain_text("First version.")
        await waiting.get_by_test_id("join-button").click()
        await waiting.get_by_test_id("leave-button").wait_for()
        await expect(waiting.get_by_test_id("policy-notice")).to_be_hidden()
        await ada.page.context.close()
        await waiting.context.close()
