"""Firefox and Chromium meet through the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e import firefox
from tests.e2e.browser import eventually, join
from tests.e2e.firefox import PATIENCE_SECONDS, Firefox, at
from tests.e2e.serving import Server
from tests.e2e.test_how_a_call_went import kept


@pytest_asyncio.fixture(loop_scope="session")
async def fox() -> AsyncIterator[Firefox]:
    async with firefox.firefox() as running:
        yield running


@pytest.mark.timeout(240)  # two browsers of different makes on a machine that may be busy
async def test_firefox_and_chromium_see_and_hear_each_other(
    shared_server: Server, shared_browser: Browser, fox: Firefox
) -> None:
    fay = await firefox.join(fox, shared_server.url, "Fay", "foxes")
    ada = await join(shared_browser, shared_server.url, "Ada", "foxes")
    await asyncio.gather(ada.sees(1), ada.hears(1), fay.sees(1), fay.hears(1))

    tile = ada.page.get_by_test_id("tile").filter(has_text="Fay")
    video = tile.get_by_test_id("tile-video")
    await fay.press("mic-button")
    await fay.press("camera-button")
    await expect(tile).to_have_attribute("data-muted", "true", timeout=PATIENCE_SECONDS * 1000)
    await expect(video).to_be_hidden(timeout=PATIENCE_SECONDS * 1000)
    await fay.press("mic-button")
    await fay.press("camera-button")
    await expect(tile).to_have_attribute("data-muted", "false", timeout=PATIENCE_SECONDS * 1000)
    await expect(video).to_be_visible(timeout=PATIENCE_SECONDS * 1000)
    await asyncio.gather(ada.sees(1), ada.hears(1))

    other = at("tile", '[data-self="false"]')
    await ada.page.get_by_test_id("mic-button").click()
    await ada.page.get_by_test_id("camera-button").click()
    await fay.shows(f'{other}[data-muted="true"]')
    await fay.shows(f"{other} {at('tile-video')}", shown=False)
    await ada.page.get_by_test_id("mic-button").click()
    await ada.page.get_by_test_id("camera-button").click()
    await fay.shows(f'{other}[data-muted="false"]')
    await fay.shows(f"{other} {at('tile-video')}")
    await asyncio.gather(fay.sees(1), fay.hears(1))

    await ada.page.get_by_test_id("chat-button").click()
    await fay.press("chat-button")
    await fay.browser.write(at("chat-text"), "from Firefox")
    await fay.press("chat-send")
    last = ada.page.get_by_test_id("chat-message").last
    await expect(last).to_contain_text("from Firefox", timeout=PATIENCE_SECONDS * 1000)
    await ada.page.get_by_test_id("chat-text").fill("from Chromium")
    await ada.page.get_by_test_id("chat-send").click()
    await eventually(
        lambda: fay.reads("chat-message"), lambda texts: "from Chromium" in "".join(texts), PATIENCE_SECONDS
    )

    await fay.leave()
    await eventually(ada.tiles, lambda tiles: tiles == 1, PATIENCE_SECONDS)
    rows = await kept(shared_server, "foxes")
    lines = [row for row in rows if row["event"] == "transport_ended"]
    assert {row["direction"] for row in lines} == {"both"}
    assert all(row["numbers"] == "told" and row["round_trip_last"] > 0 for row in lines), lines
    fay = await firefox.join(fox, shared_server.url, "Fay", "foxes")
    await ada.leave()
    await eventually(lambda: fox.count(at("tile")), lambda tiles: tiles == 1, PATIENCE_SECONDS)
    await fay.leave()
