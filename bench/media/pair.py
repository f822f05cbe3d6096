"""Two people in a call, Chromium and the desktop SDK, and what each gets of the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bench.figure import percentile
from bench.media.call import Call, call
from bench.media.person import Feed, Person
from bench.media.record import Frame, Inbound, Snapshot, longest_gap, within
from tests.e2e.bad_network import Access
from tests.e2e.netem import Conditions

FEED = Feed()
DELAY_MS = 20.0  # one way, between a client and the server


@dataclass(frozen=True)
class Stretch:
    """What one got of the other between two moments, and what the other sent."""

    start: float  # milliseconds since the epoch
    end: float
    frames_sent: int
    bytes_sent: int
    inbound: Inbound
    frames: list[Frame]

    def numbers(self) -> dict[str, float]:
        """For a figure."""
        ages = [frame.age for frame in self.frames if frame.age is not None]
        sent = max(self.frames_sent, 1)
        return {
            "frames_kept_percent": 100 * self.inbound.frames_decoded / sent,
            "frames_sent_per_s": self.frames_sent * 1000 / (self.end - self.start),
            "sent_kbps": self.bytes_sent * 8 / (self.end - self.start),
            "longest_freeze_s": longest_gap(self.frames, self.start, self.end) / 1000,
            "freezes": self.inbound.freezes,
            "audio_concealed_percent": 100 * self.inbound.concealed_share,
            "age_p50_ms": percentile(ages, 50),
            "age_p95_ms": percentile(ages, 95),
        }


@dataclass
class Pair:
    """`ways` are who receives, and from whom."""

    call: Call
    accesses: dict[str, Access]
    people: dict[str, Person]

    @property
    def ways(self) -> list[tuple[str, str]]:
        first, second = self.people
        return [(first, second), (second, first)]

    async def set(self, up: Conditions, down: Conditions) -> None:
        for access in self.accesses.values():
            await access.change(up, down)

    async def stretch(self, seconds: float) -> dict[str, Stretch]:
        """Lets time pass; what each got in it, by the receiver's name."""
        before = dict(zip(self.people, await self._look(), strict=True))
        await asyncio.sleep(seconds)
        after = dict(zip(self.people, await self._look(), strict=True))
        found = {}
        for receiver, sender in self.ways:
            start, end = before[receiver].at, after[receiver].at
            frames = await self.people[receiver].frames(sender)
            found[receiver] = Stretch(
                start,
                end,
                after[sender].frames_sent - before[sender].frames_sent,
                sum(after[sender].bytes_sent.values()) - sum(before[sender].bytes_sent.values()),
                after[receiver].from_(sender).since(before[receiver].from_(sender)),
                within(frames, start, end),
            )
        return found

    async def _look(self) -> list[Snapshot]:
        return await asyncio.gather(*(person.look() for person in self.people.values()))


@contextlib.asynccontextmanager
async def pair(delay_ms: float = DELAY_MS) -> AsyncIterator[Pair]:
    """Goes on when both see and hear each other."""
    conditions = Conditions(delay_ms=delay_ms)
    async with call() as running:
        accesses = {
            name: await running.access(name, conditions, conditions) for name in ("chromium", "desktop")
        }
        people: dict[str, Person] = {
            "chromium": await running.chromium(accesses["chromium"]),
            "desktop": await running.desktop(accesses["desktop"]),
        }
        for person in people.values():
            await person.publish(FEED)
        both = Pair(running, accesses, people)
        for receiver, sender in both.ways:
            await people[receiver].sees(sender)
        yield both
