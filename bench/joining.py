"""From the click on Join to the first decoded frame of somebody else, in Chromium on loopback."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from playwright.async_api import Browser

from bench.figure import show
from tests.e2e.browser import chromium, join, new_page
from tests.e2e.serving import Server, serving

ROUNDS = 20

# The first frame that any received video track presents, on the page's clock.
WATCH = """
window.firstFrame = new Promise((resolve) => {
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = new Proxy(Peer, {
    construct(target, words) {
      const peer = new target(...words);
      peer.addEventListener('track', ({ track }) => {
        if (track.kind !== 'video') return;
        const video = document.createElement('video');
        video.muted = true;
        video.srcObject = new MediaStream([track]);
        video.requestVideoFrameCallback(() => resolve(performance.now()));
        video.play();
      });
      return peer;
    },
  });
});
"""
CLICK = """
async () => {
  const started = performance.now();
  document.querySelector('[data-testid="join-button"]').click();
  return (await window.firstFrame) - started;
}
"""


async def _once(browser: Browser, server: Server) -> float:
    """Milliseconds."""
    page = await new_page(browser)
    await page.context.add_init_script(WATCH)
    await page.goto(server.url)
    await page.get_by_test_id("join-name").fill("Alan")
    await page.get_by_test_id("join-room").fill("garden")
    await page.get_by_test_id("preview-video").wait_for()
    milliseconds: float = await page.evaluate(CLICK)
    await page.context.close()
    return milliseconds


async def run() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with serving(Path(directory)) as server, chromium() as browser:
            ada = await join(browser, server.url, "Ada", "garden")
            times = [await _once(browser, server) for _ in range(ROUNDS)]
            await ada.leave()
    show(
        "join_to_first_frame",
        statistics.median(times),
        "ms",
        percentile=50,
        rounds=ROUNDS,
        slowest=round(max(times), 1),
        browser="Chromium, camera already open",
    )
