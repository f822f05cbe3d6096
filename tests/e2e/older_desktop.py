"""A desktop app that has not been updated, as a process of its own: an older SDK hides the newer there.
`python -m tests.e2e.older_desktop URL TOKEN` sees, hears and is seen, and tells of it in lines of JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from livekit import rtc

from tests.e2e.desktop import desktop
from tests.e2e.serving import ROOT

SDK = ROOT / ".build" / "older_livekit"
"""Installed by `make older-sdk`."""


class Told:
    """What the process told last."""

    def __init__(self) -> None:
        self.last: dict[str, Any] = {}

    async def follow(self, lines: asyncio.StreamReader) -> None:
        async for line in lines:
            self.last = json.loads(line)


@contextlib.asynccontextmanager
async def older_desktop(url: str, token: str, sdk: Path = SDK) -> AsyncIterator[Told]:
    """In the room until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.e2e.older_desktop", url, token),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(sdk)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    told = Told()
    following = asyncio.create_task(told.follow(process.stdout))
    try:
        yield told
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(15):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        await following


async def _run(url: str, token: str) -> None:
    """Until standard input ends."""
    events: list[str] = []
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with desktop(url, token) as desk:
        for event in ("reconnecting", "reconnected", "disconnected"):
            desk.room.on(event, lambda *_, event=event: events.append(event))
        await desk.publish()
        while not ended.done():
            told = {
                "version": rtc.version.__version__,
                "frames": sum(desk.frames.values()),
                "energy": sum(desk.energy.values()),
                "data": [[who, payload.decode()] for who, payload, _ in desk.data],
                "events": events,
                "sid": desk.room.local_participant.sid,
            }
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            await asyncio.wait({ended}, timeout=0.2)


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:]))
