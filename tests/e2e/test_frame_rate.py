"""Fewer frames of a video: where a browser asks for them, and where its downlink does not carry all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from playwright.async_api import Browser, Page

from tests.e2e.bad_network import bad_network
from tests.e2e.browser import eventually
from tests.e2e.netem import Conditions
from tests.e2e.sdk_page import WATCH, enter
from tests.e2e.serving import Server

pytestmark = pytest.mark.alone

# In temporal layers of 3.75, 7.5 and 15 frames a second together.
PUBLISH = """
async ([url, token, codec]) => {
  window.room = new LivekitClient.Room();
  await room.connect(url, token);
  const resolution = { width: 640, height: 360, frameRate: 15 };
  window.track = await LivekitClient.createLocalVideoTrack({ resolution });
  await room.localParticipant.publishTrack(track, {
    simulcast: true, videoCodec: codec, backupCodec: false,
    videoEncoding: { maxBitrate: 600_000, maxFramerate: 15 },
    videoSimulcastLayers: [new LivekitClient.VideoPreset(320, 180, 250_000, 15)],
    degradationPreference: 'maintain-resolution',
  });
}
"""
WIDE = Conditions(delay_ms=20, rate_kbps=8_000, queue_ms=300)
NARROWER = (200, 150, 120, 100, 80, 65)
"""Kilobits a second, one after the other: how many a picture takes is the encoder's choice."""
PATIENCE = 40.0
ROOM = "frames"


async def _frames_a_second(page: Page) -> float:
    before = await page.evaluate("[window.frames, performance.now()]")
    await asyncio.sleep(2)
    after = await page.evaluate("[window.frames, performance.now()]")
    return float((after[0] - before[0]) * 1_000 / (after[1] - before[1]))


def _between(least: float, most: float) -> Callable[[float], bool]:
    return lambda rate: least < rate < most


@pytest.mark.parametrize("codec", ["vp8", "vp9", "av1"])
async def test_as_many_frames_come_as_are_asked_for(
    server: Server, whole_browser: Browser, codec: str
) -> None:
    publisher = await enter(whole_browser, server, ROOM, "publisher", PUBLISH, codec)
    watcher = await enter(whole_browser, server, ROOM, "watcher", WATCH)
    rate: Callable[[], Awaitable[float]] = partial(_frames_a_second, watcher)
    await eventually(rate, _between(12.5, 17), PATIENCE)
    assert await watcher.evaluate("publication.mimeType.toLowerCase()") == f"video/{codec}"

    await watcher.evaluate("window.longest = 0")
    for wish, least, most in ((5, 6, 9), (30, 12.5, 17), (3, 2.5, 5), (30, 12.5, 17)):
        await watcher.evaluate(f"publication.setVideoFPS({wish})")
        await eventually(rate, _between(least, most), PATIENCE)
    assert await watcher.evaluate("window.longest") < 1_000
    await publisher.context.close()
    await watcher.context.close()


async def test_a_narrow_downlink_shows_fewer_frames_before_none(
    server: Server, whole_browser: Browser
) -> None:
    async with bad_network(server.url, server.udp_ports) as network:
        publisher = await enter(whole_browser, server, ROOM, "publisher", PUBLISH, "vp8")
        access = await network.access("watcher", down=WIDE)
        watcher = await enter(whole_browser, server, ROOM, "watcher", WATCH, url=access.ws_url)
        await watcher.wait_for_function("window.publication")
        await watcher.evaluate("publication.setVideoQuality(LivekitClient.VideoQuality.LOW)")
        rate: Callable[[], Awaitable[float]] = partial(_frames_a_second, watcher)
        await eventually(rate, _between(12.5, 17), PATIENCE)

        seen: list[float] = []
        for rate_kbps in NARROWER:
            await access.change(down=Conditions(delay_ms=20, rate_kbps=rate_kbps, queue_ms=300))
            seen += [await rate() for _ in range(4)]
            if any(map(_between(2.5, 10), seen)):
                break
        assert any(map(_between(2.5, 10), seen)), seen
        assert await watcher.evaluate("window.pauses") == 0

        await access.change(down=WIDE)
        await eventually(rate, _between(12.5, 17), PATIENCE)
        await publisher.context.close()
        await watcher.context.close()
