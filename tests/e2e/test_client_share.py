"""Sharing the screen from the page: seen and heard by the others, told in the list of people, and ended."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.browser import eventually, join
from tests.e2e.serving import Server

FRAMES = "(video) => video.getVideoPlaybackQuality().totalVideoFrames"


async def test_a_screen_is_shared_and_taken_back(shared_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "share")
    alan = await join(shared_browser, shared_server.url, "Alan", "share")
    stage = ada.page.locator("[data-part=grid]")
    await expect(ada.page.get_by_test_id("status")).to_have_text("2 people in the call")
    await expect(stage).to_have_attribute("data-layout", "grid")

    await alan.page.get_by_test_id("share-button").click()
    await expect(alan.page.get_by_test_id("share-button")).to_have_text("Stop sharing", timeout=20_000)
    screen = ada.page.get_by_test_id("screen-tile")
    await expect(screen).to_contain_text("Screen of Alan", timeout=20_000)
    await expect(screen).to_have_attribute("data-main", "true")
    await expect(stage).to_have_attribute("data-layout", "speaker")
    video = screen.get_by_test_id("tile-video")
    await eventually(lambda: video.evaluate(FRAMES), lambda frames: frames > 3, 30)
    await ada.hears(2)  # the voice and the sound of what is shared

    await ada.page.get_by_test_id("people-button").click()
    sharing = ada.page.get_by_test_id("person").filter(has_text="Alan").get_by_test_id("person-sharing")
    await expect(sharing).to_be_visible()

    await alan.page.get_by_test_id("share-button").click()
    await expect(screen).to_have_count(0)
    await expect(sharing).to_be_hidden()
    await expect(stage).to_have_attribute("data-layout", "grid")
    await expect(alan.page.get_by_test_id("share-button")).to_have_text("Share")


async def test_the_browsers_own_button_ends_a_share(shared_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "ended")
    own = ada.page.get_by_test_id("screen-tile")
    await ada.page.get_by_test_id("share-button").click()
    await expect(own).to_be_visible(timeout=20_000)
    # What the browser does to the tracks of a share that is stopped from its own bar.
    await own.get_by_test_id("tile-video").evaluate(
        """(video) => video.srcObject.getTracks().forEach((track) => {
             track.stop();
             track.dispatchEvent(new Event('ended'));
           })"""
    )
    await expect(own).to_have_count(0)
    await expect(ada.page.get_by_test_id("share-button")).to_have_text("Share")
