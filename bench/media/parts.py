"""The parts of `make bench` that measure media over bad networks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bench.media import conditions, downlink, fairness, outages, sizes

PARTS: dict[str, Callable[[], Awaitable[None]]] = {
    "media-loss": conditions.losses,
    "media-bursts": conditions.bursts,
    "media-jitter": conditions.jitter,
    "media-blackout": outages.blackout,
    "media-move": outages.change_of_network,
    "media-downlink": downlink.run,
    "media-sizes": sizes.run,
    "media-fairness": fairness.run,
}
