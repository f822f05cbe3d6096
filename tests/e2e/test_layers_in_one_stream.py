"""Of a video in layers inside one stream a browser is sent those it asks for, and nothing freezes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.e2e.browser import eventually
from tests.e2e.sdk_page import WATCH, enter
from tests.e2e.serving import Server

pytestmark = pytest.mark.alone

PUBLISH = """
async ([url, token, codec]) => {
  window.room = new LivekitClient.Room({ dynacast: true });
  await room.connect(url, token);
  const resolution = { width: 960, height: 540, frameRate: 15 };
  window.track = await LivekitClient.createLocalVideoTrack({ resolution });
  await room.localParticipant.publishTrack(track, {
    videoCodec: codec, scalabilityMode: 'L3T3_KEY', backupCodec: false,
    videoEncoding: { maxBitrate: 1_200_000, maxFramerate: 15 },
    degradationPreference: 'maintain-resolution',
  });
}
"""
HEIGHTS = {"LOW": 135, "MEDIUM": 270, "HIGH": 540}
PATIENCE = 40.0


def _is_about(height: int) -> Callable[[int], bool]:
    """Encoders round the sizes of lower layers up."""
    return lambda shown: abs(shown - height) <= 4


def _beyond(count: int) -> Callable[[int], bool]:
    return lambda frames: frames > count


@pytest.mark.parametrize("codec", ["vp9", "av1"])
async def test_each_quality_is_its_height_and_nothing_freezes(
    server: Server, browser: Browser, codec: str
) -> None:
    publisher = await enter(browser, server, "layers", "publisher", PUBLISH, codec)
    watcher = await enter(browser, server, "layers", "watcher", WATCH)
    shown: Callable[[], Awaitable[Any]] = partial(watcher.evaluate, "window.height")
    await eventually(shown, _is_about(HEIGHTS["HIGH"]), PATIENCE)
    assert await watcher.evaluate("publication.mimeType.toLowerCase()") == f"video/{codec}"

    await watcher.evaluate("window.longest = 0")
    for quality in ("LOW", "MEDIUM", "HIGH", "LOW", "HIGH"):
        await watcher.evaluate(f"publication.setVideoQuality(LivekitClient.VideoQuality.{quality})")
        await eventually(shown, _is_about(HEIGHTS[quality]), PATIENCE)
        seen = await watcher.evaluate("window.frames")
        await eventually(partial(watcher.evaluate, "window.frames"), _beyond(seen + 20), PATIENCE)
    assert await watcher.evaluate("window.longest") < 1_000
    await publisher.context.close()
    await watcher.context.close()
