"""Calls that are interrupted: five seconds without a network, and a change to another one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

from bench.figure import medians, rounds, show
from bench.media.pair import DELAY_MS, Pair, pair
from bench.media.picture import now_ms
from bench.media.record import Snapshot, longest_gap
from tests.e2e.netem import Conditions

ROUNDS = 3
SETTLE_SECONDS = 5.0
BLACKOUT_SECONDS = 5.0
AFTER_SECONDS = 20.0  # longer than anybody waits for a call
LOOK_SECONDS = 0.1
MOST_SECONDS = 300.0
WHO = "chromium"  # is interrupted
BAD_SHARE = 0.5  # of sound made up: who hears it hears nothing

PLAIN = Conditions(delay_ms=DELAY_MS)
DARK = replace(PLAIN, blackout=True)


async def blackout() -> None:
    """Signaling waits meanwhile, as TCP does."""
    measured: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds(ROUNDS)):
        async with asyncio.timeout(MOST_SECONDS), pair() as both:
            await asyncio.sleep(SETTLE_SECONDS)
            access = both.accesses[WHO]
            access.gateway.hold()
            steps = [(0.0, DARK, DARK), (BLACKOUT_SECONDS, PLAIN, PLAIN)]
            await both.call.network.emulator.plan(WHO, steps)
            await asyncio.sleep(BLACKOUT_SECONDS)
            access.gateway.release()
            _add(measured, await _aftermath(both))
    _show("blackout_recovery", "first_frame_s", measured, blackout_s=BLACKOUT_SECONDS)


async def change_of_network() -> None:
    """The client's packets come from another port, as behind another router; it notices nothing itself."""
    measured: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds(ROUNDS)):
        async with asyncio.timeout(MOST_SECONDS), pair() as both:
            await asyncio.sleep(SETTLE_SECONDS)
            await both.call.network.emulator.move(WHO)
            _add(measured, await _aftermath(both))
    _show("change_of_network", "longest_freeze_s", measured)


async def _aftermath(both: Pair) -> dict[str, dict[str, float]]:
    """From now on, by receiver: until media flows, and how much of it was missing."""
    start = now_ms()
    looks: dict[str, list[Snapshot]] = {name: [] for name in both.people}
    while now_ms() < start + AFTER_SECONDS * 1000:
        for name, person in both.people.items():
            looks[name].append(await person.look())
        await asyncio.sleep(LOOK_SECONDS)
    end = now_ms()
    found = {}
    for receiver, sender in both.ways:
        frames = [frame for frame in await both.people[receiver].frames(sender) if frame.at >= start]
        first = frames[0].at if frames else end
        found[receiver] = {
            "first_frame_s": (first - start) / 1000,
            "longest_freeze_s": longest_gap(frames, start, end) / 1000,
            "without_sound_s": _without_sound(looks[receiver], sender),
        }
    return found


def _without_sound(looks: list[Snapshot], sender: str) -> float:
    """Seconds in which most of the sound was made up, or none was played."""
    seconds = 0.0
    for earlier, later in pairwise(looks):
        between = later.from_(sender).since(earlier.from_(sender))
        if between.samples <= 0 or between.concealed_share > BAD_SHARE:
            seconds += (later.at - earlier.at) / 1000
    return seconds


def _add(measured: dict[str, list[dict[str, float]]], found: dict[str, dict[str, float]]) -> None:
    for receiver, numbers in found.items():
        measured.setdefault(receiver, []).append(numbers)


def _show(name: str, of: str, measured: dict[str, list[dict[str, float]]], **parameters: object) -> None:
    for receiver, numbers in measured.items():
        told = medians(numbers)
        value = told.pop(of)
        slowest = max(one[of] for one in numbers)
        show(
            name,
            value,
            "s",
            interrupted=WHO,
            receiver=receiver,
            rounds=len(numbers),
            slowest=round(slowest, 2),
            **parameters,
            **told,
        )
