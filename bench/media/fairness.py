"""Two subscribers behind one bottleneck, which becomes too narrow for what they wish for."""

from __future__ import annotations

import asyncio

from bench.figure import medians, rounds, show
from bench.media.call import Call, call
from bench.media.person import Feed
from bench.media.record import longest_gap
from tests.e2e.netem import Conditions

ROUNDS = 3
FEED = Feed(width=960, height=540, rate=15, bits=700_000, simulcast=True)
PUBLISHERS = ("ada", "alan")
SUBSCRIBERS = ("grace", "edith")
DELAY = Conditions(delay_ms=20.0)
WIDE = Conditions(rate_kbps=10_000, queue_ms=300)
NARROW = Conditions(rate_kbps=1_500, queue_ms=300)
SETTLE_SECONDS = 10.0
SECONDS = 20.0
MOST_SECONDS = 240.0


async def run() -> None:
    measured = []
    for _ in range(rounds(ROUNDS)):
        async with asyncio.timeout(MOST_SECONDS), call() as running:
            measured.append(await _once(running))
    told = medians(measured)
    value = told.pop("fairness")
    show("fairness_of_two", value, "Jain's index", rounds=len(measured), rate_kbps=NARROW.rate_kbps, **told)


async def _once(running: Call) -> dict[str, float]:
    await running.network.emulator.add_bottleneck("home", down=WIDE)
    away = await running.access("publishers", DELAY, DELAY)
    for name in PUBLISHERS:
        await (await running.desktop(away, name)).publish(FEED)
    homes = [await running.access(name, DELAY, DELAY, behind="home") for name in SUBSCRIBERS]
    people = [await running.chromium(home) for home in homes]
    for person in people:
        await person.sees(*PUBLISHERS)
    await running.network.emulator.change("home", down=NARROW)
    await asyncio.sleep(SETTLE_SECONDS)

    await running.network.emulator.clear()
    before = [await person.look() for person in people]
    await asyncio.sleep(SECONDS)
    after = [await person.look() for person in people]
    links = [(await home.statistics())["down"] for home in homes]

    shares = [link["delivered"]["bytes"] for link in links]
    freezes, concealed = [], []
    for person, then, now in zip(people, before, after, strict=True):
        for sender in PUBLISHERS:
            freezes.append(longest_gap(await person.frames(sender), then.at, now.at) / 1000)
            concealed.append(now.from_(sender).since(then.from_(sender)).concealed_share)
    offered = sum(link["offered"]["packets"] for link in links)
    lost = sum(link["dropped"]["queue"]["packets"] for link in links)
    return {
        "fairness": sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares)),
        "link_used_percent": 100 * sum(shares) * 8 / SECONDS / ((NARROW.rate_kbps or 0.0) * 1000),
        "lost_in_queue_percent": 100 * lost / max(offered, 1),
        "longest_freeze_s": max(freezes),
        "audio_concealed_percent": 100 * sum(concealed) / len(concealed),
    }
