"""The pages of the ledger and of the access log, over a server that has had a call."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.browser import join
from tests.e2e.ops import accessible, address, operator
from tests.e2e.serving import Server


async def test_what_is_kept_and_for_how_long(console_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, console_server.url, "Ada", "counted")
    await ada.leave()
    page = await operator(shared_browser, console_server)
    await page.get_by_role("link", name="Ledger").click()
    kinds = page.get_by_role("table", name="Rows by kind")
    await expect(kinds.get_by_role("row", name="participant joined")).to_contain_text("session_days")
    classes = page.get_by_role("table", name="How long each class is kept")
    await expect(classes.get_by_role("row", name="Connections")).to_contain_text("30")
    await accessible(page)


async def test_who_looked_is_searched_with_the_keyboard(
    console_server: Server, shared_browser: Browser
) -> None:
    viewer = await operator(shared_browser, console_server, "grace", "Security")
    await viewer.goto(address(console_server, "live"))
    await viewer.goto(address(console_server, "access"))
    await expect(viewer.get_by_role("heading", level=1)).to_have_text("Not for your role")
    await accessible(viewer)

    page = await operator(shared_browser, console_server, "priya", "Audit")
    await page.get_by_role("link", name="Access log").click()
    await expect(page.get_by_text("Intact.")).to_be_visible()
    await page.get_by_label("Operator").focus()
    await page.keyboard.type("grace")
    await page.keyboard.press("Enter")
    looks = page.get_by_role("table", name="Looks, newest first")
    row = looks.get_by_role("row", name="grace").filter(has_text="Security").first
    await expect(row).to_contain_text("who is connected now")
    await expect(looks.get_by_role("row", name="priya")).to_have_count(0)
    await accessible(page)
    await page.get_by_label("Operator").fill("nobody")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_text("Nothing that matches")).to_be_visible()
