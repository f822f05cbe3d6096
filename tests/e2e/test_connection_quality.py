"""How well everybody is connected reaches desktop apps, of themselves and of others."""

from __future__ import annotations

import asyncio

from livekit import rtc

from tests.e2e.browser import eventually
from tests.e2e.desktop import Desktop, desktop
from tests.e2e.serving import Server

EXCELLENT = rtc.ConnectionQuality.QUALITY_EXCELLENT


def _follow(listener: Desktop) -> list[tuple[str, int]]:
    told: list[tuple[str, int]] = []

    @listener.room.on("connection_quality_changed")
    def _(participant: rtc.Participant, quality: int) -> None:
        told.append((participant.identity, quality))

    return told


async def test_on_loopback_it_is_excellent_for_everybody(shared_server: Server) -> None:
    async with (
        desktop(shared_server.ws_url, shared_server.token("well connected", "desk")) as desk,
        desktop(shared_server.ws_url, shared_server.token("well connected", "lap")) as lap,
    ):
        told_desk, told_lap = _follow(desk), _follow(lap)
        await asyncio.gather(desk.publish(), lap.publish())

        async def last() -> tuple[dict[str, int], dict[str, int]]:
            return dict(told_desk), dict(told_lap)

        everybody = {"desk": EXCELLENT, "lap": EXCELLENT}
        await eventually(last, lambda seen: seen == (everybody, everybody))
