"""Whoever joins a room can ask which relay it lives on, and only with a token for it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from server.config import Rooms
from tests.unit.signaling import ClientMaker, Server, connect


@pytest.mark.parametrize(("room", "encrypted"), [("hall", False), ("board-1", True)])
async def test_the_room_of_the_token_is_told(aiohttp_client: ClientMaker, room: str, encrypted: bool) -> None:
    server = Server(rooms=structs.replace(Rooms(), require_encryption=("board-*",)))
    client = await aiohttp_client(server.application)
    token = server.token(room=room)
    assert (await _room(client, token))["relay"] is None
    await connect(client, token)
    told = await _room(client, token)
    assert (told["name"], told["relay"], told["generation"]) == (room, 1, 1)
    assert told["encryption_required"] is encrypted
    assert await _room(client, "") is None


async def _room(client: Any, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return (await (await client.get("/guarantee", headers=headers)).json())["room"]
