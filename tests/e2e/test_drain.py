"""`offrecord drain`: a call goes on to its end, and the server with it; or its time is up, and it moves."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import aiohttp
import pytest
from livekit import rtc

from tests.e2e.browser import eventually
from tests.e2e.serving import COMMAND, Server, command_line, descendants, is_alive, serving

SECONDS = 30


def drain(server: Server, deadline: int) -> subprocess.Popen[str]:
    words = [str(COMMAND), "drain", "--http-port", str(server.http_port), "--deadline", str(deadline)]
    return subprocess.Popen(words, cwd=server.directory, stdout=subprocess.PIPE, text=True)


async def reasons(server: Server) -> list[str]:
    async with aiohttp.ClientSession() as http, http.get(server.url + "/readyz") as answer:
        return list((await answer.json())["reasons"])


async def over(server: Server, command: subprocess.Popen[str]) -> None:
    """Both end by themselves, with exit code 0, and nothing is left behind."""
    family = descendants(server.process.pid)
    assert await asyncio.to_thread(server.process.wait, SECONDS) == 0, server.output()
    assert await asyncio.to_thread(command.wait, SECONDS) == 0
    assert [command_line(pid) for pid in family if is_alive(pid)] == []
    server.stopped = True


async def connected(server: Server, room: str, identity: str) -> rtc.Room:
    one = rtc.Room()
    await one.connect(server.ws_url, server.token(room, identity))
    return one


async def test_a_server_ends_with_its_last_call(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        ada = await connected(server, "hall", "ada")
        with drain(server, 3600) as command:
            await eventually(lambda: reasons(server), lambda seen: "draining" in seen)
            bob = await connected(server, "hall", "bob")
            with pytest.raises(rtc.ConnectError):
                await connected(server, "another", "cid")
            await asyncio.gather(ada.disconnect(), bob.disconnect())
            await over(server, command)


async def test_a_call_that_takes_too_long_is_sent_elsewhere(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        ada = await connected(server, "hall", "ada")
        seen: list[str] = []
        for event in ("reconnecting", "disconnected"):
            ada.on(event, lambda *_, event=event: seen.append(event))
        with drain(server, 1) as command:
            await over(server, command)
        assert seen[0] == "reconnecting"
        await ada.disconnect()
