"""Frames waiting for one client, bounded: a client that does not read must not fill the server's memory."""

from __future__ import annotations

import asyncio
from collections import deque

from server.protocol.codec import Frame

MAX_FRAMES = 2_000
MAX_BYTES = 8 * 1024 * 1024


class Outbox:
    """A queue with one reader. `finish` lets what is queued leave first."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._size = 0
        self._finished = False
        self._wake = asyncio.Event()

    def put(self, frame: Frame) -> bool:
        """Queues a frame. False: full, and the client is to be given up. After `finish`: dropped."""
        if self._finished:
            return True
        if len(self._frames) >= MAX_FRAMES or self._size + len(frame) > MAX_BYTES:
            return False
        self._frames.append(frame)
        self._size += len(frame)
        self._wake.set()
        return True

    def finish(self) -> None:
        """Nothing follows."""
        self._finished = True
        self._wake.set()

    async def get(self) -> Frame | None:
        """The next frame, or None after the last."""
        while not self._frames:
            if self._finished:
                return None
            self._wake.clear()
            await self._wake.wait()
        frame = self._frames.popleft()
        self._size -= len(frame)
        return frame
