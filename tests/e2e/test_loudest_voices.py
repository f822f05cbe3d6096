"""In a room with one voice at a time, the loudest microphone is heard, and who becomes louder takes over."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from tests.e2e.browser import eventually
from tests.e2e.desktop import Desktop, desktop
from tests.e2e.serving import serving

LOUD, FAINTER = 12_000, 1_500
HEARD = 5.0
"""Energy in half a second that both tones have where they arrive, and noise that fills a gap has not."""


async def _heard(listener: Desktop) -> set[str]:
    """Who is heard in half a second."""
    before = dict(listener.energy)
    await asyncio.sleep(0.5)
    return {name for name, energy in listener.energy.items() if energy - before.get(name, 0.0) > HEARD}


async def test_who_is_loudest_is_heard_and_the_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[rooms]\nloudest_voices = 1\n")
    async with (
        serving(tmp_path) as server,
        desktop(server.ws_url, server.token("garden", "listener")) as listener,
        desktop(server.ws_url, server.token("garden", "desk")) as desk,
        desktop(server.ws_url, server.token("garden", "lap")) as lap,
    ):
        desk.loudness = lap.loudness = LOUD
        await desk.publish()
        await eventually(lambda: _heard(listener), lambda heard: heard == {"desk"})
        await lap.publish()

        async def subscribed() -> bool:
            return {"desk", "lap"} <= listener.energy.keys()

        await eventually(subscribed, lambda done: done)
        for louder, fainter, name in ((lap, desk, "lap"), (desk, lap, "desk"), (lap, desk, "lap")):
            louder.loudness, fainter.loudness = LOUD, FAINTER
            await eventually(partial(_heard, listener), {name}.__eq__)
