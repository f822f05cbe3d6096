"""How long a change of simulcast layer keeps a receiver without a frame, in Chromium on loopback.

Both ends are Chromium with the browser SDK; the receiver asks for the other layer. The gap is between the
arrival of the last frame of the old layer and that of the first decoded frame of the new one; a frame arrives
with its last packet. A gap is never shorter than the interval of frames, which therefore stands beside it.
H.264 is measured where this Chromium encodes it.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from bench.figure import show
from tests.e2e.browser import chromium
from tests.e2e.sdk_page import enter
from tests.e2e.serving import Server, serving

ROUNDS = 10
SETTLE_SECONDS = 1.5  # a publisher is asked for one key frame a second in the long run
MOST_SECONDS = 240.0
ROOM = "layers-"
CODECS = ("vp8", "h264")
WIDTHS = {"up": 640, "down": 320}

PUBLISH = """
async ([url, token, codec]) => {
  const room = new LivekitClient.Room();
  await room.connect(url, token);
  const resolution = { width: 640, height: 360, frameRate: 20 };
  await room.localParticipant.publishTrack(await LivekitClient.createLocalVideoTrack({ resolution }), {
    simulcast: true,
    videoCodec: codec,
    backupCodec: false,
    videoEncoding: { maxBitrate: 450_000, maxFramerate: 20 },
    videoSimulcastLayers: [new LivekitClient.VideoPreset(320, 180, 160_000, 20)],
    degradationPreference: 'maintain-resolution',
  });
}
"""
ENCODED = """
() => RTCRtpSender.getCapabilities('video').codecs.map((codec) => codec.mimeType.split('/')[1].toLowerCase())
"""
# The codec of the stream that is received, from its statistics.
USED = """
async () => {
  const report = await window.publication.track.getRTCStatsReport();
  const entries = [...report.values()];
  const inbound = entries.find((entry) => entry.type === 'inbound-rtp');
  const codec = entries.find((entry) => entry.id === inbound.codecId);
  return codec.mimeType.split('/')[1].toLowerCase();
}
"""
# Remembers every frame; whoever waits is shown it together with the one before.
WATCH = """
async ([url, token]) => {
  const room = new LivekitClient.Room();
  window.intervals = [];
  window.waiting = null;
  room.on('trackSubscribed', (track, publication) => {
    window.publication = publication;
    const video = track.attach();
    let before = null;
    const watch = (_, frame) => {
      if (before?.width === frame.width) window.intervals.push(frame.receiveTime - before.receiveTime);
      window.waiting?.(before, frame);
      before = frame;
      video.requestVideoFrameCallback(watch);
    };
    video.requestVideoFrameCallback(watch);
  });
  await room.connect(url, token);
}
"""
SHOWN = """
(width) => new Promise((resolve) => {
  window.waiting = (_, frame) => frame.width === width && resolve(null);
})
"""
# Milliseconds without a frame, and from asking to the first frame of the layer.
SWITCH = """
([quality, width]) => new Promise((resolve) => {
  const asked = performance.now();
  window.waiting = (before, frame) => {
    if (frame.width !== width) return;
    window.waiting = null;
    resolve([frame.receiveTime - before.receiveTime, frame.receiveTime - asked]);
  };
  window.publication.setVideoQuality(LivekitClient.VideoQuality[quality]);
})
"""


async def _switches(page: Page) -> dict[str, list[tuple[float, float]]]:
    """Gap and waiting time of every switch, in milliseconds, by direction."""
    seen: dict[str, list[tuple[float, float]]] = {"down": [], "up": []}
    await page.evaluate(SHOWN, WIDTHS["up"])
    for _ in range(ROUNDS):
        for direction, quality in (("down", "LOW"), ("up", "HIGH")):
            await asyncio.sleep(SETTLE_SECONDS)
            await page.evaluate(SHOWN, WIDTHS["down" if direction == "up" else "up"])
            gap, waited = await page.evaluate(SWITCH, [quality, WIDTHS[direction]])
            seen[direction].append((gap, waited))
    return seen


async def run() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with (
            asyncio.timeout(MOST_SECONDS),
            serving(Path(directory)) as server,
            chromium() as browser,
        ):
            for codec in await _codecs(browser, server):
                await _measure(browser, server, codec)


async def _codecs(browser: Browser, server: Server) -> list[str]:
    """Those that this browser encodes, as the SDK names them."""
    page = await browser.new_page()
    await page.goto(server.url + "/guarantee")
    encoded: list[str] = await page.evaluate(ENCODED)
    await page.close()
    return [codec for codec in CODECS if codec in encoded]


async def _measure(browser: Browser, server: Server, codec: str) -> None:
    publisher = await enter(browser, server, ROOM + codec, "publisher", PUBLISH, codec)
    receiver = await enter(browser, server, ROOM + codec, "receiver", WATCH)
    seen = await _switches(receiver)
    intervals: Any = await receiver.evaluate("intervals")
    used: str = await receiver.evaluate(USED)
    await receiver.context.close()
    await publisher.context.close()
    if used != codec:
        raise RuntimeError(f"{used} was received where {codec} was published")
    for direction, switches in seen.items():
        gaps, waits = zip(*switches, strict=True)
        show(
            "layer_switch_gap",
            statistics.median(gaps),
            "ms",
            direction=direction,
            rounds=len(gaps),
            slowest=round(max(gaps), 1),
            frame_interval=round(statistics.median(intervals), 1),
            asked_to_first_frame=round(statistics.median(waits), 1),
            receiver="Chromium",
            codec=codec,
            sizes="640x360 and 320x180",
        )
