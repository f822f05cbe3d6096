"""A browser encodes and sends the layers that somebody is shown, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.e2e.browser import eventually
from tests.e2e.sdk_page import WATCH, enter
from tests.e2e.serving import Server

pytestmark = pytest.mark.waits

PUBLISH = """
async ([url, token]) => {
  window.room = new LivekitClient.Room({ dynacast: true });
  await room.connect(url, token);
  const resolution = { width: 640, height: 360, frameRate: 15 };
  window.track = await LivekitClient.createLocalVideoTrack({ resolution });
  await room.localParticipant.publishTrack(track, {
    simulcast: true, videoCodec: 'vp8', backupCodec: false,
    videoEncoding: { maxBitrate: 450_000, maxFramerate: 15 },
    videoSimulcastLayers: [new LivekitClient.VideoPreset(320, 180, 160_000, 15)],
    degradationPreference: 'maintain-resolution',
  });
}
"""
# Frames that have left so far, by the rid of their layer.
SENT = """
async () => {
  const sent = {};
  for (const entry of (await track.getRTCStatsReport()).values())
    if (entry.type === 'outbound-rtp') sent[entry.rid] = entry.framesSent;
  return sent;
}
"""


async def _sending(page: Page) -> dict[str, int]:
    """Frames that each layer sends in a second."""
    before: dict[str, int] = await page.evaluate(SENT)
    await asyncio.sleep(1)
    after: dict[str, int] = await page.evaluate(SENT)
    return {rid: after[rid] - before.get(rid, 0) for rid in after}


def _only(*rids: str) -> Callable[[dict[str, int]], bool]:
    return lambda sending: {rid for rid, frames in sending.items() if frames} == set(rids)


async def test_layers_that_nobody_is_shown_are_not_sent(
    shared_server: Server, shared_browser: Browser
) -> None:
    publisher = await enter(shared_browser, shared_server, "demand", "publisher", PUBLISH)
    sending: Callable[[], Awaitable[dict[str, int]]] = partial(_sending, publisher)
    await eventually(sending, _only("q", "h"), 30)
    await eventually(sending, _only(), 30)

    watcher = await enter(shared_browser, shared_server, "demand", "watcher", WATCH)
    shown: Callable[[], Awaitable[Any]] = partial(watcher.evaluate, "window.height")
    await eventually(shown, lambda height: height == 360, 30)

    await watcher.evaluate("publication.setVideoQuality(LivekitClient.VideoQuality.LOW)")
    await eventually(sending, _only("q"), 30)
    await eventually(shown, lambda height: height == 180, 30)

    await watcher.evaluate("publication.setVideoQuality(LivekitClient.VideoQuality.HIGH)")
    await eventually(shown, lambda height: height == 360, 30)

    await watcher.evaluate("publication.setEnabled(false)")
    await eventually(sending, _only(), 30)
    await watcher.evaluate("publication.setEnabled(true)")
    await eventually(shown, lambda height: height == 360, 30)
    await eventually(sending, _only("q", "h"), 30)
