"""The browser SDK on a page with nothing else, driven by scripts, and what such a page notes of a video."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, Page

from tests.e2e.data_users import SDK_FOR_BROWSERS
from tests.e2e.serving import Server

# Subscribes to whatever comes. `frames` shown, the `height` of the last, the `longest` time without one in
# milliseconds, and how often the server paused it. Given `two`, it has a peer connection for each direction.
WATCH = """
async ([url, token, connections]) => {
  window.room = new LivekitClient.Room({ singlePeerConnection: connections !== 'two' });
  Object.assign(window, { height: 0, frames: 0, last: 0, longest: 0, pauses: 0 });
  room.on('trackStreamStateChanged', (_, state) => { window.pauses += state === 'paused'; });
  room.on('trackSubscribed', (track, publication) => {
    if (track.kind !== 'video') return;
    window.publication = publication;
    const video = track.attach();
    const watch = (at, frame) => {
      window.height = frame.height;
      window.frames += 1;
      if (window.last) window.longest = Math.max(window.longest, at - window.last);
      window.last = at;
      video.requestVideoFrameCallback(watch);
    };
    video.requestVideoFrameCallback(watch);
  });
  await room.connect(url, token);
}
"""


async def enter(
    browser: Browser,
    server: Server,
    room: str,
    identity: str,
    script: str,
    *more: str,
    url: str = "",
    sdk: Path = SDK_FOR_BROWSERS,
) -> Page:
    """Runs a script that takes an address (`url`, or the server's own), a token and what is given `more`."""
    context = await browser.new_context(permissions=["camera", "microphone"], bypass_csp=True)
    page = await context.new_page()
    await page.goto(server.url + "/guarantee")
    await page.add_script_tag(path=sdk)
    await page.evaluate(script, [url or server.ws_url, server.token(room, identity), *more])
    return page
