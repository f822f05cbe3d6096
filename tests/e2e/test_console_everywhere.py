"""Every page of the console: for assistive technology, narrow and wide, in light and dark, by keyboard."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.browser import join
from tests.e2e.ops import accessible, address, operator
from tests.e2e.serving import Server

PAGES = {
    "": "Overview",
    "live": "Live",
    "sessions": "Sessions",
    "sessions?code=bad": "Sessions",
    "failures": "Failures",
    "guarantee": "Guarantee",
    "ledger": "Ledger and retention",
    "access": "Access log",
    "person": "A person",
    "reason": "Why do you look?",
    "connections/ZZZZ-ZZZZ": "Nothing is kept",
}
# Wider than the window: something does not wrap.
_OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_and_nothing_overflows(
    console_server: Server, shared_browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    ada = await join(shared_browser, console_server.url, "A" * 40, "room-" + "x" * 50)
    page = await operator(shared_browser, console_server, "priya")
    await page.emulate_media(color_scheme=scheme)
    for path, title in PAGES.items():
        await page.goto(address(console_server, path))
        await expect(page.get_by_role("heading", level=1)).to_have_text(title)
        for width in (1920, 1280, 360):
            await page.set_viewport_size({"width": width, "height": 800})
            assert not await page.evaluate(_OVERFLOW), (path, width)
            await accessible(page)
    await ada.leave()


async def test_the_whole_console_is_used_without_a_mouse(
    console_server: Server, shared_browser: Browser
) -> None:
    ada = await join(shared_browser, console_server.url, "Ada", "keys")
    page = await (await shared_browser.new_context()).new_page()
    await page.goto(address(console_server))
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("priya")
    await page.keyboard.press("Tab")
    await page.keyboard.type("correct horse battery")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("radio", name="Support")).to_be_focused()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")

    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()

    await _tab_to(page, "Live", back=True)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Live")
    await _tab_to(page, "ada-")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("ada-")
    await _tab_to(page, "Guarantee", back=True)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Guarantee")
    await _tab_to(page, "Every check")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("row", name="seccomp holds kernel").first).to_be_visible()
    await _tab_to(page, "Sign out", back=True)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    await ada.leave()


async def _tab_to(page: Page, words: str, *, back: bool = False) -> None:
    """Until what begins with these words has the focus, and a ring that can be seen."""
    for _ in range(40):
        await page.keyboard.press("Shift+Tab" if back else "Tab")
        focused = await page.evaluate(
            """() => {
              const one = document.activeElement;
              return [one?.textContent?.trim() ?? '', one ? getComputedStyle(one).outlineStyle : 'none'];
            }"""
        )
        if focused[0].startswith(words):
            assert focused[1] != "none", f"{words}: the focus cannot be seen"
            return
    raise AssertionError(f"{words} is not reached with the keyboard")
