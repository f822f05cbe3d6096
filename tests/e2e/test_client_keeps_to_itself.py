"""The page turns to nobody but its server, keeps nothing unasked, and needs no exception from its policy."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.client_page import SECURE, PlayedServer, open_page

NAMELESS = """
() => Array.from(document.querySelectorAll('button, input, select, a'))
  .filter((each) => each.checkVisibility())
  .filter((each) => !(each.labels?.length || each.textContent.trim() || each.ariaLabel))
  .map((each) => each.outerHTML)
"""


async def test_the_page_turns_to_its_server_only(shared_browser: Browser) -> None:
    played = PlayedServer()
    page = await open_page(shared_browser, played, f"{SECURE}#room=garden")
    await expect(page.get_by_test_id("preview-video")).to_be_visible()
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("error")).to_be_visible()
    assert played.strangers == []
    assert await page.context.cookies() == []
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert await page.evaluate("window.violationsOfThisPage") == []


async def test_every_control_has_a_name(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer())
    await page.get_by_test_id("badge").click()
    assert await page.evaluate(NAMELESS) == []


async def test_nothing_is_wider_than_a_small_phone(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer(), viewport={"width": 360, "height": 740})
    await expect(page.locator("[data-part=guarantee]")).to_have_attribute("data-tone", "calm")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.get_by_test_id("badge").click()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
