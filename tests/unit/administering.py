"""The server API as its users call it: with `livekit-api`, and with a token and a body of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientResponse
from google.protobuf.message import Message
from livekit import api

from server.api.twirp.methods import SERVED, Grant
from tests.unit.signaling import KEY, SECRET, Server

GRANTS: dict[Grant, dict[str, Any]] = {
    Grant.ROOM_CREATE: {"room_create": True, "room": ""},
    Grant.ROOM_LIST: {"room_list": True, "room": ""},
    Grant.ROOM_ADMIN: {"room_admin": True, "room": "hall"},
}


@asynccontextmanager
async def calling(client: Any) -> AsyncIterator[api.LiveKitAPI]:
    """The package from PyPI, unmodified."""
    caller = api.LiveKitAPI(str(client.make_url("/")), KEY, SECRET)
    try:
        yield caller
    finally:
        await caller.aclose()


def granting(server: Server, method: str, **more: Any) -> str:
    """A token with what the method needs, in the room "hall", and no more."""
    return server.token("", **{"room_join": False, **GRANTS[SERVED[method].grant], **more})


async def post(
    client: Any,
    method: str,
    token: str,
    body: bytes | str,
    *,
    service: str = "livekit.RoomService",
    content_type: str = "application/json",
) -> tuple[ClientResponse, Any]:
    """The answer, and its JSON or bytes."""
    headers = {"Content-Type": content_type, **({"Authorization": f"Bearer {token}"} if token else {})}
    answer = await client.post(f"/twirp/{service}/{method}", data=body, headers=headers)
    is_json = answer.content_type == "application/json"
    return answer, await answer.json() if is_json else await answer.read()


def protobuf(message: Message) -> bytes:
    return bytes(message.SerializeToString())
