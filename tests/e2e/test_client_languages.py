"""The page in other languages, from right to left where they run so: chosen, kept where asked, spoken."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.browser import WITHOUT_DEVICES, new_page
from tests.e2e.client_page import OVERFLOW, SECURE, PlayedServer, fits, open_context, open_page, statement
from tests.e2e.serving import Server


async def enter(browser: Browser, server: Server, language: str, room: str) -> Page:
    page = await new_page(browser, WITHOUT_DEVICES)
    await page.goto(f"{server.url}/?lang={language}#room={room}")
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-button").click()
    await page.get_by_test_id("leave-button").wait_for()
    return page


TITLES = {"de": "An einem Gespräch teilnehmen", "ar": "الانضمام إلى مكالمة"}
HANDS = {"de": ("Hand senken", "Ihre Hand ist gehoben."), "ar": ("خفض اليد", "يدك مرفوعة.")}
LEFT = {"de": "verlassen", "ar": "غادرت"}


@pytest.mark.parametrize(("language", "direction"), [("de", "ltr"), ("ar", "rtl")])
async def test_a_call_is_held_in_the_language(
    shared_server: Server, shared_browser: Browser, language: str, direction: str
) -> None:
    page = await new_page(shared_browser, WITHOUT_DEVICES)
    await page.goto(f"{shared_server.url}/?lang={language}#room=polyglot-{language}")
    root = page.locator("html")
    await expect(root).to_have_attribute("lang", language)
    await expect(root).to_have_attribute("dir", direction)
    await expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[language])
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-button").click()
    await page.get_by_test_id("leave-button").wait_for()

    hand, raised = HANDS[language]
    # What just happened is said in the language, by a region that is spoken.
    await page.keyboard.press("h")
    await expect(page.get_by_test_id("hand-button")).to_have_text(hand)
    await expect(page.get_by_role("status").filter(has_text=raised)).to_be_visible()
    await page.get_by_test_id("people-button").click()
    await expect(page.get_by_test_id("person")).to_contain_text("Ada")
    # The list of people is at the end of the line: at the left where that is the end.
    side = await page.locator("[data-part=side]").bounding_box()
    stage = await page.locator("[data-part=grid]").bounding_box()
    assert side is not None
    assert stage is not None
    assert (side["x"] < stage["x"]) == (direction == "rtl")

    # The words of the buttons have room on a tablet, too.
    await page.set_viewport_size({"width": 641, "height": 740})
    await fits(page)

    # Whose call is over goes on in the same language, also after the page is loaded anew.
    await page.get_by_test_id("leave-button").click()
    await expect(page.locator("[data-part=summary] h2")).to_contain_text(LEFT[language])
    await page.reload()
    await expect(root).to_have_attribute("lang", language)


async def test_the_menu_opens_above_its_button_where_lines_run_from_right_to_left(
    shared_server: Server, shared_browser: Browser
) -> None:
    page = await enter(shared_browser, shared_server, "ar", "polyglot-menu")
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.get_by_test_id("more-button").click()
    menu = await page.locator("[data-part=more]").bounding_box()
    assert menu is not None
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= 360
    await fits(page)


async def test_the_language_is_the_browsers_and_is_chosen_at_once(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer(), f"{SECURE}#room=garden", locale="fr-CA")
    await expect(page.locator("html")).to_have_attribute("lang", "fr")
    await page.get_by_test_id("join-name").fill("Zoé")
    await page.get_by_test_id("language").select_option("es")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Unirse a una llamada")
    await expect(page.get_by_test_id("badge")).to_contain_text("La grabación está bloqueada aquí")
    await expect(page.get_by_test_id("join-name")).to_have_value("Zoé")
    assert await page.evaluate("localStorage.length") == 0

    # A refusal in the server's words is marked as English.
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("error")).to_have_text("no guests today")
    await expect(page.get_by_test_id("error")).to_have_attribute("lang", "en")


async def test_closed_words_of_a_statement_are_translated_and_its_sentences_are_marked(
    shared_browser: Browser,
) -> None:
    told = statement("reduced")
    told["incidents"] = [{"says": "in English", "kind": "tripwire", "at": told["relays"][0]["started_at"]}]
    page = await open_page(shared_browser, PlayedServer(told), f"{SECURE}?lang=de")
    await page.get_by_test_id("badge").click()
    items = page.get_by_test_id("badge-details").locator(".sentences li")
    await expect(items.filter(has_text="Nicht gezeigt: keine beschreibbare Datei.")).to_be_visible()
    await expect(items.filter(has_text="weil er etwas Verbotenes versuchte, vor 5 s")).to_be_visible()
    await expect(items.filter(has_text="the words of reduced")).to_have_attribute("lang", "en")
    await expect(items.filter(has_text="in English")).to_have_count(0)


async def test_the_guarantee_is_told_in_whole_words_on_a_phone(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer(), viewport={"width": 360, "height": 740})
    await expect(page.locator("[data-part=guarantee]")).to_have_attribute("data-tone", "calm")
    for language in ("en", "de", "fr", "es", "ar"):
        await page.get_by_test_id("language").select_option(language)
        await expect(page.locator("html")).to_have_attribute("lang", language)
        whole = "(words) => words.clientWidth > 0 && words.scrollWidth <= words.clientWidth"
        assert await page.locator("[data-part=badge-short]").evaluate(whole)
        assert await page.evaluate(OVERFLOW) <= 0


async def test_a_chosen_language_is_kept_only_with_the_name(shared_browser: Browser) -> None:
    context = await open_context(shared_browser, PlayedServer())
    page = await context.new_page()
    for remember in (False, True):
        await page.goto(f"{SECURE}?lang=de#room=garden")
        await page.get_by_test_id("join-name").fill("Ada")
        await page.get_by_label("Meinen Namen und die Sprache").set_checked(remember)
        await page.get_by_test_id("join-button").click()
        await expect(page.get_by_test_id("error")).to_be_visible()
        await page.goto(SECURE)
        await expect(page.locator("html")).to_have_attribute("lang", "de" if remember else "en")
        kept = await page.evaluate("Object.values(localStorage)")
        assert kept == (["Ada\n\nde"] if remember else [])


async def test_a_language_that_is_not_offered_is_english(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer(), f"{SECURE}?lang=__proto__", locale="fi-FI")
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Join a call")
