"""A running server says what it guarantees, from evidence of every relay, and the badge shows it."""

from __future__ import annotations

import base64
import json
import os
import time

import aiohttp
from playwright.async_api import Browser, Route, expect

from server.guarantee.check import Verdict, check
from tests.e2e.browser import eventually, join, new_page
from tests.e2e.serving import Server

NONCE = "chosen-by-the-asker"


async def test_every_relay_is_judged_from_evidence(server: Server) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(server.url + "/guarantee", params={"nonce": NONCE}) as answer,
    ):
        assert answer.status == 200
        statement = await answer.json()
        keys = await (await session.get(server.url + "/.well-known/jwks.json")).json()
    checked = check(statement.pop("jws"), keys, NONCE, time.time())
    assert (checked.verdict, checked.claims) == (Verdict.VALID, statement)
    assert statement["level"] == "full"
    assert statement["reasons"] == []
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


async def test_during_a_call_the_badge_checks_every_answer(server: Server, browser: Browser) -> None:
    ada = await join(browser, server.url, "Ada", "garden")
    page, badge = ada.page, ada.page.get_by_test_id("badge")
    tone = page.locator("[data-part=guarantee]")
    await badge.click()
    await page.get_by_text("Every observation").click()
    details = page.get_by_test_id("badge-details")
    await expect(details).to_contain_text("Ed25519, checked in this browser")
    await expect(details).to_contain_text("runs on relay")
    await expect(tone).to_have_attribute("data-tone", "calm")

    async def tamper(route: Route) -> None:
        answer = await route.fetch()
        told = await answer.json()
        head, _, signature = told["jws"].split(".")
        content = {key: value for key, value in told.items() if key != "jws"}
        content["does_not_prove"] = []
        payload = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
        await route.fulfill(response=answer, json={"jws": ".".join([head, payload, signature])})

    await page.route("**/guarantee?*", tamper)
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    await expect(tone).to_have_attribute("data-tone", "alarm")
    await expect(badge).to_contain_text("Signature is wrong")
    await page.unroute("**/guarantee?*")
    await expect(tone).to_have_attribute("data-tone", "calm")
