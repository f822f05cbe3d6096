"""A running server says what it guarantees, from evidence of every relay, and the badge shows it."""

from __future__ import annotations

import os

import aiohttp
from playwright.async_api import Browser

from tests.e2e.browser import eventually, new_page
from tests.e2e.serving import Server

NONCE = "chosen-by-the-asker"


async def test_every_relay_is_judged_from_evidence(server: Server) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(server.url + "/guarantee", params={"nonce": NONCE}) as answer,
    ):
        assert answer.status == 200
        statement = await answer.json()
    assert statement["nonce"] == NONCE
    assert statement["level"] == "full"
    assert len(statement["relays"]) == (os.cpu_count() or 1) == len(server.relay_pids())
    for relay in statement["relays"]:
        assert [check["name"] for check in relay["checks"] if not check["held"]] == []
        assert {check["source"] for check in relay["checks"]} == {"kernel", "inspected", "self-reported"}


async def test_the_badge_tells_it_before_joining(server: Server, browser: Browser) -> None:
    page = await new_page(browser)
    await page.goto(server.url)
    badge = page.get_by_test_id("badge")
    await eventually(badge.inner_text, lambda words: "recording" in words.lower())
    await badge.click()
    details = page.get_by_test_id("badge-details")
    await eventually(details.inner_text, lambda words: "participants can still record" in words.lower())
