"""The stage during a call: a grid, or one large tile with the others around it; and the list of people."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.browser import join
from tests.e2e.client_page import fits
from tests.e2e.desktop import desktop
from tests.e2e.serving import Server

AREA = "(tile) => tile.offsetWidth * tile.offsetHeight"


async def test_one_tile_is_kept_large(shared_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "stage")
    await join(shared_browser, shared_server.url, "Alan", "stage")
    stage = ada.page.locator("[data-part=grid]")
    own = ada.page.get_by_test_id("tile").filter(has_text="You (Ada)")
    other = ada.page.get_by_test_id("tile").filter(has_text="Alan")
    await expect(ada.page.get_by_test_id("status")).to_have_text("2 people in the call")
    assert await own.evaluate(AREA) == await other.evaluate(AREA)

    await ada.page.get_by_test_id("layout-button").click()
    await expect(stage).to_have_attribute("data-layout", "speaker")
    await expect(other).to_have_attribute("data-main", "true")
    assert await other.evaluate(AREA) > 2 * await own.evaluate(AREA)

    await own.hover()
    pin = own.get_by_test_id("pin-button")
    await pin.click()
    await expect(own).to_have_attribute("data-main", "true")
    await expect(pin).to_have_attribute("aria-pressed", "true")
    await pin.click()
    await expect(other).to_have_attribute("data-main", "true")

    await ada.page.get_by_test_id("layout-button").click()
    await expect(stage).to_have_attribute("data-layout", "grid")
    await expect(other).to_have_attribute("data-main", "false")


async def test_the_list_says_who_is_here_and_muted(shared_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "people")
    alan = await join(shared_browser, shared_server.url, "Alan", "people")
    await ada.page.get_by_test_id("people-button").click()
    people = ada.page.get_by_test_id("person")
    await expect(people.locator("[data-part=name]")).to_have_text(["Ada (you)", "Alan"])
    muted = people.last.get_by_test_id("person-muted")
    await expect(muted).to_be_hidden(timeout=20_000)
    await alan.page.get_by_test_id("mic-button").click()
    await expect(muted).to_be_visible()
    await alan.leave()
    await expect(people).to_have_count(1)


async def test_a_call_fits_a_small_phone(shared_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "phone")
    page = ada.page
    await page.set_viewport_size({"width": 360, "height": 740})
    for part in (None, "chat-button", "people-button", "more-button"):
        if part:
            await page.get_by_test_id(part).click()
        await fits(page)
        await expect(page.get_by_test_id("leave-button")).to_be_in_viewport(ratio=1)
    await page.get_by_test_id("layout-button").click()
    await expect(page.get_by_test_id("layout-button")).to_be_hidden()
    # On its side, the menu scrolls and does not begin above the screen.
    await page.set_viewport_size({"width": 640, "height": 320})
    await page.get_by_test_id("more-button").click()
    await expect(page.get_by_test_id("hand-button")).to_be_in_viewport(ratio=1)
    await page.get_by_test_id("support-button").click()
    await expect(page.get_by_test_id("news")).to_contain_text("Support code")


async def test_whoever_speaks_is_shown_large(shared_server: Server, shared_browser: Browser) -> None:
    url, token = shared_server.ws_url, shared_server.token
    async with desktop(url, token("voices", "desk")) as desk, desktop(url, token("voices", "lap")) as lap:
        for each in (desk, lap):
            each.loudness = 0
            await each.publish()
        ada = await join(shared_browser, shared_server.url, "Ada", "voices")
        await ada.page.get_by_test_id("layout-button").click()
        large = ada.page.locator("[data-testid=tile][data-main=true]")
        for speaker, name in ((desk, "desk"), (lap, "lap"), (desk, "desk")):
            speaker.loudness = 12_000
            await expect(large).to_have_attribute("data-identity", name)
            speaker.loudness = 0
            await expect(large).to_have_attribute("data-speaking", "false")
