"""The live page while people come and go, with the keyboard, and wherever its reader was."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.e2e.browser import join
from tests.e2e.ops import accessible, address, operator
from tests.e2e.serving import Server


async def test_people_appear_and_leave_while_the_page_is_open(
    console_server: Server, shared_browser: Browser
) -> None:
    page = await operator(shared_browser, console_server)
    await page.get_by_role("navigation").get_by_role("link", name="Live").click()
    await expect(page.get_by_text("Following")).to_be_visible()
    ada = await join(shared_browser, console_server.url, "Ada", "garden")
    table = page.get_by_role("table", name="garden")
    row = table.get_by_role("row", name="ada-")
    await expect(row).to_contain_text("microphone")
    await expect(row).to_contain_text("camera")
    await expect(row.get_by_text("excellent")).to_be_visible()
    await expect(row).to_contain_text("Chrome")
    await accessible(page)

    pause = page.get_by_role("button", name="Pause")
    await pause.focus()
    alan = await join(shared_browser, console_server.url, "Alan", "garden")
    await expect(table.get_by_role("row", name="alan-")).to_be_visible()
    await expect(pause).to_be_focused()
    await expect(page.get_by_role("heading", name="garden")).to_be_visible()
    await accessible(page)

    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Paused")).to_be_visible()
    await alan.leave()
    await page.keyboard.press("Enter")
    await expect(table.get_by_role("row", name="alan-")).to_have_count(0)
    await ada.leave()
    garden = page.get_by_role("region", name="garden")
    await expect(garden.get_by_text("Nobody is in it")).to_be_visible()


async def test_a_room_with_a_hostile_name_is_text(console_server: Server, shared_browser: Browser) -> None:
    page = await operator(shared_browser, console_server)
    alerts: list[str] = []
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    room = "<img src=x onerror=alert(1)>"
    ada = await join(shared_browser, console_server.url, "Ada", room)
    await page.goto(address(console_server, "live"))
    await expect(page.get_by_role("heading", name=room)).to_be_visible()
    assert alerts == []
    await ada.leave()


async def test_without_a_script_the_page_is_there_and_is_loaded_again(
    console_server: Server, shared_browser: Browser
) -> None:
    page = await operator(shared_browser, console_server, java_script_enabled=False)
    await page.goto(address(console_server, "live"))
    await page.get_by_role("link", name="Load again").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Live")


async def test_the_guarantee_of_every_relay(console_server: Server, shared_browser: Browser) -> None:
    page = await operator(shared_browser, console_server)
    await page.get_by_role("link", name="Guarantee", exact=True).click()
    await expect(page.get_by_role("heading", name="Relay 1")).to_be_visible()
    await page.get_by_text("Every check").first.click()
    await expect(page.get_by_role("row", name="seccomp holds kernel").first).to_be_visible()
    await accessible(page)
    assert Path(console_server.directory, "offrecord-access").is_dir()
