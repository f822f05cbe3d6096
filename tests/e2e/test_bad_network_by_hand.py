"""A developer puts a bad network in front of a running server, and changes it while people are in a call."""

from __future__ import annotations

import asyncio
import json
import sys

from playwright.async_api import Browser

from tests.e2e.browser import Inbound, eventually, join
from tests.e2e.serving import ROOT, Server


async def test_what_is_typed_changes_the_network_of_a_call(server: Server, browser: Browser) -> None:
    pipe = asyncio.subprocess.PIPE
    words = ["--server", server.url, "--udp-port", str(server.udp_port), "--down", '{"delay_ms": 5}']
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.emulate", *words, cwd=ROOT, stdin=pipe, stdout=pipe
    )
    assert program.stdin is not None
    assert program.stdout is not None

    async def say(line: str) -> str:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(line.encode() + b"\n")
        return (await program.stdout.readline()).decode()

    address = (await program.stdout.readline()).split()[2].decode().rstrip(",")
    ada = await join(browser, address, "Ada", "garden")
    alan = await join(browser, server.url, "Alan", "garden")
    await ada.sees(1)

    assert "not understood" in await say("sideways")
    assert "not understood" in await say('down {"los": 1}')
    assert await say('down {"blackout": true}') == "down: {'blackout': True}\n"

    async def frozen() -> bool:
        before = await ada.inbound()
        await asyncio.sleep(0.5)  # as long as a frame may take where frames come
        return _frames(before) == _frames(await ada.inbound())

    await eventually(frozen, bool)
    assert await say("down {}") == "down: perfect\n"
    await ada.sees(1)
    await alan.sees(1)
    dropped = json.loads(await say(""))["down"]["dropped"]
    assert dropped["blackout"]["packets"] > 0
    assert dropped["loss"]["packets"] == dropped["queue"]["packets"] == 0

    program.stdin.close()
    assert await program.wait() == 0


def _frames(streams: list[Inbound]) -> int:
    return sum(stream.frames for stream in streams)
