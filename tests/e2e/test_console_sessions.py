"""Searching sessions and failures in the console, of a call that was and of joins that failed."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import aiohttp
from livekit.api import AccessToken, VideoGrants
from playwright.async_api import Browser, Page, expect

from tests.e2e.browser import eventually, join
from tests.e2e.ops import accessible, address, operator
from tests.e2e.serving import KEY, SECRET, Server


async def refused(server: Server, identity: str) -> None:
    """Somebody whose token asks to be hidden."""
    grants = VideoGrants(room_join=True, room="refused", hidden=True)
    token = AccessToken(KEY, SECRET).with_identity(identity).with_grants(grants).to_jwt()
    url = f"{server.url}/rtc/validate"
    async with aiohttp.ClientSession() as http, http.get(url, params={"access_token": token}) as answer:
        assert answer.status == 403


async def _found(page: Page, name: str) -> None:
    """The search finds somebody, once the ledger is written."""

    async def text() -> str:
        await page.get_by_role("button", name="Search").click()
        return await page.get_by_role("main").inner_text()

    await eventually(text, lambda seen: name in seen)


async def test_sessions_are_searched_and_taken_along(
    console_server: Server, shared_browser: Browser, tmp_path: Path
) -> None:
    ada = await join(shared_browser, console_server.url, "Ada", "searched")
    await ada.leave()
    page = await operator(shared_browser, console_server)
    await page.get_by_role("navigation").get_by_role("link", name="Sessions").click()
    await page.get_by_role("textbox", name="Room").fill("searched")
    await page.get_by_role("combobox", name="Period").select_option("the last hour")
    await page.get_by_text("More to search by").click()
    await page.get_by_role("combobox", name="How it ended").select_option("client left")
    await page.get_by_role("combobox", name="Client").select_option("chrome")
    await _found(page, "ada-")
    table = page.get_by_role("table", name="Sessions")
    await expect(table.get_by_role("row", name="ada-")).to_contain_text("client left")
    await expect(page.get_by_role("textbox", name="Room")).to_have_value("searched")
    await accessible(page)
    async with page.expect_download() as begun:
        await page.get_by_role("link", name="CSV").click()
    file = tmp_path / "taken.csv"
    await (await begun.value).save_as(file)
    [row] = list(csv.DictReader(io.StringIO(file.read_text("utf-8"), newline="")))
    assert (row["room"], row["outcome"], row["browser"]) == ("searched", "client_left", "chrome")
    async with page.expect_download() as begun:
        await page.get_by_role("link", name="JSON Lines").click()
    assert (await begun.value).suggested_filename == "sessions.jsonl"

    await page.get_by_label("Failed only").check()
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_text("Nothing that matches is kept")).to_be_visible()
    await accessible(page)
    await page.get_by_label("Support code").fill("no code")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_role("alert")).to_contain_text("eight letters and digits")
    await accessible(page)


async def test_failures_lead_to_the_sessions_and_to_what_to_do(
    console_server: Server, shared_browser: Browser
) -> None:
    await refused(console_server, "mallory-of-the-failures")
    page = await operator(shared_browser, console_server, "grace", "Security")
    await page.get_by_role("navigation").get_by_role("link", name="Failures").click()
    await _found(page, "Never granted")
    cause = page.get_by_role("region", name="Never granted", exact=True)
    await expect(cause).to_contain_text("Have the back end leave recorder, hidden and roomRecord out")
    await expect(page.get_by_role("main")).not_to_contain_text("mallory")
    await accessible(page)
    await cause.get_by_role("link", name="These sessions").click()
    await page.get_by_role("link", name="mallory-of-the-failures").first.click()
    await expect(page.get_by_role("region", name="What went wrong")).to_be_visible()
    await accessible(page)


async def test_a_search_finds_by_support_code(console_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, console_server.url, "Ada", "coded")
    page = await operator(shared_browser, console_server)
    await page.goto(address(console_server, "live"))
    row = page.get_by_role("table", name="coded").get_by_role("row", name="ada-")
    code = (await row.get_by_role("cell").last.inner_text()).strip()
    await page.goto(address(console_server))
    await page.get_by_label("Support code that somebody names").fill(code.lower().replace("-", " "))
    await _found(page, "ada-")
    await expect(page.get_by_role("table", name="Sessions").get_by_role("row")).to_have_count(2)
    await ada.leave()
