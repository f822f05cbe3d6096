"""The list of people says who receives this page's sound and video now, by the relay's account."""

from __future__ import annotations

import json
from typing import Any

from livekit import rtc
from playwright.async_api import Browser, Page, Route, expect

from tests.e2e.axe import violations
from tests.e2e.browser import eventually, join
from tests.e2e.desktop import desktop
from tests.e2e.serving import Server

VOLUMES = "Array.from(document.querySelectorAll('[data-part=sound] audio'), (each) => each.volume)"
STRANGER = {"sid": "PA_x", "identity": "nobody", "name": "Nobody", "since": "", "state": "active"}


async def one_more(route: Route) -> None:
    """The server's answer with a receiver that is in no list."""
    answer: dict[str, Any] = await (await route.fetch()).json()
    answer["tracks"][0]["receivers"].append(STRANGER)
    await route.fulfill(body=json.dumps(answer), content_type="application/json")


async def look_again(page: Page) -> None:
    """The relay is asked as soon as the list is opened."""
    await page.get_by_test_id("people-button").click()
    await expect(page.get_by_test_id("people-panel")).to_be_hidden()
    async with page.expect_response("**/api/receivers"):
        await page.get_by_test_id("people-button").click()


async def test_who_receives_is_told_and_a_difference_is_seen(
    shared_server: Server, shared_browser: Browser
) -> None:
    url, token = shared_server.ws_url, shared_server.token
    deaf = rtc.RoomOptions(auto_subscribe=False)
    async with (
        desktop(url, token("receivers", "lap")) as lap,
        desktop(url, token("receivers", "desk"), deaf),
    ):
        page = (await join(shared_browser, shared_server.url, "Ada", "receivers")).page
        await page.get_by_test_id("people-button").click()
        people = page.get_by_test_id("person")
        gets = people.get_by_test_id("person-gets")
        await expect(gets).to_have_text(["", "gets nothing of yours", "gets your sound and video"])
        tracks = page.get_by_test_id("receivers-tracks").locator("li")
        await expect(tracks).to_have_text(["Your sound goes to lap.", "Your video goes to lap."])
        await page.get_by_test_id("mic-button").click()
        await expect(tracks.first).to_have_text("Your sound (muted) goes to lap.")

        await lap.publish()
        line = people.filter(has_text="lap")
        await line.get_by_test_id("mixer-button").click()
        await expect(line.get_by_test_id("person-quality")).to_contain_text(
            "Their video reaches you at 320 × 240."
        )
        await line.get_by_test_id("person-volume").fill("40")
        await expect(line.get_by_test_id("mixer-button")).to_have_text("40 %")
        await eventually(lambda: page.evaluate(VOLUMES), lambda volumes: volumes == [0.4])
        assert await violations(page) == []

        alarm = page.get_by_test_id("receivers-alarm")
        await expect(alarm).to_be_hidden()
        await page.route("**/api/receivers", one_more)
        await look_again(page)
        await look_again(page)
        await expect(alarm).to_contain_text("somebody who is not in this list: Nobody")
        await page.unroute("**/api/receivers")
        await look_again(page)
        await expect(alarm).to_be_hidden()

        await page.route("**/api/receivers", lambda route: route.fulfill(status=503))
        await look_again(page)
        await expect(page.get_by_test_id("receivers")).to_contain_text("does not say at the moment")
