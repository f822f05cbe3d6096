"""Raised hands and reactions in the page: shown, spoken, in order, and only what is one."""

from __future__ import annotations

import asyncio
import json
import re

from livekit import rtc
from playwright.async_api import Browser, WebSocketRoute, expect

from tests.e2e.axe import violations
from tests.e2e.browser import WITHOUT_DEVICES, come_in, eventually, join, new_page
from tests.e2e.desktop import Desktop, desktop
from tests.e2e.serving import Server

HAND, REACTION = "offrecord.hand", "offrecord.reaction"
QUIET = rtc.RoomOptions(auto_subscribe=False)
ANIMATION = "(sign) => getComputedStyle(sign).animationName"


async def say(app: Desktop, topic: str, content: object) -> None:
    await app.room.local_participant.publish_data(json.dumps(content), reliable=True, topic=topic)


def heard(app: Desktop, topic: str) -> list[object]:
    return [json.loads(payload) for _, payload, about in app.data if about == topic]


async def test_hands_and_reactions_are_seen_by_all(shared_server: Server, shared_browser: Browser) -> None:
    url, token = shared_server.ws_url, shared_server.token
    async with desktop(url, token("gestures", "lap"), QUIET) as lap:
        page = (await join(shared_browser, shared_server.url, "Ada", "gestures")).page
        own, other = (page.get_by_test_id("tile").filter(has_text=name) for name in ("You (Ada)", "lap"))
        news = page.get_by_test_id("news")
        await say(lap, HAND, {"hand": "up", "for": 60_000})
        await expect(other.get_by_test_id("tile-hand")).to_have_text("Hand raised, number 1")
        await expect(news).to_have_text("lap raised a hand.")

        await page.keyboard.press("h")
        await expect(own.get_by_test_id("tile-hand")).to_contain_text("number 2")
        await expect(page.get_by_test_id("hand-button")).to_have_text("Lower hand")
        await eventually(lambda: _answered(lap, HAND), lambda told: {"hand": "up", "for": 0} in told)
        await page.get_by_test_id("people-button").click()
        people = page.get_by_test_id("person")
        await expect(people.locator("[data-part=name]")).to_have_text(["Ada (you)", "lap"])
        await expect(people.last.get_by_test_id("person-hand")).to_contain_text("number 1")
        assert await violations(page) == []

        # Who comes later asks, and is told since when.
        bo = (await join(shared_browser, shared_server.url, "Bo", "gestures", WITHOUT_DEVICES)).page
        await expect(
            bo.get_by_test_id("tile").filter(has_text="Ada").get_by_test_id("tile-hand")
        ).to_be_visible()
        # Nobody but a moderator lowers another's hand, and nothing but a message is one.
        await say(lap, HAND, {"hand": "lower", "of": await own.get_attribute("data-identity")})
        await say(lap, HAND, ["up"])
        await say(lap, HAND, {"hand": "down"})
        await expect(other.get_by_test_id("tile-hand")).to_be_hidden()
        await expect(own.get_by_test_id("tile-hand")).to_contain_text("number 1")
        await page.get_by_test_id("hand-button").click()
        await expect(own.get_by_test_id("tile-hand")).to_be_hidden()
        await expect(bo.get_by_test_id("tile-hand").filter(visible=True)).to_have_count(0)

        await page.get_by_test_id("reactions-button").click()
        first = page.get_by_test_id("react-thumbs_up")
        await expect(first).to_be_focused()
        assert await violations(page) == []
        await page.get_by_test_id("react-applause").click()
        await expect(own.get_by_test_id("tile-reaction")).to_have_text("👏")
        await expect(page.get_by_test_id("reactions-told")).to_have_text("You: applause.")
        sign = bo.get_by_test_id("tile").filter(has_text="Ada").get_by_test_id("tile-reaction")
        await expect(sign).to_have_text("👏")
        assert await sign.evaluate(ANIMATION) == "reaction-rises"
        await bo.emulate_media(reduced_motion="reduce")
        assert await sign.evaluate(ANIMATION) == "none"
        await eventually(lambda: _answered(lap, REACTION), lambda told: told == [{"reaction": "applause"}])
        await expect(own.get_by_test_id("tile-reaction")).to_be_hidden()
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("reactions")).to_be_hidden()
        await expect(page.get_by_test_id("reactions-button")).to_be_focused()

        await say(lap, REACTION, {"reaction": "<b>x</b>"})
        await say(lap, REACTION, {"reaction": "heart"})
        await expect(other.get_by_test_id("tile-reaction")).to_have_text("❤️")


async def test_who_asks_before_the_page_is_told_of_them_is_answered(
    shared_server: Server, shared_browser: Browser
) -> None:
    told = asyncio.Event()

    async def hold(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        async def tell(message: str | bytes) -> None:
            await told.wait()
            socket.send(message)

        server.on_message(tell)

    async with desktop(shared_server.ws_url, shared_server.token("overtaken", "lap"), QUIET) as lap:
        told.set()
        ada = await new_page(shared_browser, WITHOUT_DEVICES)
        await ada.route_web_socket(re.compile("/rtc"), hold)
        await come_in(ada, shared_server.url, "Ada", "overtaken")
        await ada.keyboard.press("h")
        await eventually(lambda: _answered(lap, HAND), lambda heard: {"hand": "up", "for": 0} in heard)
        told.clear()
        asked = heard(lap, HAND).count({"hand": "who"})
        bo = (await join(shared_browser, shared_server.url, "Bo", "overtaken", WITHOUT_DEVICES)).page
        await eventually(
            lambda: _answered(lap, HAND), lambda heard: heard.count({"hand": "who"}) == asked + 1
        )
        # After it, on the same ordered channel: once this is shown, the question was taken.
        await say(lap, HAND, {"hand": "up", "for": 60_000})
        laps = ada.get_by_test_id("tile").filter(has_text="lap")
        await expect(laps.get_by_test_id("tile-hand")).to_be_visible()
        await expect(ada.get_by_test_id("tile").filter(has_text="Bo")).to_have_count(0)
        told.set()
        adas = bo.get_by_test_id("tile").filter(has_text="Ada")
        await expect(adas.get_by_test_id("tile-hand")).to_be_visible()


async def _answered(app: Desktop, topic: str) -> list[object]:
    return heard(app, topic)
