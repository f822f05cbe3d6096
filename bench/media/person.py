"""Participants of a measured call, in Chromium or the desktop SDK: the same questions to both."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass

from bench.media.record import Frame, Snapshot

TONE_HZ = 440
JOIN_SECONDS = 40.0  # until media flows, on a busy machine


@dataclass(frozen=True)
class Feed:
    """What a participant sends: a picture and a tone."""

    width: int = 640
    height: int = 360
    rate: int = 20  # frames a second
    bits: int = 600_000  # of the largest layer, a second
    simulcast: bool = False  # in three layers
    sound_bits: int = 32_000
    red: bool = True


class Person(ABC):
    """Somebody in a call. Times are milliseconds since the epoch."""

    name: str

    @abstractmethod
    async def publish(self, feed: Feed) -> None:
        """Begins to send it."""

    @abstractmethod
    async def look(self) -> Snapshot:
        """Counters now."""

    @abstractmethod
    async def frames(self, sender: str) -> list[Frame]:
        """Every frame that came from somebody so far."""

    async def sees(self, *senders: str) -> None:
        """Waits until frames and sound of all of them have come. Raises TimeoutError."""
        async with asyncio.timeout(JOIN_SECONDS):
            for sender in senders:
                while len(await self.frames(sender)) < 5:
                    await asyncio.sleep(0.1)
                while True:
                    inbound = (await self.look()).from_(sender)
                    if inbound.samples > inbound.concealed:
                        break
                    await asyncio.sleep(0.1)
