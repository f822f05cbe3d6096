"""Fifty people with cameras, watched by a page in Chromium: what its main thread does, which videos come."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, ViewportSize, expect

from bench.figure import rounds, show
from bench.page.crowd import LOUD, Somebody, crowd
from bench.page.watched import COUNT_MUTATIONS, MUTATIONS, Video, Watched
from tests.e2e.browser import MEDIA_SECONDS, chromium, new_page
from tests.e2e.serving import Server, serving

ROOM = "crowd"
PEOPLE, SPEAKERS = 50, 6
ROUNDS = 3
SECONDS = 6.0
SPEAKS_SECONDS = 1.0
COME_AND_GO = 10
SETTLE_SECONDS = 3.0
VIEWPORTS: tuple[ViewportSize, ...] = ({"width": 1280, "height": 800}, {"width": 1920, "height": 1080})

Doing = Callable[[], Awaitable[None]]


async def run() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with (
            serving(Path(directory)) as server,
            chromium() as browser,
            crowd(server, ROOM, PEOPLE, SPEAKERS) as people,
            _watching(browser, server) as watched,
        ):
            await expect(watched.page.get_by_test_id("status")).to_contain_text(f"{PEOPLE + 1} people")
            for viewport in VIEWPORTS:
                await _measure(watched, server, people, viewport)


@asynccontextmanager
async def _watching(browser: Browser, server: Server) -> AsyncIterator[Watched]:
    """In the room, with its own camera and microphone off."""
    page = await new_page(browser)
    watched = await Watched.begin(page)
    await page.goto(server.url)
    for kind in ("mic-button", "camera-button"):
        await page.locator(f"[data-testid={kind}][data-on=true]").click()
    await page.get_by_test_id("join-name").fill("Watcher")
    await page.get_by_test_id("join-room").fill(ROOM)
    await page.get_by_test_id("join-button").click()
    await page.get_by_test_id("leave-button").wait_for()
    try:
        yield watched
    finally:
        await page.context.close()


async def _measure(watched: Watched, server: Server, people: list[Somebody], viewport: ViewportSize) -> None:
    page = watched.page
    await page.set_viewport_size(viewport)
    await _settled(watched)
    await _show_videos(watched, viewport)
    doings: dict[str, Doing] = {
        "steady": lambda: asyncio.sleep(SECONDS),
        "speakers change": lambda: _speak_in_turns(people[:SPEAKERS]),
        "ten come and go": lambda: _come_and_go(server),
    }
    for name, doing in doings.items():
        await _show_cost(watched, viewport, name, doing)
    await page.get_by_test_id("people-button").click()
    await asyncio.sleep(SETTLE_SECONDS)
    name = "speakers change"
    await _show_cost(watched, viewport, name, doings[name], list_open=True)
    await page.get_by_test_id("people-button").click()


async def _show_cost(
    watched: Watched, viewport: ViewportSize, name: str, doing: Doing, *, list_open: bool = False
) -> None:
    measured: list[dict[str, float]] = []
    for _ in range(rounds(ROUNDS)):
        before = await watched.cost()
        await doing()
        after = await watched.cost()
        measured.append(after.since(before) | {"seconds": after.at - before.at})
        await asyncio.sleep(SETTLE_SECONDS)
    await watched.page.evaluate(COUNT_MUTATIONS)
    requests = watched.requests["track_setting"]
    began = asyncio.get_running_loop().time()
    await doing()
    mutations: int = await watched.page.evaluate(MUTATIONS)
    seconds = asyncio.get_running_loop().time() - began
    busy = [one["busy_ms"] for one in measured]
    show(
        "page_busy",
        statistics.median(busy),
        "ms of the main thread per second",
        doing=name,
        viewport=f"{viewport['width']}x{viewport['height']}",
        list_of_people="open" if list_open else "closed",
        people=PEOPLE,
        least=round(min(busy), 1),
        most=round(max(busy), 1),
        **{
            key: round(statistics.median(one[key] for one in measured), 2)
            for key in measured[0]
            if key != "busy_ms"
        },
        mutations=round(mutations / seconds, 1),
        settings_asked=round((watched.requests["track_setting"] - requests) / seconds, 2),
        rounds=len(measured),
    )


async def _show_videos(watched: Watched, viewport: ViewportSize) -> None:
    coming, videos = await _coming(watched)
    show(
        "page_videos",
        len(coming),
        "videos that come",
        viewport=f"{viewport['width']}x{viewport['height']}",
        of=len(videos),
        shown=sum(one.shown for one in videos),
        hidden_that_come=sum(one.identity in coming and not one.shown for one in videos),
        asked_for=watched.wanted(),
        tile_widths=Counter(one.tile_width for one in videos if one.shown),
        sizes_asked=Counter(
            f"{one.width}x{one.height}" for one in watched.asked.values() if not one.disabled
        ),
        heights=Counter(one.height for one in videos if one.identity in coming),
    )


async def _coming(watched: Watched) -> tuple[set[str], list[Video]]:
    """Whose frames grow within some seconds, and all videos."""
    before = {one.identity: one.frames for one in await watched.videos()}
    await asyncio.sleep(SETTLE_SECONDS)
    after = await watched.videos()
    return {one.identity for one in after if one.frames > before.get(one.identity, 0)}, after


async def _settled(watched: Watched) -> None:
    """Every video that is shown comes. Raises TimeoutError."""
    async with asyncio.timeout(MEDIA_SECONDS):
        while True:
            coming, videos = await _coming(watched)
            if {one.identity for one in videos if one.shown} <= coming:
                return


async def _speak_in_turns(speakers: list[Somebody]) -> None:
    for turn in range(round(SECONDS / SPEAKS_SECONDS)):
        speaker = speakers[turn % len(speakers)]
        speaker.loudness = LOUD
        await asyncio.sleep(SPEAKS_SECONDS)
        speaker.loudness = 0


async def _come_and_go(server: Server) -> None:
    """One after the other within the same time, without a camera; each stays for a moment."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(COME_AND_GO):
        guest = Somebody()
        await guest.join(server, ROOM, f"guest-{number}")
        await asyncio.sleep(0.3)
        await guest.leave()
    await asyncio.sleep(max(0.0, SECONDS - (loop.time() - began)))
