"""Servers in Go and JavaScript are told of a real call: LiveKit's SDKs believe what is signed alone."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.browser import eventually
from tests.e2e.desktop import desktop
from tests.e2e.go_sdk import PROGRAM, needs_go
from tests.e2e.serving import KEY, SECRET, serving

SETTINGS = """
[webhooks]
urls = {urls}
api_key = "devkey"
[rooms]
departure_timeout_seconds = 1
"""
NODE = ["node", str(Path(__file__).parent / "node_sdk" / "hook.js")]
GO = [str(PROGRAM), "hook"]


@asynccontextmanager
async def listening(program: list[str]) -> AsyncIterator[list[dict[str, Any]]]:
    """What the program tells; the first is where it listens."""
    process = await asyncio.create_subprocess_exec(*program, KEY, SECRET, stdout=PIPE)
    told: list[dict[str, Any]] = []

    async def follow() -> None:
        assert process.stdout
        async for line in process.stdout:
            told.append(json.loads(line))

    following = asyncio.create_task(follow())
    try:
        await until(told, "listening", 1)
        yield told
    finally:
        process.kill()
        await process.wait()
        await following


async def until(told: list[dict[str, Any]], event: str, times: int) -> list[dict[str, Any]]:
    async def seen() -> list[dict[str, Any]]:
        return [one for one in told if one["event"] == event]

    return await eventually(seen, lambda found: len(found) >= times)


async def call(directory: Path, programs: list[list[str]]) -> tuple[list[list[dict[str, Any]]], set[str]]:
    """What each program tells of a call, and of a message that nobody signed; the tracks of the call."""
    async with AsyncExitStack() as stack:
        told = [await stack.enter_async_context(listening(program)) for program in programs]
        urls = [one[0]["url"] for one in told]
        (directory / "config.toml").write_text(SETTINGS.format(urls=json.dumps(urls)))
        async with serving(directory) as server:
            async with desktop(server.ws_url, server.token("garden", "desk")) as desk:
                await desk.publish()
                await asyncio.gather(*(until(one, "heard", 4) for one in told))
                tracks = {one.sid for one in desk.room.local_participant.track_publications.values()}
            await asyncio.gather(*(until(one, "heard", 8) for one in told))
            forged = {"Authorization": server.token("garden", "mallory")}
        async with aiohttp.ClientSession(headers=forged) as http:
            for url in urls:
                async with http.post(url, data=b'{"event": "room_finished"}') as answer:
                    assert answer.status == 401
        await asyncio.gather(*(until(one, "disbelieved", 1) for one in told))
        return told, tracks


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[dict[str, Any]]], set[str]]:
    """One call for all programs that are there."""
    programs = {"node": NODE} | ({"go": GO} if PROGRAM.exists() else {})
    told, tracks = asyncio.run(call(tmp_path_factory.mktemp("told"), list(programs.values())))
    return dict(zip(programs, told, strict=True)), tracks


@pytest.mark.parametrize("program", ["node", pytest.param("go", marks=needs_go)])
def test_what_is_told_is_believed_and_what_nobody_signed_is_not(
    called: tuple[dict[str, list[dict[str, Any]]], set[str]], program: str
) -> None:
    told, tracks = called
    heard = [one for one in told[program] if one["event"] == "heard"]
    assert {one["room"] for one in heard} == {"garden"}
    assert [(one["name"], one["identity"]) for one in heard] == [
        ("room_started", ""),
        ("participant_joined", "desk"),
        *[("track_published", "desk")] * 2,
        *[("track_unpublished", "desk")] * 2,
        ("participant_left", "desk"),
        ("room_finished", ""),
    ]
    assert {one["track"] for one in heard[2:6]} == tracks
    assert len([one for one in told[program] if one["event"] == "disbelieved"]) == 1
