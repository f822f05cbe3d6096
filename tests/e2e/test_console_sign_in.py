"""Signing in to the console in a browser; nothing else of the server sets a cookie."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.browser import join
from tests.e2e.ops import accessible, address, operator, sign_in
from tests.e2e.serving import Server


async def test_an_operator_signs_in_says_why_and_signs_out(
    console_server: Server, shared_browser: Browser
) -> None:
    context = await shared_browser.new_context(timezone_id="Europe/Berlin")
    page = await context.new_page()
    await sign_in(page, console_server, "grace", "wrong horse battery")
    await expect(page.get_by_role("alert")).to_have_text("Name and password do not fit.")
    await accessible(page)
    await sign_in(page, console_server, "grace")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Why do you look?")
    await accessible(page)
    await page.get_by_role("radio", name="Security").check()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    await expect(page.get_by_role("contentinfo")).to_contain_text("Europe/Berlin (CE")
    await accessible(page)
    await page.get_by_role("link", name="Reason for looking: Security").click()
    await expect(page.get_by_role("radio", name="Security")).to_be_checked()
    await page.get_by_role("radio", name="Audit").check()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("link", name="Reason for looking: Audit")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    await page.goto(address(console_server, "live"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


async def test_signing_in_leads_where_one_wanted_to_go(
    console_server: Server, shared_browser: Browser
) -> None:
    page = await (await shared_browser.new_context()).new_page()
    await page.goto(address(console_server, "guarantee"))
    await page.get_by_label("Name").fill("adam")
    await page.get_by_label("Password").fill("correct horse battery")
    await page.keyboard.press("Enter")
    await page.get_by_role("radio", name="Operation").check()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Guarantee")
    await accessible(page)


async def test_participants_get_no_cookie(console_server: Server, shared_browser: Browser) -> None:
    """Also in a browser that has the console's: nothing else of the server adds to it."""
    ada = await join(shared_browser, console_server.url, "Ada", "cookies")
    assert await ada.page.context.cookies() == []
    await ada.leave()
    page = await operator(shared_browser, console_server)
    (cookie,) = await page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("offrecord-console", True, "Strict")
    assert await page.evaluate("document.cookie") == ""
    await page.goto(f"{console_server.url}/privacy")
    await page.goto(console_server.url)
    assert await page.context.cookies() == [cookie]
