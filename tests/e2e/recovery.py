"""A call of a browser and a desktop that loses its server, and how long until it has media again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Browser

from tests.e2e.browser import Inbound, Participant, eventually, join
from tests.e2e.desktop import Desktop, desktop
from tests.e2e.serving import Server

ROOM = "garden"
BACK_SECONDS = 60.0
FRAMES = 3
"""Decoded frames of a stream that was not there before: media has come back."""


@dataclass
class Call:
    """Both see each other."""

    ada: Participant
    desk: Desktop

    async def until_both_see(self) -> None:
        await asyncio.gather(
            eventually(self.ada.inbound, lambda streams: bool(self._seen_by_ada(streams, set()))),
            eventually(self._frames, lambda frames: bool(self._seen_by_desk(frames, set()))),
        )

    async def survives(self, blow: Callable[[], Awaitable[None]]) -> tuple[float, float]:
        """Seconds from the blow until the browser, and the desktop, decode pictures of new tracks."""
        streams = {stream.id for stream in await self.ada.inbound()}
        tracks = set(self.desk.frames_of_track)
        began = time.monotonic()

        async def browser() -> float:
            await eventually(
                self.ada.inbound, lambda now: bool(self._seen_by_ada(now, streams)), BACK_SECONDS
            )
            return time.monotonic() - began

        async def app() -> float:
            await eventually(self._frames, lambda now: bool(self._seen_by_desk(now, tracks)), BACK_SECONDS)
            return time.monotonic() - began

        _, of_browser, of_desktop = await asyncio.gather(blow(), browser(), app())
        return of_browser, of_desktop

    async def _frames(self) -> dict[str, int]:
        return dict(self.desk.frames_of_track)

    @staticmethod
    def _seen_by_ada(streams: list[Inbound], before: set[str]) -> list[str]:
        return [
            each.id
            for each in streams
            if each.kind == "video" and each.id not in before and each.frames >= FRAMES
        ]

    @staticmethod
    def _seen_by_desk(frames: dict[str, int], before: set[str]) -> list[str]:
        return [track for track, count in frames.items() if track not in before and count >= FRAMES]


@contextlib.asynccontextmanager
async def call(server: Server, browser: Browser) -> AsyncIterator[Call]:
    """Goes on when both see each other."""
    ada = await join(browser, server.url, "Ada", ROOM)
    async with desktop(server.ws_url, server.token(ROOM, "desk")) as desk:
        await desk.publish()
        both = Call(ada, desk)
        await both.until_both_see()
        yield both
