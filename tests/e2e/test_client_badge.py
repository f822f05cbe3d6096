"""The badge says what the server's live evidence says, and trouble never looks calm."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Page, expect

from server.guarantee.sign import Signer
from tests.e2e.client_page import INSECURE, SECURE, PlayedServer, open_context, open_page, statement


async def shows(page: Page, tone: str, words: str) -> None:
    await expect(page.locator("[data-part=guarantee]")).to_have_attribute("data-tone", tone)
    await expect(page.get_by_test_id("badge")).to_contain_text(words)


@pytest.mark.parametrize(
    ("level", "tone", "words"),
    [
        ("full", "calm", "Recording is blocked here"),
        ("reduced", "warning", "Blocked by fewer locks"),
        ("none", "alarm", "Recording is not blocked"),
    ],
)
async def test_every_level_has_its_look(shared_browser: Browser, level: str, tone: str, words: str) -> None:
    page = await open_page(shared_browser, PlayedServer(guarantee=statement(level)))
    await shows(page, tone, words)


async def test_no_answer_is_an_alarm(shared_browser: Browser) -> None:
    await shows(await open_page(shared_browser, PlayedServer(guarantee=None)), "alarm", "No evidence")


async def test_an_answer_given_before_is_no_evidence(shared_browser: Browser) -> None:
    replayed = {**statement("full"), "nonce": "an-answer-to-somebody-else"}
    await shows(await open_page(shared_browser, PlayedServer(guarantee=replayed)), "alarm", "No evidence")


async def test_a_wrong_signature_is_an_alarm(shared_browser: Browser) -> None:
    played = PlayedServer(told_signer=Signer.generate())
    await shows(await open_page(shared_browser, played), "alarm", "Signature is wrong")


async def test_a_page_that_cannot_check_signatures_says_so(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer(), INSECURE)
    await shows(page, "warning", "Signature not checked")


async def test_another_key_later_is_an_alarm(shared_browser: Browser) -> None:
    played = PlayedServer()
    page = await (await open_context(shared_browser, played)).new_page()
    await page.clock.install()
    await page.goto(SECURE)
    await shows(page, "calm", "Recording is blocked here")
    played.signer = Signer.generate()
    await page.clock.run_for(11_000)
    await shows(page, "alarm", "Signed by another key")


async def test_a_statement_that_grows_old_is_a_warning(shared_browser: Browser) -> None:
    played = PlayedServer()
    page = await (await open_context(shared_browser, played)).new_page()
    await page.clock.install()
    await page.goto(SECURE)
    await shows(page, "calm", "Recording is blocked here")
    played.silent = True
    await page.clock.fast_forward(60_000)  # as if the machine slept: nothing was asked meanwhile
    await shows(page, "warning", "Evidence is out of date")


async def test_what_happened_is_told_in_plain_words(shared_browser: Browser) -> None:
    at = datetime.fromtimestamp(time.time() - 300, UTC).isoformat()
    incident = {"at": at, "relay": 1, "kind": "tripwire", "detail": "", "says": "a media process was stopped"}
    page = await open_page(
        shared_browser, PlayedServer(guarantee={**statement("reduced"), "incidents": [incident]})
    )
    await page.get_by_test_id("badge").click()
    details = page.get_by_test_id("badge-details")
    await expect(details).to_contain_text("A media process was stopped, 5 min ago")
    await expect(details).to_contain_text("why only reduced")


async def test_the_server_is_asked_again(shared_browser: Browser) -> None:
    played = PlayedServer()
    page = await (await open_context(shared_browser, played)).new_page()
    await page.clock.install()
    await page.goto(SECURE)
    await shows(page, "calm", "Recording is blocked here")
    await page.clock.run_for(8_000)
    await expect(page.get_by_test_id("badge")).to_contain_text("checked 8 s ago")
    played.guarantee = statement("none")
    await page.clock.run_for(3_000)
    await shows(page, "alarm", "Recording is not blocked")
    assert len(set(played.nonces)) == len(played.nonces) == 2


async def test_details_open_and_close_by_keyboard(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer())
    await shows(page, "calm", "Recording is blocked here")
    badge, details = page.get_by_test_id("badge"), page.get_by_test_id("badge-details")
    await expect(details).to_be_hidden()
    await badge.press("Enter")
    await expect(details).to_be_visible()
    for words in ("Participants can still record", "the words of full", "that participants do not record"):
        await expect(details).to_contain_text(words)
    await expect(details.locator("li", has_text="no writable file")).to_be_hidden()
    await details.get_by_text("Every observation").press("Enter")
    await expect(details).to_contain_text("Ed25519, checked in this browser")
    await details.locator(".relay summary").press("Enter")
    await expect(details.locator("li", has_text="no writable file")).to_contain_text("inspected from outside")
    await page.keyboard.press("Escape")
    await expect(details).to_be_hidden()
    await expect(badge).to_be_focused()


async def test_a_reader_of_the_details_is_not_disturbed_by_the_next_answer(shared_browser: Browser) -> None:
    played = PlayedServer()
    page = await (await open_context(shared_browser, played)).new_page()
    await page.clock.install()
    await page.goto(SECURE)
    await shows(page, "calm", "Recording is blocked here")
    await page.get_by_test_id("badge").press("Enter")
    await page.get_by_test_id("badge-details").get_by_text("Every observation").press("Enter")
    summary = page.get_by_test_id("badge-details").locator(".relay summary")
    await summary.press("Enter")
    played.guarantee = statement("none")
    await page.clock.run_for(11_000)
    await expect(summary).to_have_text("Relay 1: 0 of 1 checks held")
    await expect(summary).to_be_focused()
    await expect(page.get_by_test_id("badge-details").locator("li", has_text="not held")).to_be_visible()
