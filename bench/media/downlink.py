"""A subscriber of three publishers in simulcast, whose link becomes narrow for a while.

Settled is from the step to the first of five good seconds in a row: frames of everybody, hardly anything lost
in the queue, and nothing old; after the step up, pictures as large as before the step down, too. All that was
sent before fits the wide link; of the narrow one, the smallest layers and the sound take four fifths.
"""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass
from typing import Any

from bench.figure import medians, rounds, show
from bench.media.call import Call, call
from bench.media.person import Feed, Person
from bench.media.picture import now_ms
from bench.media.record import Frame, Snapshot, longest_gap, within
from tests.e2e.bad_network import Access
from tests.e2e.netem import Conditions

ROUNDS = 3
FEED = Feed(width=960, height=540, rate=15, bits=700_000, simulcast=True, sound_bits=24_000, red=False)
PUBLISHERS = ("ada", "alan", "grace")
DELAY_MS = 20.0
WIDE = Conditions(delay_ms=DELAY_MS, rate_kbps=3_000, queue_ms=300)
NARROW = Conditions(delay_ms=DELAY_MS, rate_kbps=500, queue_ms=300)
SETTLE_SECONDS = 8.0
PHASES = (("wide", WIDE, 10.0), ("down", NARROW, 30.0), ("up", WIDE, 25.0))
SAMPLE_SECONDS = 0.25
MOST_SECONDS = 300.0
GOOD_SECONDS = 5
# What a good second has.
LEAST_FRAMES = 5
MOST_LOST = 0.02
OLDEST_MS = 500.0


@dataclass(frozen=True)
class Sample:
    """What the link and the subscriber had counted at a moment."""

    at: float
    link: dict[str, Any]
    snapshot: Snapshot

    def packets(self, *path: str) -> int:
        found: Any = self.link
        for name in path:
            found = found[name]
        return int(found["packets"])


@dataclass(frozen=True)
class Phase:
    """A time at one rate."""

    start: float
    end: float
    rate_kbps: float
    samples: list[Sample]
    frames: dict[str, list[Frame]]

    def seconds(self) -> list[tuple[float, float]]:
        count = int((self.end - self.start) / 1000)
        return [(self.start + 1000 * at, self.start + 1000 * (at + 1)) for at in range(count)]

    def heights(self, start: float, end: float) -> dict[str, float]:
        """Of each publisher's pictures, mostly; zero of none."""
        return {
            sender: statistics.median([frame.height for frame in within(frames, start, end)] or [0])
            for sender, frames in self.frames.items()
        }

    def is_good(self, start: float, end: float) -> bool:
        """One second of it."""
        for frames in self.frames.values():
            seen = within(frames, start, end)
            ages = [frame.age for frame in seen if frame.age is not None]
            if len(seen) < LEAST_FRAMES or (ages and statistics.median(ages) > OLDEST_MS):
                return False
        first, last = self._sample(start), self._sample(end)
        offered = last.packets("offered") - first.packets("offered")
        lost = last.packets("dropped", "queue") - first.packets("dropped", "queue")
        return lost <= MOST_LOST * max(offered, 1)

    def settled_after(self, least_heights: dict[str, float]) -> float | None:
        """Seconds; None if it never settled."""
        in_a_row = 0
        for start, end in self.seconds():
            heights = self.heights(start, end)
            is_large = all(heights[who] >= least_heights[who] for who in heights)
            in_a_row = in_a_row + 1 if is_large and self.is_good(start, end) else 0
            if in_a_row == GOOD_SECONDS:
                return (end - self.start) / 1000 - GOOD_SECONDS
        return None

    def numbers(self, least_heights: dict[str, float]) -> dict[str, float]:
        """For figures."""
        first, last = self._sample(self.start), self._sample(self.end)
        delivered = last.link["delivered"]["bytes"] - first.link["delivered"]["bytes"]
        offered = last.packets("offered") - first.packets("offered")
        lost = last.packets("dropped", "queue") - first.packets("dropped", "queue")
        inbound = [last.snapshot.from_(who).since(first.snapshot.from_(who)) for who in self.frames]
        ages = [
            frame.age
            for frames in self.frames.values()
            for frame in within(frames, self.start, self.end)
            if frame.age is not None
        ]
        settled = self.settled_after(least_heights)
        length = (self.end - self.start) / 1000
        samples = sum(one.samples for one in inbound)
        return {
            "settled_s": length if settled is None else settled,
            "is_settled": float(settled is not None),
            "longest_freeze_s": max(
                longest_gap(frames, self.start, self.end) / 1000 for frames in self.frames.values()
            ),
            "link_used_percent": 100 * delivered * 8 / length / (self.rate_kbps * 1000),
            "lost_in_queue_percent": 100 * lost / max(offered, 1),
            "audio_concealed_percent": 100 * sum(one.concealed for one in inbound) / max(samples, 1),
            "age_p50_ms": statistics.median(ages or [float("nan")]),
            "heights": sum(self.heights(self.end - 5000, self.end).values()),
        }

    def _sample(self, at: float) -> Sample:
        """The nearest to a moment."""
        return min(self.samples, key=lambda sample: abs(sample.at - at))


async def run() -> None:
    for client in ("chromium", "desktop"):
        measured: dict[str, list[dict[str, float]]] = {}
        for _ in range(rounds(ROUNDS)):
            async with asyncio.timeout(MOST_SECONDS), call() as running:
                for phase, numbers in (await _once(running, client)).items():
                    measured.setdefault(phase, []).append(numbers)
        for phase, every in measured.items():
            told = medians(every)
            value = told.pop("settled_s")
            show(f"downlink_{phase}", value, "s to settle", receiver=client, rounds=len(every), **told)


async def _once(running: Call, client: str) -> dict[str, dict[str, float]]:
    home = await running.access("subscriber", Conditions(delay_ms=DELAY_MS), WIDE)
    away = await running.access("publishers", Conditions(delay_ms=DELAY_MS), Conditions(delay_ms=DELAY_MS))
    for name in PUBLISHERS:
        await (await running.chromium(away, name)).publish(FEED)
    subscriber: Person = await (running.chromium(home) if client == "chromium" else running.desktop(home))
    await subscriber.sees(*PUBLISHERS)
    await asyncio.sleep(SETTLE_SECONDS)
    found: dict[str, dict[str, float]] = {}
    before: dict[str, float] = dict.fromkeys(PUBLISHERS, 0.0)
    phases = [(name, await _phase(subscriber, home, rate, length)) for name, rate, length in PHASES]
    for name, phase in phases:
        phase.frames.update({who: await subscriber.frames(who) for who in PUBLISHERS})
        if name == "wide":
            before = phase.heights(phase.start, phase.end)
        found[name] = phase.numbers(before if name == "up" else dict.fromkeys(PUBLISHERS, 0.0))
    return found


async def _phase(subscriber: Person, home: Access, conditions: Conditions, seconds: float) -> Phase:
    """Its frames are not filled in yet."""
    await home.change(down=conditions)
    start, samples = now_ms(), []
    while now_ms() < start + seconds * 1000:
        link, snapshot = (await home.statistics())["down"], await subscriber.look()
        samples.append(Sample(now_ms(), link, snapshot))
        await asyncio.sleep(SAMPLE_SECONDS)
    return Phase(start, now_ms(), conditions.rate_kbps or 0.0, samples, {})
