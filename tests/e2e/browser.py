"""Chromium with fake devices: joins through the page as a person does, and says what it received."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--autoplay-policy=no-user-gesture-required",
]
WHOLE = ("chromium", "chromium-browser", "google-chrome")
# Three cameras: the second of them is a depth camera, of which WebRTC sends nothing.
FAKE_DEVICES = "--use-fake-device-for-media-stream=device-count=3"
SLOW_CAMERAS = f"{FAKE_DEVICES},fps=10"
ALLOWED = "--use-fake-ui-for-media-stream"

# Remembers every peer connection of the page, so that what really arrived can be read.
REMEMBER_PEERS = """
window.peersOfThisPage = [];
window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
  construct(target, words) {
    const peer = new target(...words);
    window.peersOfThisPage.push(peer);
    return peer;
  },
});
"""
# No camera and no microphone, where they are not looked at.
WITHOUT_DEVICES = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error());"
INBOUND = """
async () => {
  const streams = [];
  for (const peer of window.peersOfThisPage) {
    if (peer.connectionState === 'closed') continue;
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type === 'inbound-rtp') streams.push({
        id: `${window.peersOfThisPage.indexOf(peer)}/${entry.id}`, kind: entry.kind,
        frames: entry.framesDecoded ?? 0, energy: entry.totalAudioEnergy ?? 0,
      });
    }
  }
  return streams;
}
"""

SELECTED = """
async () => {
  const found = [];
  for (const peer of window.peersOfThisPage) {
    if (peer.connectionState === 'closed') continue;
    const stats = await peer.getStats();
    for (const entry of stats.values()) {
      if (entry.type === 'transport' && entry.selectedCandidatePairId) {
        const pair = stats.get(entry.selectedCandidatePairId);
        found.push([stats.get(pair.localCandidateId), stats.get(pair.remoteCandidateId)]);
      }
    }
  }
  return found;
}
"""

T = TypeVar("T")
MEDIA_SECONDS = 40.0  # from joining to the first frames, on a busy machine


async def eventually(
    look: Callable[[], Awaitable[T]], holds: Callable[[T], bool], seconds: float = 20.0
) -> T:
    """What `look` sees once it holds; fails with what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        seen = await look()
        if holds(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {seconds} s; last seen: {seen!r}")
        await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Inbound:
    """What one stream has brought to a page so far."""

    id: str
    kind: str
    frames: int  # decoded
    energy: float  # of audio, as WebRTC statistics define it


class Person(ABC):
    """Somebody in a call, whatever drives the browser."""

    @abstractmethod
    async def inbound(self) -> list[Inbound]:
        """What every stream has brought so far."""

    async def sees(self, people: int) -> None:
        """Decoded frames of `people` videos grow."""
        await self._grows("video", lambda stream: stream.frames, people, 5)

    async def hears(self, people: int) -> None:
        """Audio energy of `people` grows: sound, not silence."""
        await self._grows("audio", lambda stream: stream.energy, people, 1e-6)

    async def _grows(self, kind: str, amount: Callable[[Inbound], float], people: int, least: float) -> None:
        first = {stream.id: amount(stream) for stream in await self.inbound()}

        def grown(streams: list[Inbound]) -> bool:
            return (
                sum(s.kind == kind and amount(s) - first.get(s.id, 0.0) >= least for s in streams) >= people
            )

        await eventually(self.inbound, grown, MEDIA_SECONDS)


@dataclass
class Participant(Person):
    """A person at a page."""

    page: Page
    name: str

    async def inbound(self) -> list[Inbound]:
        entries: list[dict[str, Any]] = await self.page.evaluate(INBOUND)
        return [Inbound(**entry) for entry in entries]

    async def tiles(self) -> int:
        return await self.page.get_by_test_id("tile").count()

    async def leave(self) -> None:
        await self.page.get_by_test_id("leave-button").click()
        await self.page.get_by_test_id("join-button").wait_for()


async def selected(person: Participant) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Local and remote candidate of the pair that carries each open peer connection."""
    found: list[list[dict[str, Any]]] = await person.page.evaluate(SELECTED)
    return [(local, remote) for local, remote in found]


async def new_page(browser: Browser, script: str = "") -> Page:
    """Separate storage, as on another machine; mistakes of the page fail the test. `script` runs first."""
    context = await browser.new_context(permissions=["camera", "microphone"])
    await context.add_init_script(REMEMBER_PEERS + script)
    return await context.new_page()


async def join(
    browser: Browser, url: str, name: str, room: str, script: str = "", *, asked_age: bool = False
) -> Participant:
    """In a page of its own. `script` as in `new_page`, the others as in `come_in`."""
    page = await new_page(browser, script)
    return await come_in(page, url, name, room, asked_age=asked_age)


async def come_in(page: Page, url: str, name: str, room: str, *, asked_age: bool = False) -> Participant:
    """Through the join page, by hand; `asked_age` where the server asks about age first."""
    await page.goto(url)
    await page.get_by_test_id("join-name").fill(name)
    await page.get_by_test_id("join-room").fill(room)
    await page.get_by_test_id("join-button").click()
    if asked_age:
        age = page.get_by_role("checkbox", name="13 or older")
        await expect(age).to_be_focused()
        await page.get_by_test_id("join-button").click()
        await expect(page.get_by_test_id("error")).to_contain_text("13 or older")
        await age.check()
        await page.get_by_test_id("join-button").click()
    await page.get_by_test_id("leave-button").wait_for()
    return Participant(page, name)


def light() -> contextlib.AbstractAsyncContextManager[Browser]:
    """For most tests, at two thirds of the processor time: pages, media and network of Chromium without the
    program around them where that is installed, and ten pictures a second from each camera."""
    return chromium(media=(SLOW_CAMERAS, ALLOWED), names=("chromium-headless-shell", *WHOLE))


@contextlib.asynccontextmanager
async def chromium(
    *flags: str, media: Sequence[str] = (FAKE_DEVICES, ALLOWED), names: Sequence[str] = WHOLE
) -> AsyncIterator[Browser]:
    """With `flags` besides. Not `ALLOWED`, a page gets devices only where its context has the permission."""
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.fail("Chromium is not installed; scripts/debian.sh installs it where it can")
    words = [*FLAGS, *media, *flags]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=words)
        try:
            yield browser
        finally:
            await browser.close()
