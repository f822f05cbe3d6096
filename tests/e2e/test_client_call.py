"""The page during a call and after it, against a whole server."""

from __future__ import annotations

import os
import signal

from playwright.async_api import Browser, expect

from tests.e2e.browser import eventually, join, light
from tests.e2e.serving import Server

SENT_MICROPHONE = """
() => window.peersOfThisPage.flatMap((peer) => peer.getSenders())
  .find((sender) => sender.track?.kind === 'audio')?.track.getSettings().deviceId
"""

REMEMBER_STATUS = """
() => {
  const status = document.querySelector('[data-testid=status]');
  window.statusesOfThisPage = [];
  new MutationObserver(() => window.statusesOfThisPage.push(status.textContent)).observe(status, {
    childList: true, characterData: true, subtree: true,
  });
}
"""


async def test_muting_and_closing_the_camera_is_seen_by_the_others(
    shared_server: Server, shared_browser: Browser
) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "muting")
    alan = await join(shared_browser, shared_server.url, "Alan", "muting")
    tile = ada.page.get_by_test_id("tile").filter(has_text="Alan")
    video = tile.get_by_test_id("tile-video")
    await expect(video).to_be_visible(timeout=20_000)
    await expect(tile).to_have_attribute("data-muted", "false")

    await alan.page.get_by_test_id("mic-button").click()
    await alan.page.get_by_test_id("camera-button").click()
    await expect(tile).to_have_attribute("data-muted", "true")
    await expect(video).to_be_hidden()

    await alan.page.get_by_test_id("mic-button").click()
    await alan.page.get_by_test_id("camera-button").click()
    await expect(tile).to_have_attribute("data-muted", "false")
    await expect(video).to_be_visible()
    await ada.sees(1)


async def test_who_comes_and_goes_is_told(shared_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "comers")
    status = ada.page.get_by_test_id("status")
    await expect(status).to_have_text("You are the only one here")
    await expect(ada.page.locator("[data-part=link]")).to_have_value(f"{shared_server.url}/#room=comers")
    alan = await join(shared_browser, shared_server.url, "Alan", "comers")
    await expect(status).to_have_text("2 people in the call")
    await expect(ada.page.locator("[data-part=news]")).to_have_text("Alan joined.")

    await alan.leave()
    await expect(ada.page.locator("[data-part=news]")).to_have_text("Alan left.")
    summary = alan.page.locator("[data-part=summary]")
    await expect(summary).to_be_focused()
    await expect(summary).to_contain_text("You left “comers”")
    await expect(summary).to_contain_text("You met 1 other person")
    await expect(alan.page.get_by_test_id("camera-button")).to_have_text("Start video")
    await expect(alan.page.get_by_test_id("join-name")).to_have_value("Alan")


async def test_a_lost_relay_is_told_and_the_call_goes_on(server: Server, shared_browser: Browser) -> None:
    """Each has a browser: one that opens its camera anew for two pages at once may give it to neither."""
    async with light() as another:
        people = [
            await join(browser, server.url, name, "garden")
            for browser, name in ((shared_browser, "Ada"), (another, "Alan"))
        ]
        for person in people:
            await person.sees(1)
        page = people[0].page
        await page.evaluate(REMEMBER_STATUS)
        for pid in server.relay_pids():
            os.kill(pid, signal.SIGKILL)
        # It can be back within half a second, between two looks.
        await eventually(
            lambda: page.evaluate("window.statusesOfThisPage"),
            lambda said: "The connection was lost. Reconnecting…" in said,
        )
        status = page.get_by_test_id("status")
        await expect(status).to_have_text("2 people in the call", timeout=40_000)
        for person in people:
            await person.sees(1)


async def test_a_stopping_server_says_so(server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, server.url, "Ada", "garden")
    await server.stop()
    await expect(ada.page.locator("[data-part=summary]")).to_contain_text("The server is shutting down")


async def test_another_microphone_is_used_at_once(shared_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "devices")
    alan = await join(shared_browser, shared_server.url, "Alan", "devices")
    await alan.hears(1)
    await ada.page.get_by_test_id("devices-button").click()
    choice = ada.page.locator("dialog [data-part=choose-microphone]")
    before = await choice.input_value()
    wanted = await choice.locator("option").last.get_attribute("value")
    assert wanted
    assert wanted != before
    await choice.select_option(wanted)
    await eventually(lambda: ada.page.evaluate(SENT_MICROPHONE), lambda device: device == wanted)
    await expect(choice).to_have_value(wanted)
    await alan.hears(1)
