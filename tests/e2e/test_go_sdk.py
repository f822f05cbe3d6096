"""Apps and servers written in Go: the LiveKit SDK for Go, unmodified, meets a desktop app."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import rtc

from tests.e2e.browser import eventually
from tests.e2e.desktop import Desktop, desktop
from tests.e2e.go_sdk import gopher, moderate, needs_go
from tests.e2e.serving import KEY, SECRET, Server

pytestmark = needs_go
ROOM = "burrow"


async def _comes_back(desk: Desktop, frames: int = 10) -> None:
    """What the desktop sends, seen and heard by it again."""
    seen, heard = desk.frames.get("gopher", 0), desk.energy.get("gopher", 0.0)

    async def received() -> tuple[int, float]:
        return desk.frames.get("gopher", 0) - seen, desk.energy.get("gopher", 0.0) - heard

    await eventually(received, lambda more: more[0] >= frames and more[1] > 1e-3)


async def _whisper(asked: rtc.RpcInvocationData) -> str:
    return asked.payload.lower()


@pytest.mark.parametrize("connections", ["one", "two"])
async def test_go_and_desktop_see_hear_write_to_and_ask_each_other(
    shared_server: Server, connections: str
) -> None:
    room = f"{ROOM}-{connections}"
    async with (
        desktop(shared_server.ws_url, shared_server.token(room, "desk")) as desk,
        gopher(shared_server.ws_url, shared_server.token(room, "gopher"), connections) as go,
    ):
        local = desk.room.local_participant
        local.register_rpc_method("whisper", _whisper)
        await desk.publish()
        assert {one["mime"] for one in await go.tells("subscribed", 2)} == {"audio/opus", "video/VP8"}
        await _comes_back(desk)

        await local.publish_data(b"hello", reliable=True, topic="chat")
        assert await go.tells("data") == [{"event": "data", "from": "desk", "topic": "chat", "text": "hello"}]
        await go.do("say", text="hi")

        async def written() -> list[tuple[str, bytes, str]]:
            return desk.data

        await eventually(written, lambda data: data == [("gopher", b"hi", "chat")])

        answer = await local.perform_rpc(destination_identity="gopher", method="shout", payload="quiet")
        assert answer == "QUIET"
        await go.do("ask", to="desk", text="whisper", payload="LOUD")
        assert [one["answer"] for one in await go.tells("answered")] == ["loud"]


@pytest.mark.parametrize("connections", ["one", "two"])
async def test_a_go_app_whose_signaling_is_lost_resumes_and_nobody_sees_it_leave(
    shared_server: Server, connections: str
) -> None:
    room = f"{ROOM}-resumed-{connections}"
    async with desktop(shared_server.ws_url, shared_server.token(room, "desk")) as desk:
        left: list[Any] = []
        desk.room.on("participant_disconnected", left.append)
        await desk.publish()
        async with gopher(shared_server.ws_url, shared_server.token(room, "gopher"), connections) as go:
            await _comes_back(desk)
            await go.do("resume")
            await go.tells("reconnected")
            await asyncio.gather(_comes_back(desk), desk.room.local_participant.publish_data(b"still there?"))
            assert [one["text"] for one in await go.tells("data")] == ["still there?"]
            assert not left


async def test_the_go_server_sdk_reaches_every_method_of_the_server_api(server: Server) -> None:
    async with (
        desktop(server.ws_url, server.token(ROOM, "desk")) as desk,
        gopher(server.ws_url, server.token(ROOM, "gopher"), "two") as go,
    ):
        await desk.publish()
        await go.tells("subscribed", 2)
        told = await moderate(server.url, KEY, SECRET, ROOM, "desk")
        assert {method: what["answer"] for method, what in told.items() if "answer" in what} == {
            "CreateRoom": "made-by-go",
            "ListRooms": sorted([ROOM, "made-by-go"]),
            "DeleteRoom": True,
            "UpdateRoomMetadata": "by Go",
            "ListParticipants": 2,
            "GetParticipant": "desk",
            "UpdateParticipant": "Gopher",
            "MutePublishedTrack": True,
            "UpdateSubscriptions": True,
            "SendData": True,
            "RemoveParticipant": True,
        }
        refused = {method: what["refused"] for method, what in told.items() if "refused" in what}
        assert refused.keys() == {"ForwardParticipant", "MoveParticipant"}
        assert all("unimplemented" in why for why in refused.values()), refused
        assert [one["metadata"] for one in await go.tells("described")] == ["by Go"]
        assert [one["text"] for one in await go.tells("data")] == ["by Go"]
        assert [one["who"] for one in await go.tells("left")] == ["desk"]
