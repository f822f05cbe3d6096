"""The join page tells which privacy policy is served, and what has changed since somebody last saw it."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.e2e.client_page import SECURE, PlayedServer, open_context, open_page

FIRST = {"revised": "2026-01-01", "what": "First version."}
SECOND = {"revised": "2026-06-01", "what": "Guests are asked for <b>their age</b>."}
OLD: dict[str, Any] = {"version": "2026-01-01-0123abcd", "revised": "2026-01-01", "changes": [FIRST]}
NEW: dict[str, Any] = {"version": "2026-06-01-4567abcd", "revised": "2026-06-01", "changes": [SECOND, FIRST]}


async def ask_to_join(page: Page, name: str = "Ada") -> None:
    await page.get_by_test_id("join-name").fill(name)
    await page.get_by_test_id("join-button").click()


async def test_the_version_and_its_day_stand_beside_the_link(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer(policy=NEW), SECURE, locale="en-GB")
    version = page.get_by_test_id("policy-version")
    await expect(version).to_have_text("of 1 June 2026 (version 2026-06-01-4567abcd)")
    await expect(page.get_by_test_id("policy-changed")).to_be_hidden()


async def test_where_none_is_published_nothing_is_told_of_it_and_nothing_sent(
    shared_browser: Browser,
) -> None:
    played = PlayedServer()
    page = await open_page(shared_browser, played, f"{SECURE}#room=garden")
    await ask_to_join(page)
    await expect(page.get_by_test_id("error")).to_have_text("no guests today")
    await expect(page.get_by_test_id("policy-version")).to_be_empty()
    assert played.token_requests == [{"room": "garden", "name": "Ada"}]


async def test_who_was_shown_another_is_shown_what_changed_and_asked_again(shared_browser: Browser) -> None:
    played = PlayedServer(policy=OLD)
    page = await open_page(shared_browser, played, f"{SECURE}#room=garden", locale="en-GB")
    await expect(page.get_by_test_id("policy-version")).to_contain_text(OLD["version"])
    played.policy = NEW
    played.token_status = 409
    played.token_answer = {"error": "Read it.", "policy_changed": True, "policy": NEW["version"]}
    await ask_to_join(page)
    changed = page.get_by_test_id("policy-changed")
    await expect(changed).to_be_focused()
    await expect(changed).to_contain_text("has changed since this page was opened")
    await expect(changed).to_contain_text("1 June 2026Guests are asked for <b>their age</b>.")
    await expect(changed).not_to_contain_text("First version.")
    await expect(page.get_by_test_id("policy-version")).to_contain_text(NEW["version"])
    await expect(page.get_by_test_id("error")).to_be_hidden()
    assert await changed.evaluate("each => each.closest('[role=status]') !== null")
    played.token_status, played.token_answer = 503, {"error": "The room is full."}
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("error")).to_have_text("The room is full.")
    assert [one["policy"] for one in played.token_requests] == [OLD["version"], NEW["version"]]


async def test_a_policy_that_cannot_be_shown_is_not_joined_under(shared_browser: Browser) -> None:
    played = PlayedServer(token_status=409, token_answer={"policy_changed": True, "policy": NEW["version"]})
    page = await open_page(shared_browser, played, f"{SECURE}#room=garden")
    await ask_to_join(page)
    await expect(page.get_by_test_id("error")).to_contain_text("wants its privacy policy read first")
    await expect(page.get_by_test_id("join-button")).to_be_enabled()
    played.policy = NEW
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("policy-changed")).to_contain_text("look at the privacy policy first")
    assert [one.get("policy") for one in played.token_requests] == [None, None]


async def _visit(browser: Browser, played: PlayedServer, *, remember: bool) -> Page:
    """Somebody who was refused, and whose server has another policy since."""
    played.policy = OLD
    page = await (await open_context(browser, played, locale="en-GB")).new_page()
    await page.goto(f"{SECURE}#room=garden")
    await page.get_by_label("Remember my name").set_checked(remember)
    await ask_to_join(page)
    await expect(page.get_by_test_id("error")).to_be_visible()
    played.policy = NEW
    return page


async def test_who_asked_to_be_remembered_is_told_on_the_next_visit(shared_browser: Browser) -> None:
    page = await _visit(shared_browser, PlayedServer(), remember=True)
    assert await page.evaluate("Object.entries(localStorage)") == [
        ["offrecord.name", f"Ada\n{OLD['version']}"]
    ]
    await page.reload()
    changed = page.get_by_test_id("policy-changed")
    await expect(changed).to_contain_text("has changed since you were last here")
    await expect(changed).to_contain_text("their age")
    await expect(page.get_by_test_id("join-name")).to_have_value("Ada")
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("error")).to_be_visible()
    await page.reload()
    await expect(page.get_by_test_id("policy-version")).to_contain_text(NEW["version"])
    await expect(changed).to_be_hidden()
    await page.get_by_label("Remember my name").set_checked(False)
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("error")).to_be_visible()
    assert await page.evaluate("localStorage.length") == 0


async def test_of_who_did_not_ask_nothing_is_kept(shared_browser: Browser) -> None:
    page = await _visit(shared_browser, PlayedServer(), remember=False)
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    await page.reload()
    await expect(page.get_by_test_id("policy-version")).to_contain_text(NEW["version"])
    await expect(page.get_by_test_id("policy-changed")).to_be_hidden()


async def test_what_changed_fits_a_small_phone(shared_browser: Browser) -> None:
    long = {"revised": "2026-06-01", "what": "x" * 300}
    policy = {**NEW, "changes": [long, *NEW["changes"]]}
    played = PlayedServer(policy=policy, token_status=409, token_answer={"policy_changed": True})
    page = await open_page(shared_browser, played, SECURE + "#room=r", viewport={"width": 360, "height": 740})
    await ask_to_join(page)
    await expect(page.get_by_test_id("policy-changed")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
