"""An orderly stop ends a call: people and apps are told why, and nobody tries to come back."""

from __future__ import annotations

import asyncio

from livekit import rtc
from playwright.async_api import Browser, expect

from tests.e2e.browser import join
from tests.e2e.serving import Server


async def test_a_server_that_stops_ends_the_call_and_says_so(server: Server, browser: Browser) -> None:
    ada = await join(browser, server.url, "Ada", "garden")
    desk = rtc.Room()
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    again: list[str] = []
    desk.on("disconnected", ended.set_result)
    desk.on("reconnecting", lambda: again.append("reconnecting"))
    await desk.connect(server.ws_url, server.token("garden", "desk"))
    await server.stop()
    assert await asyncio.wait_for(ended, 20) == rtc.DisconnectReason.SERVER_SHUTDOWN
    await expect(ada.page.get_by_text("The server is shutting down")).to_be_visible()
    await expect(ada.page.get_by_test_id("join-button")).to_be_visible()
    assert again == []
    await ada.page.context.close()
