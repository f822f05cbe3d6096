"""A privacy officer answers a person in the console: takes out, refuses, objects, corrects, erases."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.e2e.browser import eventually, join
from tests.e2e.ops import accessible, address, operator
from tests.e2e.serving import Server


async def _held(page: Page, identity: str) -> None:
    """Until the whole session is in the ledger, its end too."""

    async def text() -> str:
        await page.get_by_label("Name in the access token").fill(identity)
        await page.get_by_role("button", name="Search").click()
        return await page.get_by_role("main").inner_text()

    await eventually(text, lambda seen: "Erase for good" in seen)


async def test_a_person_is_answered(console_server: Server, shared_browser: Browser, tmp_path: Path) -> None:
    ada = await join(shared_browser, console_server.url, "Ada", "answered")
    page = await operator(shared_browser, console_server, "priya", "Support")
    await page.goto(address(console_server, "live"))
    link = page.get_by_role("table", name="answered").get_by_role("link", name="ada-")
    identity = await link.inner_text()
    await ada.leave()

    await page.get_by_role("navigation").get_by_role("link", name="A person").click()
    await expect(page.get_by_text("Your reason for looking is not a request of a person")).to_be_visible()
    await accessible(page)
    await page.get_by_role("link", name="Change it", exact=True).click()
    await page.get_by_role("radio", name="Request of a person").check()
    await page.get_by_role("button", name="Continue").click()
    await _held(page, identity)
    await expect(page.get_by_role("row", name="answered")).to_be_visible()
    await accessible(page)

    take = page.get_by_role("region", name="Take it out for them")
    await take.get_by_role("combobox", name="Who asked").select_option("own_request")
    async with page.expect_download() as begun:
        await take.get_by_role("button").click()
    file = tmp_path / "kept.json"
    await (await begun.value).save_as(file)
    assert json.loads(file.read_text())["identity"] == identity

    refuse = page.get_by_role("region", name="Refuse")
    await refuse.get_by_role("combobox", name="Who asked").select_option("objection")
    await refuse.get_by_role("combobox", name="Why it is refused").select_option("compelling grounds")
    await refuse.get_by_role("button").click()
    await expect(page.get_by_label("Letter")).to_contain_text("for reasons that outweigh yours")
    await accessible(page)

    objected = page.get_by_role("region", name="Object to details")
    await objected.get_by_role("combobox", name="Who asked").select_option("objection")
    await objected.get_by_role("button", name="Erase details").click()
    said = page.get_by_role("status").filter(has_text="of details erased")
    await expect(said).to_contain_text(re.compile(r"answered: [1-9]\d* rows? of details erased"))
    await accessible(page)
    await objected.get_by_role("combobox", name="Who asked").select_option("objection")
    await objected.get_by_role("button", name="Erase details").click()
    await expect(page.get_by_role("status").filter(has_text="nothing of that is kept")).to_be_visible()

    correct = page.get_by_role("region", name="Correct the name")
    await correct.get_by_role("combobox", name="Who asked").select_option("own_request")
    await correct.get_by_label("New name").fill("person-7")
    await correct.get_by_role("button").click()
    await expect(page.get_by_role("status").filter(has_text="corrected")).to_be_visible()

    await _held(page, "person-7")
    erase = page.get_by_role("region", name="Erase for good")
    await erase.get_by_role("combobox", name="Who asked").select_option("own_request")
    await erase.get_by_label("Type the name once more").fill("person-8")
    await erase.get_by_role("button").click()
    await expect(page.get_by_role("alert")).to_contain_text("type the name once more")
    await _held(page, "person-7")
    await erase.get_by_role("combobox", name="Who asked").select_option("own_request")
    await erase.get_by_label("Type the name once more").fill("person-7")
    await erase.get_by_role("button").click()
    await expect(page.get_by_role("status").filter(has_text="erased")).to_be_visible()
    await expect(page.get_by_text("Nothing is kept about that name")).to_be_visible()
    await accessible(page)
