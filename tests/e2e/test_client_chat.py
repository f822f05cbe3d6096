"""The chat between pages and with other SDK apps: plain text, counted while unread, gone with the call."""

from __future__ import annotations

import asyncio

from livekit import rtc
from playwright.async_api import Browser, Page, expect

from tests.e2e.browser import join
from tests.e2e.serving import Server

MARKUP = "Look: <img src=x onerror=alert(1)> & https://example.org"


async def write(page: Page, text: str) -> None:
    await page.get_by_test_id("chat-text").fill(text)
    await page.get_by_test_id("chat-text").press("Enter")


async def test_what_is_written_is_read_and_gone_with_the_call(
    shared_server: Server, shared_browser: Browser
) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "chat")
    alan = await join(shared_browser, shared_server.url, "Alan", "chat")
    await expect(alan.page.get_by_test_id("status")).to_have_text("2 people in the call")
    unread = alan.page.get_by_test_id("unread")
    await expect(unread).to_be_hidden()

    await ada.page.get_by_test_id("chat-button").click()
    await expect(ada.page.get_by_test_id("chat-panel")).to_contain_text("Messages are not kept")
    await write(ada.page, MARKUP)
    await expect(unread).to_have_text("1")
    await expect(alan.page.get_by_test_id("news")).to_have_text(f"Ada: {MARKUP}")

    await alan.page.get_by_test_id("chat-button").click()
    await expect(unread).to_be_hidden()
    read = alan.page.get_by_test_id("chat-message")
    await expect(read.locator(".message-text")).to_have_text(MARKUP)
    assert await read.locator(".message-text").evaluate("(words) => words.childElementCount") == 0
    await write(alan.page, "Seen.")
    await expect(ada.page.get_by_test_id("chat-message").last).to_contain_text("Seen.")
    await expect(ada.page.get_by_test_id("unread")).to_be_hidden()

    await alan.leave()
    await alan.page.get_by_test_id("join-button").click()
    await alan.page.get_by_test_id("chat-button").click()
    await expect(alan.page.get_by_test_id("chat-panel")).to_be_visible()
    await expect(alan.page.get_by_test_id("chat-message")).to_have_count(0)


async def test_other_apps_take_part(shared_server: Server, shared_browser: Browser) -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    reading: set[asyncio.Task[None]] = set()

    async def read(stream: rtc.TextStreamReader, identity: str) -> None:
        heard.put_nowait((identity, await stream.read_all()))

    def receive(stream: rtc.TextStreamReader, identity: str) -> None:
        reading.add(asyncio.ensure_future(read(stream, identity)))

    desktop = rtc.Room()
    desktop.register_text_stream_handler("lk.chat", receive)
    await desktop.connect(shared_server.ws_url, shared_server.token("apps", "desktop"))
    try:
        ada = await join(shared_browser, shared_server.url, "Ada", "apps")
        await expect(ada.page.get_by_test_id("status")).to_have_text("2 people in the call")
        await ada.page.get_by_test_id("chat-button").click()
        await write(ada.page, "Hello, desktop.")
        identity, text = await asyncio.wait_for(heard.get(), 20)
        assert text == "Hello, desktop."
        assert identity in desktop.remote_participants

        await desktop.local_participant.send_text("Hello, page.", topic="lk.chat")
        message = ada.page.get_by_test_id("chat-message").last
        await expect(message).to_contain_text("Hello, page.")
        await expect(message).to_contain_text("desktop")
        # Longer than a page shows: cut, and more than one packet on the way.
        await desktop.local_participant.send_text("x" * 40_000, topic="lk.chat")
        await expect(message.locator(".message-text")).to_have_text("x" * 1_999 + "…")
    finally:
        await desktop.disconnect()
        await asyncio.gather(*reading)
