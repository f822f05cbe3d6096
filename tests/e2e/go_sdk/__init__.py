"""Drives the program beside it, which uses the LiveKit SDK for Go and with it another WebRTC (Pion)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.browser import eventually

PROGRAM = Path(__file__).parents[3] / ".build" / "go_sdk"
needs_go = pytest.mark.skipif(
    not PROGRAM.exists(), reason="its program is not built: no Go on this machine, or no modules for it"
)


@dataclass
class Gopher:
    """A participant that sends back what it sees and hears."""

    process: asyncio.subprocess.Process
    events: list[dict[str, Any]] = field(default_factory=list)

    async def follow(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self.events.append(json.loads(line))

    async def do(self, what: str, **more: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        await self.process.stdin.drain()

    async def tells(self, event: str, times: int = 1) -> list[dict[str, Any]]:
        """What it told of such events, once there are so many; nothing has failed until then."""

        async def told() -> list[dict[str, Any]]:
            assert not [one for one in self.events if one["event"] == "failed"], self.events
            return [one for one in self.events if one["event"] == event]

        return await eventually(told, lambda events: len(events) >= times)


@contextlib.asynccontextmanager
async def gopher(url: str, token: str, connections: str) -> AsyncIterator[Gopher]:
    """In the room until the end of the block, with `one` peer connection or `two`."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "echo", url, token, connections, stdin=PIPE, stdout=PIPE
    )
    made = Gopher(process)
    following = asyncio.create_task(made.follow())
    try:
        await made.tells("joined")
        yield made
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        await following


async def moderate(url: str, key: str, secret: str, room: str, identity: str) -> dict[str, dict[str, Any]]:
    """Every method of RoomService, in the program's order: its `answer`, or in words why it was `refused`."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "moderate", url, key, secret, room, identity, stdout=PIPE
    )
    async with asyncio.timeout(40):
        output, _ = await process.communicate()
    assert process.returncode == 0
    return {told.pop("event"): told for told in map(json.loads, output.splitlines())}
