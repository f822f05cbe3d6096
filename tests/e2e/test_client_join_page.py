"""The join page: links, names, passcodes and refusals."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.client_page import SECURE, PlayedServer, open_context, open_page


async def test_a_link_names_the_room(shared_browser: Browser) -> None:
    for url in (f"{SECURE}#room=tuesday%20review", f"{SECURE}?room=tuesday%20review"):
        page = await open_page(shared_browser, PlayedServer(), url)
        await expect(page.get_by_test_id("join-room")).to_have_value("tuesday review")


async def test_a_refusal_is_shown_in_the_servers_words(shared_browser: Browser) -> None:
    played = PlayedServer()
    page = await open_page(shared_browser, played, f"{SECURE}#room=garden")
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("error")).to_have_text("no guests today")
    await expect(page.get_by_test_id("join-button")).to_be_enabled()
    assert played.token_requests == [{"room": "garden", "name": "Ada"}]


async def test_nothing_is_asked_without_a_name(shared_browser: Browser) -> None:
    played = PlayedServer()
    page = await open_page(shared_browser, played, f"{SECURE}#room=garden")
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("error")).to_be_visible()
    await expect(page.get_by_test_id("join-name")).to_be_focused()
    assert played.token_requests == []


async def test_a_passcode_is_asked_for_when_the_server_wants_one(shared_browser: Browser) -> None:
    played = PlayedServer(token_status=401, token_answer={"error": "passcode", "passcode_required": True})
    page = await open_page(shared_browser, played, f"{SECURE}#room=garden")
    passcode = page.get_by_test_id("join-passcode")
    await expect(passcode).to_be_hidden()
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-button").click()
    await expect(passcode).to_be_focused()
    played.token_status, played.token_answer = 503, {"error": "The room is full."}
    await passcode.fill("open sesame")
    await passcode.press("Enter")
    await expect(page.get_by_test_id("error")).to_have_text("The room is full.")
    assert played.token_requests[-1] == {"room": "garden", "name": "Ada", "passcode": "open sesame"}


async def test_a_name_is_remembered_only_where_asked(shared_browser: Browser) -> None:
    context = await open_context(shared_browser, PlayedServer())
    page = await context.new_page()
    for remember in (False, True, False):
        await page.goto(f"{SECURE}#room=garden")
        await page.get_by_test_id("join-name").fill("Ada")
        await page.get_by_label("Remember my name").set_checked(remember)
        await page.get_by_test_id("join-button").click()
        await expect(page.get_by_test_id("error")).to_be_visible()
        await page.reload()
        await expect(page.get_by_test_id("join-name")).to_have_value("Ada" if remember else "")
        assert await page.evaluate("localStorage.length") == int(remember)
