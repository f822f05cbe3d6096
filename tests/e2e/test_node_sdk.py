"""Servers written for Node: LiveKit's SDK for it, unmodified, makes tokens and administers rooms."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path

from tests.e2e.browser import eventually
from tests.e2e.desktop import desktop
from tests.e2e.serving import KEY, SECRET, Server

PROGRAM = Path(__file__).parent / "node_sdk" / "moderate.js"
ROOM = "event-loop"


async def _node(what: str, server: Server, identity: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "node", PROGRAM, what, server.url, KEY, SECRET, ROOM, identity, stdout=PIPE
    )
    async with asyncio.timeout(40):
        output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().strip()


async def test_the_node_server_sdk_makes_tokens_and_reaches_every_method_of_the_server_api(
    server: Server,
) -> None:
    async with (
        desktop(server.ws_url, await _node("token", server, "desk")) as desk,
        desktop(server.ws_url, server.token(ROOM, "lap")) as lap,
    ):
        described: list[str] = []
        lap.room.on("room_metadata_changed", lambda _, now: described.append(now))
        left: list[str] = []
        lap.room.on("participant_disconnected", lambda who: left.append(who.identity))
        await desk.publish()

        async def seen() -> int:
            return len(lap.frames)

        await eventually(seen, lambda senders: senders == 1)
        told = json.loads(await _node("moderate", server, "desk"))
        answers = {method: what["answer"] for method, what in told.items() if "answer" in what}
        assert answers == {
            "createRoom": "made",
            "listRooms": [ROOM, "made-by-node"],
            "deleteRoom": True,
            "updateRoomMetadata": "by Node",
            "listParticipants": ["desk", "lap"],
            "getParticipant": "desk",
            "updateParticipant": "Nodder",
            "mutePublishedTrack": True,
            "updateSubscriptions": True,
            "sendData": True,
            "removeParticipant": True,
        }
        refused = {method: what["refused"] for method, what in told.items() if "refused" in what}
        assert refused.keys() == {"forwardParticipant", "moveParticipant"}
        assert all(why.startswith("unimplemented") for why in refused.values()), refused

        async def learned() -> tuple[list[str], list[tuple[str, bytes, str]], list[str]]:
            return described, lap.data, left

        await eventually(learned, lambda now: now == (["by Node"], [("", b"by Node", "news")], ["desk"]))
