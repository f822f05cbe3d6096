"""Firefox and Chromium meet through the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.e2e import firefox
from tests.e2e.browser import eventually, join
from tests.e2e.firefox import PATIENCE_SECONDS, Firefox, at
from tests.e2e.serving import Server


@pytest.fixture
async def fox() -> AsyncIterator[Firefox]:
    async with firefox.firefox() as running:
        yield running


async def test_firefox_and_chromium_see_and_hear_each_other(
    server: Server, browser: Browser, fox: Firefox
) -> None:
    fay = await firefox.join(fox, server.url, "Fay", "garden")
    ada = await join(browser, server.url, "Ada", "garden")
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

    await fay.leave()
    await eventually(ada.tiles, lambda tiles: tiles == 1, PATIENCE_SECONDS)
    await firefox.join(fox, server.url, "Fay", "garden")
    await ada.leave()
    await eventually(lambda: fox.count(at("tile")), lambda tiles: tiles == 1, PATIENCE_SECONDS)
