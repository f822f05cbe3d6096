"""Eight people in one call: pages of the grid, who is large, quality, full screen, the small window."""

from __future__ import annotations

import base64
import contextlib
from typing import Any

import pytest
from livekit import rtc
from livekit.protocol import models
from livekit.protocol.rtc import SignalRequest, UpdateTrackSettings
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.e2e.axe import violations
from tests.e2e.browser import eventually, join
from tests.e2e.desktop import WIDTH, Desktop, desktop
from tests.e2e.serving import Server

QUIET = rtc.RoomOptions(auto_subscribe=False)
SHORT: ViewportSize = {"width": 360, "height": 420}  # no room for eight tiles at their smallest
FEW, LOOKS = 5, 10
VIDEO = rtc.TrackKind.KIND_VIDEO
SENT = "window.sentByThisPage"
LOW, HIGH = models.VideoQuality.LOW, models.VideoQuality.HIGH
# Frames that have come of each of the others' videos, those of tiles that are shown and the rest.
FRAMES = """
async () => {
  const frames = new Map();
  for (const peer of window.peersOfThisPage) {
    for (const entry of (await peer.getStats()).values()) {
      const isVideo = entry.type === 'inbound-rtp' && entry.kind === 'video';
      if (isVideo) frames.set(entry.trackIdentifier, entry.framesReceived);
    }
  }
  const found = { shown: {}, hidden: {} };
  for (const tile of document.querySelectorAll('[data-testid=tile][data-self=false]')) {
    const track = tile.querySelector('video').srcObject?.getVideoTracks()[0];
    found[tile.hidden ? 'hidden' : 'shown'][tile.dataset.identity] = frames.get(track?.id) ?? 0;
  }
  return found;
}
"""
# What the page sends over its WebSocket, as it is.
REMEMBER_SENT = """
window.sentByThisPage = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  if (typeof data !== 'string') {
    window.sentByThisPage.push(btoa(String.fromCharCode(...new Uint8Array(data))));
  }
  return send.call(this, data);
};
"""
# Attributes of tiles and lines that are written from here on: whose they are, and those that were so before.
WATCH_WRITES = """
() => {
  window.written = { of: new Set(), needless: [] };
  const watch = new MutationObserver((records) => {
    for (const { target, attributeName, oldValue } of records) {
      window.written.of.add(target.closest('[data-identity]')?.dataset.identity ?? '');
      if (target.getAttribute(attributeName) === oldValue) window.written.needless.push(attributeName);
    }
  });
  for (const part of ['grid', 'people-list']) {
    const options = { subtree: true, attributes: true, attributeOldValue: true };
    watch.observe(document.querySelector(`[data-part=${part}]`), options);
  }
}
"""
WRITTEN = "({ of: [...window.written.of], needless: window.written.needless })"
WRITTEN_SINCE = """
() => new Promise((tell) => {
  window.written.of.clear();
  window.written.needless = [];
  setTimeout(() => tell(window.written.of.size), 500);
})
"""
MIRRORED = "(tile) => getComputedStyle(tile.querySelector('video')).transform"


async def swipe(page: Page, from_x: int, to_x: int) -> None:
    """A finger, as the browser is told of one."""
    session = await page.context.new_cdp_session(page)
    for kind, x in (("touchStart", from_x), ("touchMove", to_x), ("touchEnd", None)):
        points = [] if x is None else [{"x": x, "y": 200}]
        await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


async def only_the_shown_come(page: Page, shown: int) -> None:
    """Of so many tiles of this page videos come, while none comes of the others."""
    base: dict[str, Any] = await page.evaluate(FRAMES)

    async def look() -> bool:
        now: dict[str, Any] = await page.evaluate(FRAMES)
        if now["hidden"] != base["hidden"]:
            base.update(now)
        grown = [who for who, count in now["shown"].items() if count - base["shown"].get(who, count) >= FEW]
        return len(grown) == shown

    await eventually(look, bool, 40)


async def eight(
    stack: contextlib.AsyncExitStack, server: Server, browser: Browser
) -> tuple[Page, list[Desktop]]:
    """A page and seven apps, of which six send a picture and silence."""
    apps = [
        await stack.enter_async_context(desktop(server.ws_url, server.token("eight", f"p{number}"), QUIET))
        for number in range(1, 8)
    ]
    for app in apps[:6]:
        app.loudness = 0
        await app.publish()
    page = (await join(browser, server.url, "Ada", "eight", REMEMBER_SENT)).page
    await expect(page.get_by_test_id("status")).to_have_text("8 people in the call")
    return page, apps


@pytest.mark.timeout(180)
async def test_a_call_of_eight(shared_server: Server, shared_browser: Browser) -> None:
    async with contextlib.AsyncExitStack() as stack:
        page, apps = await eight(stack, shared_server, shared_browser)
        await pages_of_the_grid(page)
        await one_speaks(page, apps[2])
        await good_videos(page, apps)
        await large(page, apps[2])
        await under_a_panel(page)
        await windows(page)
        await own_tile(page)
        assert await violations(page) == []


async def pages_of_the_grid(page: Page) -> None:
    tiles = page.get_by_test_id("tile").filter(visible=True)
    number = page.get_by_test_id("page-number")
    await expect(tiles).to_have_count(8)
    await expect(page.get_by_test_id("pages")).to_be_hidden()
    await page.set_viewport_size(SHORT)
    await expect(number).to_have_text("1 of 2")
    await expect(tiles).to_have_count(4)
    assert await violations(page) == []
    await only_the_shown_come(page, 4)
    await page.keyboard.press("ArrowRight")
    await expect(number).to_have_text("2 of 2")
    await expect(page.get_by_test_id("news")).to_have_text("Page 2 of 2.")
    await only_the_shown_come(page, 2)  # of the others there, one sends nothing
    await page.get_by_test_id("page-back").click()
    await expect(number).to_have_text("1 of 2")
    await swipe(page, 300, 100)
    await expect(number).to_have_text("2 of 2")
    await swipe(page, 100, 300)
    await expect(number).to_have_text("1 of 2")
    await page.set_viewport_size({"width": 1280, "height": 720})
    await expect(tiles).to_have_count(8)
    await only_the_shown_come(page, 6)


async def one_speaks(page: Page, speaker: Desktop) -> None:
    """Only the tile and the line of who speaks change, and nothing is written that was so before."""
    await page.get_by_test_id("people-button").click()
    tile = page.get_by_test_id("tile").filter(has_text="p3")
    line = page.get_by_test_id("person").filter(has_text="p3")
    await expect(line).to_have_attribute("data-speaking", "false")
    await page.evaluate(WATCH_WRITES)
    # What the opening of the list moves is drawn a frame later, and is none of the speaker's.
    await eventually(lambda: page.evaluate(WRITTEN_SINCE), lambda written: written == 0)
    speaker.loudness = 12_000
    await expect(tile).to_have_attribute("data-speaking", "true")
    await expect(line).to_have_attribute("data-speaking", "true")
    written: dict[str, Any] = await page.evaluate(WRITTEN)
    assert written == {"of": ["p3"], "needless": []}
    speaker.loudness = 0
    await expect(tile).to_have_attribute("data-speaking", "false")


async def good_videos(page: Page, apps: list[Desktop]) -> None:
    """What is wished for of a person holds when tiles get smaller; what nobody sees comes for no wish."""
    sids = [
        next(one.sid for one in app.room.local_participant.track_publications.values() if one.kind == VIDEO)
        for app in apps[:6]
    ]

    async def asked() -> list[UpdateTrackSettings]:
        """Of each app's video, the latest."""
        sent = [SignalRequest.FromString(base64.b64decode(one)) for one in await page.evaluate(SENT)]
        latest = {sid: one.track_setting for one in sent for sid in one.track_setting.track_sids}
        return [latest.get(sid, UpdateTrackSettings()) for sid in sids]

    for name, wish in (("p1", "high"), ("p2", "low"), ("p4", "off"), ("p6", "high")):
        line = page.get_by_test_id("person").filter(has_text=name)
        await line.get_by_test_id("mixer-button").click()
        await expect(line.get_by_test_id("person-wish")).to_have_value("automatic")
        await line.get_by_test_id("person-wish").select_option(wish)
    await expect(line.get_by_role("combobox", name="Quality of the video of p6")).to_have_value("high")
    off = page.get_by_test_id("tile").filter(has_text="p4")
    await expect(off.get_by_test_id("tile-off")).to_be_visible()
    await expect(off.get_by_test_id("tile-video")).to_be_hidden()
    assert await violations(page) == []
    await page.get_by_test_id("people-button").click()
    await eventually(
        asked, lambda settings: settings[1] == UpdateTrackSettings(track_sids=[sids[1]], quality=LOW)
    )
    await only_the_shown_come(page, 5)
    await page.set_viewport_size(SHORT)

    def holds(settings: list[UpdateTrackSettings]) -> bool:
        high, low, automatic, off, hidden, hidden_high = settings
        return (
            high == UpdateTrackSettings(track_sids=[sids[0]], quality=HIGH)
            and all(0 < one.width < WIDTH and not one.disabled for one in (low, automatic))
            and all(one.disabled for one in (off, hidden, hidden_high))
        )

    await eventually(asked, holds)
    await only_the_shown_come(page, 3)
    await page.set_viewport_size({"width": 1280, "height": 720})
    await page.get_by_test_id("people-button").click()
    for name in ("p1", "p2", "p4", "p6"):
        line = page.get_by_test_id("person").filter(has_text=name)
        await line.get_by_test_id("person-wish").select_option("automatic")
        await line.get_by_test_id("mixer-button").click()
    await page.get_by_test_id("people-button").click()
    await only_the_shown_come(page, 6)


async def under_a_panel(page: Page) -> None:
    """On a phone the chat covers the stage: no video comes meanwhile. Who speaks on another page is named."""
    await page.get_by_test_id("layout-button").click()
    await page.set_viewport_size(SHORT)
    await expect(page.get_by_test_id("page-number")).to_have_text("1 of 2")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_test_id("page-speaker")).to_have_text("p3 speaks")
    await page.get_by_test_id("chat-button").click()
    await expect(page.locator("[data-part=grid]")).to_be_hidden()
    await nothing_comes(page)
    await page.get_by_test_id("chat-button").click()
    await only_the_shown_come(page, 2)
    await page.set_viewport_size({"width": 1280, "height": 720})
    await page.get_by_test_id("layout-button").click()


async def nothing_comes(page: Page) -> None:
    """No video has a new frame for about a second."""
    looks: list[dict[str, Any]] = []

    async def look() -> bool:
        looks.append(await page.evaluate(FRAMES))
        return len(looks) >= LOOKS and all(one == looks[-1] for one in looks[-LOOKS:])

    await eventually(look, bool, 20)


async def large(page: Page, speaker: Desktop) -> None:
    main = page.locator("[data-testid=tile][data-main=true]")
    await page.get_by_test_id("layout-button").click()
    speaker.loudness = 12_000
    await expect(main).to_have_attribute("data-identity", "p3")
    pinned = page.get_by_test_id("tile").filter(has_text="p5")
    await pinned.hover()
    await pinned.get_by_test_id("pin-button").click()
    await expect(main).to_have_attribute("data-identity", "p5")
    await pinned.get_by_test_id("pin-button").click()
    await expect(main).to_have_attribute("data-identity", "p3")


async def windows(page: Page) -> None:
    """What is large goes to a window of its own, with buttons that work; the page takes the whole screen."""
    await page.get_by_test_id("more-button").click()
    async with page.context.expect_page() as opening:
        await page.get_by_test_id("picture-button").click()
    small = await opening.value
    await expect(small.locator("[data-part=name]")).to_have_text("p3")
    video = small.get_by_test_id("small-video")
    await eventually(lambda: video.evaluate("(video) => video.videoWidth"), lambda width: width > 0)
    assert (
        await small.locator(".small-controls").evaluate("(bar) => getComputedStyle(bar).position")
        == "absolute"
    )
    assert await violations(small) == []
    await small.get_by_test_id("small-mic").click()
    await expect(page.get_by_test_id("mic-button")).to_have_text("Unmute")
    await page.keyboard.press("i")
    await expect(page.get_by_test_id("picture-button")).to_have_attribute("data-active", "false")
    assert small.is_closed()

    await page.keyboard.press("f")
    await eventually(lambda: page.evaluate("document.fullscreenElement !== null"), bool)
    await page.get_by_test_id("more-button").click()
    await page.get_by_test_id("full-screen-button").click()
    await eventually(lambda: page.evaluate("document.fullscreenElement === null"), bool)


async def own_tile(page: Page) -> None:
    own = page.get_by_test_id("tile").filter(has_text="You (Ada)")
    await page.get_by_test_id("devices-button").click()
    assert await own.evaluate(MIRRORED) == "matrix(-1, 0, 0, 1, 0, 0)"
    await page.get_by_test_id("mirror").uncheck()
    assert await own.evaluate(MIRRORED) == "none"
    await page.keyboard.press("Escape")
    await page.get_by_test_id("more-button").click()
    await page.get_by_test_id("self-button").click()
    await expect(own).to_have_count(0)
    await expect(page.get_by_test_id("more-button")).to_be_focused()
    await page.keyboard.press("o")
    await expect(own).to_be_visible()
