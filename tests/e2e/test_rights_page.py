"""`/rights`: a saved receipt is opened, what is kept is corrected and erased, and each answer is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from server.api.receipt import RECEIPT_TYPE
from server.api.rights import CORRECTION_TYPE, ERASURE_TYPE, OBJECTION_TYPE
from server.guarantee import jws
from tests.e2e.axe import violations
from tests.e2e.browser import eventually
from tests.e2e.client_page import REMEMBER_VIOLATIONS
from tests.e2e.desktop import desktop
from tests.e2e.serving import Server
from tests.e2e.test_privacy_receipt import fetched, until_heard


async def saved(server: Server, path: Path, room: str = "garden") -> dict[str, Any]:
    """The receipt of a call that is over, in a file as the page after it saves one."""
    token = server.token(room, "ada-lovelace")
    async with (
        desktop(server.ws_url, server.token(room, "bob")) as bob,
        desktop(server.ws_url, token) as ada,
    ):
        await ada.publish()
        await until_heard(bob)

    async def kept() -> Any:
        return await fetched(server, "/api/receipt", token)

    receipt: dict[str, Any] = await eventually(
        kept, lambda seen: "participant_left" in [one["event"] for one in seen["receipt"]["kept"]]
    )
    path.write_text(json.dumps(receipt, indent=2))
    return receipt


async def opened(server: Server, browser: Browser, **options: Any) -> Page:
    context = await browser.new_context(**options)
    await context.add_init_script(REMEMBER_VIOLATIONS)
    page = await context.new_page()
    await page.goto(f"{server.url}/rights")
    return page


async def downloaded(page: Page, test_id: str, to: Path) -> Any:
    async with page.expect_download() as saving:
        await page.get_by_test_id(test_id).click()
    await (await saving.value).save_as(to)
    return json.loads(to.read_text())


async def test_a_saved_receipt_is_opened_corrected_and_erased_and_each_answer_is_signed(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    file, ledger = tmp_path / "offrecord-receipt.json", server.directory / "offrecord.db"
    receipt = await saved(server, file)
    page = await opened(server, browser)
    sent: list[tuple[str, str]] = []
    page.on("request", lambda request: sent.append((request.method, request.post_data or "")))
    await page.get_by_test_id("file").set_input_files(file)
    await page.get_by_test_id("open").click()
    await expect(page.get_by_role("heading", name="Kept about you in this room")).to_be_focused()
    await expect(page.get_by_role("table")).to_contain_text("You joined with")
    await expect(page.get_by_text("under the name “ada-lovelace”")).to_be_visible()
    keys = await fetched(server, "/.well-known/jwks.json")
    again = await downloaded(page, "save", tmp_path / "again.json")
    claims = jws.decode(again["jws"], keys, typ=RECEIPT_TYPE)
    assert claims["kept"] == receipt["receipt"]["kept"]
    await page.get_by_text("The same as JSON").click()
    assert json.loads(await page.get_by_test_id("json").inner_text()) == again

    await page.get_by_test_id("correct").click()
    await expect(page.get_by_test_id("correct-error")).to_contain_text("Write the name")
    await page.get_by_test_id("name").fill("Countess Ada")
    await page.get_by_test_id("correct").click()
    await expect(page.get_by_role("heading", name="What was done")).to_be_focused()
    await expect(page.get_by_text("under the name “~Countess Ada”")).to_be_visible()
    assert b"ada-lovelace" not in ledger.read_bytes()
    corrected = await downloaded(page, "save-correction", tmp_path / "correction.json")
    claims = jws.decode(corrected["jws"], keys, typ=CORRECTION_TYPE)
    assert (claims["identity"], claims["new_identity"]) == ("ada-lovelace", "~Countess Ada")

    await page.get_by_test_id("close").click()
    await expect(page.get_by_test_id("file")).to_be_focused()
    await page.get_by_test_id("token").fill(corrected["token"])
    await page.get_by_test_id("open").click()
    await expect(page.get_by_text("under the name “~Countess Ada”")).to_be_visible()

    await page.get_by_test_id("object").click()
    await expect(page.get_by_test_id("object-no")).to_be_focused()
    await page.get_by_test_id("object-yes").click()
    await expect(
        page.get_by_text("held about you moment by moment in this room has been erased")
    ).to_be_visible()
    await expect(page.get_by_role("table")).not_to_contain_text("microphone")
    objected = await downloaded(page, "save-objection", tmp_path / "objection.json")
    claims = jws.decode(objected["jws"], keys, typ=OBJECTION_TYPE)
    assert claims["erased"]["track_published"] == claims["erased"]["track_unpublished"] >= 1

    await page.get_by_test_id("erase").click()
    await expect(page.get_by_test_id("erase-no")).to_be_focused()
    await page.get_by_test_id("erase-no").click()
    assert b"Countess Ada" in ledger.read_bytes()
    await page.get_by_test_id("erase").click()
    await page.get_by_test_id("erase-yes").click()
    await expect(page.get_by_role("heading", name="Nothing is kept about you in this room")).to_be_visible()
    erased = await downloaded(page, "save-erasure", tmp_path / "erasure.json")
    claims = jws.decode(erased["jws"], keys, typ=ERASURE_TYPE)
    assert claims["erased"]["participant_joined"] == 1
    assert b"Countess Ada" not in ledger.read_bytes()
    assert b"bob" in ledger.read_bytes()

    assert [body for _, body in sent if body] == ['{"name":"Countess Ada"}'], "nothing of the file is sent"
    assert await page.evaluate("window.violationsOfThisPage") == []
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert await page.evaluate("indexedDB.databases().then((all) => all.length)") == 0
    assert await page.context.cookies() == []
    await page.context.close()


async def test_what_is_no_receipt_is_told_beside_the_field(
    shared_server: Server, shared_browser: Browser, tmp_path: Path
) -> None:
    page = await opened(shared_server, shared_browser)
    error = page.get_by_test_id("error")
    await page.get_by_test_id("open").click()
    await expect(error).to_contain_text("Choose the file")
    await expect(page.get_by_test_id("token")).to_be_focused()
    await page.get_by_test_id("token").fill("a.b.c")
    await page.get_by_test_id("open").click()
    await expect(error).to_contain_text("access token")
    (tmp_path / "holiday.json").write_text('{"photo": "beach"}')
    await page.get_by_test_id("file").set_input_files(tmp_path / "holiday.json")
    await page.get_by_test_id("open").click()
    await expect(error).to_contain_text("not a receipt")
    await expect(page.get_by_test_id("file")).to_be_focused()
    await expect(page.get_by_test_id("found")).to_be_hidden()
    await page.context.close()


async def test_it_is_done_with_the_keyboard_alone(
    shared_server: Server, shared_browser: Browser, tmp_path: Path
) -> None:
    receipt = await saved(shared_server, tmp_path / "receipt.json", "by keyboard")
    page = await opened(shared_server, shared_browser)
    await page.get_by_test_id("token").focus()
    await page.keyboard.insert_text(receipt["token"])
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Kept about you in this room")).to_be_focused()
    erase = page.get_by_test_id("erase")
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await erase.evaluate("(button) => button === document.activeElement"):
            break
    await expect(erase).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_test_id("erase-yes")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="What was done")).to_be_focused()
    await expect(page.get_by_test_id("status")).to_contain_text("erased")
    await page.context.close()


async def test_the_pages_that_there_are_lead_there(shared_server: Server, shared_browser: Browser) -> None:
    context = await shared_browser.new_context()
    page = await context.new_page()
    for where in ("/", "/privacy"):
        await page.goto(shared_server.url + where)
        link = page.locator('a[href="rights"]').first
        await expect(link).to_be_visible()
    await link.click()
    await expect(page.get_by_role("heading", name="What is kept about you")).to_be_visible()
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_nothing_is_wrong_for_who_listens_and_nothing_is_wider_than_the_screen(
    shared_server: Server, shared_browser: Browser, tmp_path: Path, scheme: Any, width: int
) -> None:
    file, variant = tmp_path / "receipt.json", f"{scheme} {width}"
    await saved(shared_server, file, variant)
    page = await opened(
        shared_server, shared_browser, color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    assert await violations(page) == []
    await page.get_by_test_id("open").click()
    await expect(page.get_by_test_id("error")).to_be_visible()
    await page.get_by_test_id("file").set_input_files(file)
    await page.get_by_test_id("open").click()
    await expect(page.get_by_test_id("found")).to_be_visible()
    await page.get_by_text("The same as JSON").click()
    await page.get_by_test_id("name").fill(f"Countess Ada, {variant}")
    await page.get_by_test_id("correct").click()
    await expect(page.get_by_role("heading", name="What was done")).to_be_visible()
    await page.get_by_test_id("erase").click()
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.context.close()
