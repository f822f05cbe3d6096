"""Every screen of the conference page, in both directions of text, light and dark: nothing is wrong for those
who listen or need contrast, and nothing is wider than the screen."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.e2e.axe import violations
from tests.e2e.browser import new_page
from tests.e2e.client_page import OVERFLOW
from tests.e2e.serving import Server

PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 800}
LONG_NAME = "Adelaide Featherstonehaugh-Cholmondeley"


async def looks_well(page: Page) -> None:
    assert await violations(page) == []
    assert await page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize(("language", "scheme"), [("en", "dark"), ("ar", "light")])
async def test_nothing_is_wrong_on_any_screen(
    shared_server: Server, shared_browser: Browser, language: str, scheme: Literal["dark", "light"]
) -> None:
    page = await new_page(shared_browser)
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.set_viewport_size(PHONE)
    await page.goto(f"{shared_server.url}/?lang={language}#room=seen-{language}")
    await before_the_call(page)
    await page.get_by_test_id("join-name").fill(LONG_NAME)
    await page.get_by_test_id("join-button").click()
    await page.get_by_test_id("leave-button").wait_for()
    await in_the_call(page)
    await page.get_by_test_id("leave-button").click()
    receipt = page.locator("[data-part=summary] summary")
    await receipt.click()
    await expect(page.locator("[data-part=summary] td").first).to_be_visible()
    await looks_well(page)


async def before_the_call(page: Page) -> None:
    await expect(page.locator("[data-part=guarantee]")).to_have_attribute("data-tone", "calm")
    await page.get_by_test_id("encrypt").check()
    await looks_well(page)
    await page.get_by_test_id("encrypt").uncheck()
    await page.get_by_test_id("badge").click()
    await page.get_by_test_id("badge-kernel").locator("summary").first.click()
    await looks_well(page)
    await page.keyboard.press("Escape")
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("error")).to_be_visible()
    await looks_well(page)


async def in_the_call(page: Page) -> None:
    await looks_well(page)
    await page.get_by_test_id("more-button").click()
    await looks_well(page)
    await page.keyboard.press("Escape")
    await page.get_by_test_id("chat-button").click()
    await page.get_by_test_id("chat-text").fill("https://meet.example/")
    await page.get_by_test_id("chat-send").click()
    await expect(page.get_by_test_id("chat-message")).to_be_visible()
    await looks_well(page)
    await page.get_by_test_id("people-button").click()
    await expect(page.get_by_test_id("person")).to_contain_text(LONG_NAME)
    await expect(page.get_by_test_id("receivers-tracks").locator("li").first).to_be_visible()
    name = page.locator(".person-name")
    assert await name.evaluate("(name) => name.scrollWidth <= name.clientWidth"), "named in full"
    await looks_well(page)
    await page.set_viewport_size(DESK)
    await looks_well(page)
    for opener, dialog in (
        ("devices-button", "devices"),
        ("invite-button", "invite"),
        ("keys-button", "keys"),
    ):
        await open_menu_for(page, opener)
        await page.get_by_test_id(opener).click()
        await expect(page.locator(f"dialog[data-part={dialog}]")).to_be_visible()
        await looks_well(page)
        await page.keyboard.press("Escape")


async def open_menu_for(page: Page, opener: str) -> None:
    if not await page.get_by_test_id(opener).is_visible():
        await page.get_by_test_id("more-button").click()
