"""The server API on the wire: both forms, every error, and who may ask what."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from typing import Any

import pytest
from google.protobuf import json_format
from livekit.protocol import models
from livekit.protocol.room import CreateRoomRequest, UpdateRoomMetadataRequest

from server.api import body as bodies
from server.api.twirp import route, wire
from server.api.twirp.methods import SERVED, Grant
from tests.unit.administering import granting, post, protobuf
from tests.unit.signaling import ClientMaker, Server, connect

METHODS = sorted(SERVED)
HALL = json.dumps({"room": "hall", "name": "hall"})


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def client(server: Server, aiohttp_client: ClientMaker) -> Any:
    return await aiohttp_client(server.application)


def error(code: str, status: int) -> tuple[str, int]:
    return code, status


async def failed(client: Any, *words: Any, **more: Any) -> tuple[str, int]:
    """Code and status; each has its reason in words."""
    answer, content = await post(client, *words, **more)
    assert content["msg"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return content["code"], answer.status


async def test_json_and_protobuf_are_answered_in_kind(client: Any, server: Server) -> None:
    token = granting(server, "CreateRoom")
    request = CreateRoomRequest(name="hall", empty_timeout=60)
    answer, content = await post(client, "CreateRoom", token, json_format.MessageToJson(request))
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert (content["name"], content["empty_timeout"]) == ("hall", 60)
    as_bytes, raw = await post(
        client, "CreateRoom", token, protobuf(request), content_type="application/protobuf"
    )
    assert as_bytes.content_type == "application/protobuf"
    assert models.Room.FromString(raw) == json_format.ParseDict(content, models.Room())


@pytest.mark.parametrize("method", METHODS)
async def test_every_method_takes_json(client: Any, server: Server, method: str) -> None:
    """Of what it asks for there is nothing, or all is well: it is read, and looked for."""
    await connect(client, server.token("ada"))
    body = json.dumps({"room": "hall", "name": "hall", "identity": "eve"})
    answer, content = await post(client, method, granting(server, method), body)
    if answer.status != 200:
        assert (content["code"], answer.status) == error("not_found", 404)


@pytest.mark.parametrize("method", METHODS)
async def test_without_its_grant_nobody_is_told_anything(client: Any, server: Server, method: str) -> None:
    wrong: dict[Grant, dict[str, Any]] = {
        Grant.ROOM_CREATE: {"room_list": True, "room_admin": True},
        Grant.ROOM_LIST: {"room_create": True, "room_admin": True},
        Grant.ROOM_ADMIN: {"room_create": True, "room_list": True, "room_admin": False},
    }
    others: dict[str, Any] = {"room_join": True}
    for grants in (wrong[SERVED[method].grant], others):
        token = server.token("ada", **{"room_join": False, **grants})
        assert await failed(client, method, token, HALL) == error("unauthenticated", 401)
    assert server.rooms.rooms() == []


async def test_an_administrator_of_one_room_is_none_of_another(client: Any, server: Server) -> None:
    await connect(client, server.token("ada", "attic"))
    admins = [name for name in METHODS if SERVED[name].grant is Grant.ROOM_ADMIN]
    token = server.token("", room_admin=True)
    for method in admins:
        for room in ("attic", "cellar", ""):
            body = json.dumps({"room": room, "identity": "ada"})
            assert await failed(client, method, token, body) == error("unauthenticated", 401)
    [attic] = server.rooms.rooms()
    assert attic.find("ada") is not None


async def test_a_token_that_does_not_hold_opens_nothing(client: Any, server: Server) -> None:
    good: dict[str, Any] = {"room_create": True}
    tokens = [
        "",
        "rubbish",
        "x" * 8_000,
        server.token("", secret="t" * 32, **good),
        server.token("", life=-3600, **good),
    ]
    for token in tokens:
        assert await failed(client, "CreateRoom", token, HALL) == error("unauthenticated", 401)
    assert server.rooms.rooms() == []


@pytest.mark.parametrize(
    ("service", "method"),
    [
        ("livekit.RoomService", "StartRecording"),
        ("livekit.RoomService", "StartEgress"),
        ("livekit.Egress", "CreateRoom"),
        ("livekit.Recorder", "CreateRoom"),
        ("x", "y"),
    ],
)
async def test_an_unknown_method_is_a_bad_route(
    client: Any, server: Server, service: str, method: str
) -> None:
    found = await failed(client, method, server.token(), "{}", service=service)
    assert found == error("bad_route", 404)


async def test_other_content_is_a_bad_route(client: Any, server: Server) -> None:
    token = granting(server, "CreateRoom")
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert await failed(client, "CreateRoom", token, HALL, content_type=kind) == error("bad_route", 404)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no JSON",
        "7",
        '{"name": 7}',
        '{"empty_timeout": -1}',
        '{"empty_timeout": 1' + "0" * 5000 + "}",
        "[" * 100_000,
        '{"agents":' + "[" * 100_000,
        b"\xff\xfe",
        '{"name": "\\ud800"}',
    ],
)
async def test_what_cannot_be_read_is_malformed(client: Any, server: Server, body: Any) -> None:
    token = granting(server, "CreateRoom")
    assert await failed(client, "CreateRoom", token, body) == error("malformed", 400)


async def test_bytes_that_are_no_message_are_malformed(client: Any, server: Server) -> None:
    token = granting(server, "CreateRoom")
    found = await failed(client, "CreateRoom", token, b"\xff" * 9, content_type=wire.PROTOBUF)
    assert found == error("malformed", 400)


@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_is_bounded_after_decompression_too(client: Any, server: Server, packed: bool) -> None:
    request = UpdateRoomMetadataRequest(room="hall", metadata="m" * wire.MAX_BODY_BYTES)
    body = protobuf(request)
    headers = {
        "Content-Type": wire.PROTOBUF,
        "Authorization": f"Bearer {granting(server, 'UpdateRoomMetadata')}",
        **({"Content-Encoding": "gzip"} if packed else {}),
    }
    answer = await client.post(
        "/twirp/livekit.RoomService/UpdateRoomMetadata",
        data=io.BytesIO(gzip.compress(body) if packed else body),
        headers=headers,
    )
    assert (answer.status, (await answer.json())["code"]) == (429, "resource_exhausted")


async def test_a_body_that_does_not_come_is_not_waited_for(
    client: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)

    async def slowly() -> Any:
        yield b"{"
        await server_answered.wait()

    server_answered = asyncio.Event()
    headers = {
        "Content-Type": wire.JSON,
        "Authorization": f"Bearer {granting(server, 'CreateRoom')}",
    }
    answer = await client.post("/twirp/livekit.RoomService/CreateRoom", data=slowly(), headers=headers)
    server_answered.set()
    assert (answer.status, (await answer.json())["code"]) == (400, "malformed")


async def test_who_asks_too_often_waits(aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "PER_MINUTE", 3)
    server = Server()
    client = await aiohttp_client(server.application)
    for _ in range(3):
        assert await failed(client, "CreateRoom", "", HALL) == error("unauthenticated", 401)
    token = granting(server, "CreateRoom")
    assert await failed(client, "CreateRoom", token, HALL) == error("resource_exhausted", 429)


async def test_a_server_that_stops_makes_no_rooms(client: Any, server: Server) -> None:
    server.rooms.shutdown()
    token = granting(server, "CreateRoom")
    assert await failed(client, "CreateRoom", token, HALL) == error("unavailable", 503)


async def test_a_page_of_another_origin_may_moderate(client: Any) -> None:
    answer = await client.options("/twirp/livekit.RoomService/MutePublishedTrack")
    assert answer.status == 204
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]


async def test_a_room_in_the_clear_is_not_answered_as_encrypted(client: Any, server: Server) -> None:
    token = granting(server, "CreateRoom")
    await post(client, "CreateRoom", token, HALL)
    encrypted = json.dumps({"name": "hall", "tags": {"encryption": "required"}})
    assert await failed(client, "CreateRoom", token, encrypted) == error("failed_precondition", 412)
