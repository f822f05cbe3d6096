"""The support code: shown where joining fails, and in the call; ops find the attempt by it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from typing import Any

from playwright.async_api import Browser, Route, expect

from tests.e2e.browser import eventually, join, new_page
from tests.e2e.serving import COMMAND, WHO, Server

CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")


async def test_a_refusal_shows_its_code(shared_server: Server, shared_browser: Browser) -> None:
    async def give_rubbish(route: Route) -> None:
        await route.fulfill(json={"url": shared_server.ws_url, "token": "rubbish", "identity": "ada"})

    page = await new_page(shared_browser)
    await page.route("**/api/guest-token", give_rubbish)
    await page.goto(f"{shared_server.url}/#room=refused")
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("error")).to_contain_text("The server did not let you in")
    await expect(page.get_by_test_id("error")).not_to_contain_text("Support code")
    await expect(page.get_by_test_id("support")).to_be_visible()
    await expect(page.get_by_test_id("support-code")).to_have_text(CODE)
    await page.get_by_test_id("support").get_by_role("button").click()
    await expect(page.get_by_test_id("support").get_by_role("button")).not_to_have_text("Copy")
    await page.context.close()


async def test_the_code_in_the_call_finds_its_attempt(shared_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "helped")
    await ada.page.set_viewport_size({"width": 360, "height": 740})
    await ada.page.get_by_test_id("more-button").click()
    await ada.page.get_by_test_id("support-button").click()
    news = ada.page.get_by_test_id("news")
    await expect(news).to_contain_text(CODE)
    found = CODE.search(await news.inner_text())
    assert found is not None

    async def kept() -> list[dict[str, Any]]:
        words = [str(COMMAND), "logs", *WHO, "--code", found[0].lower(), "--json"]
        listing = await asyncio.to_thread(
            subprocess.run, words, cwd=shared_server.directory, capture_output=True, text=True, check=True
        )
        return [json.loads(line) for line in listing.stdout.splitlines()]

    rows = await eventually(kept, lambda rows: any(row["event"] == "attempt_ended" for row in rows))
    assert {row["room"] for row in rows} == {"helped"}
    [attempt] = [row for row in rows if row["event"] == "attempt_ended"]
    assert (attempt["stage"], attempt["cause"], attempt["code"]) == ("media", "none", found[0])
    await ada.leave()
