"""`/api/moderation`: a moderator's token does what it says; any other is refused, and what cannot be read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError
from livekit.protocol.rtc import SessionDescription

from server.api import moderation
from server.config import Rooms
from server.errors import Refusal
from server.metadata.outcome import AttemptCause
from server.metadata.rows.administration import ParticipantAdministered, RoomAdministered
from server.metadata.rows.attempts import AttemptEnded
from server.metadata.words import ParticipantAct, RoomAct
from server.room.rules import Sharing
from tests.unit.signaling import Client, ClientMaker, Peer, Server, connect
from tests.unit.stage import offer_text

OPEN = {
    "room": "hall",
    "locked": False,
    "lobby": False,
    "screen_share": "everybody",
    "waiting": [],
    "banned": [],
}


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def client(server: Server, aiohttp_client: ClientMaker) -> Client:
    made: Client = await aiohttp_client(server.application)
    return made


def moderator(server: Server, **more: Any) -> str:
    return server.token("mona", **{"room_admin": True, **more})


async def joined(server: Server, client: Any, token: str) -> Peer:
    peer = await connect(client, token)
    await peer.send(offer=SessionDescription(type="offer", sdp=offer_text(), id=1))
    await peer.next("answer")
    server.connect_transports()
    return peer


async def ask(
    client: Any, token: str, method: str = "GET", word: str = "", body: object = None
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
    path = moderation.PATH + (f"/{word}" if word else "")
    answer = await client.request(method, path, headers=headers, **data)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status, await answer.json()


async def refused_to_join(client: Any, token: str) -> tuple[int, str]:
    with pytest.raises(WSServerHandshakeError) as refused:
        await connect(client, token)
    asked = await client.get("/rtc/validate", params={"access_token": token})
    assert asked.status == refused.value.status
    return asked.status, (await asked.text()).partition(" Support code")[0]


async def test_a_locked_room_is_refused_before_the_websocket_with_the_reason(
    server: Server, client: Client
) -> None:
    await joined(server, client, moderator(server))
    assert await ask(client, moderator(server)) == (200, OPEN)
    status, told = await ask(client, moderator(server), "PATCH", body={"locked": True})
    assert (status, told) == (200, {**OPEN, "locked": True})
    assert await refused_to_join(client, server.token("bob")) == (
        403,
        "the room is locked: nobody new comes in until a moderator unlocks it.",
    )
    assert server.tally.refused[Refusal.ROOM_LOCKED] == 1
    [attempt] = [one for one in server.events if isinstance(one, AttemptEnded)]
    assert (attempt.identity, attempt.cause) == ("bob", AttemptCause.ROOM_LOCKED)
    await ask(client, moderator(server), "PATCH", body={"locked": False})
    await joined(server, client, server.token("bob"))
    acts = [one.act for one in server.events if isinstance(one, RoomAdministered)]
    assert acts == [RoomAct.LOCKED, RoomAct.UNLOCKED]


async def test_who_waits_is_listed_let_in_and_refused(server: Server, client: Client) -> None:
    mona = await joined(server, client, moderator(server))
    await ask(client, moderator(server), "PATCH", body={"lobby": True})
    bob = await joined(server, client, server.token("bob"))
    eve = await joined(server, client, server.token("eve"))
    _, told = await ask(client, moderator(server))
    assert all(sorted(one) == ["identity", "name", "sid", "since"] for one in told["waiting"])
    assert [one["identity"] for one in told["waiting"]] == ["bob", "eve"]
    status, told = await ask(client, moderator(server), "POST", "admit", {"identity": "bob"})
    assert (status, [one["identity"] for one in told["waiting"]]) == (200, ["eve"])
    shown = (await bob.next("update")).update.participants
    assert [one.identity for one in shown] == ["mona"]
    status, told = await ask(client, moderator(server), "POST", "refuse", {"identity": "eve"})
    assert (status, told["waiting"]) == (200, [])
    assert (await eve.next("leave")).leave.reason == 12  # USER_REJECTED
    await mona.next("update")
    acts = [one.act for one in server.events if isinstance(one, ParticipantAdministered)]
    assert acts[:1] + acts[-1:] == [ParticipantAct.ADMITTED, ParticipantAct.REFUSED]
    assert await ask(client, moderator(server), "POST", "admit", {"identity": "eve"}) == (
        404,
        {"error": "Nobody of this identity waits to be let in."},
    )


async def test_a_ban_lasts_until_the_room_ends(aiohttp_client: ClientMaker) -> None:
    server = Server(rooms=Rooms(departure_timeout_seconds=0))
    client = await aiohttp_client(server.application)
    mona = await joined(server, client, moderator(server))
    eve = await joined(server, client, server.token("eve"))
    status, told = await ask(client, moderator(server), "POST", "ban", {"identity": "eve"})
    assert (status, told["banned"]) == (200, ["eve"])
    assert (await eve.next("leave")).leave.reason == 4  # PARTICIPANT_REMOVED
    assert await refused_to_join(client, server.token("eve")) == (
        403,
        "you are banned from this room until it ends.",
    )
    await joined(server, client, server.token("eve", room="attic"))
    await mona.send(leave={})
    await mona.closed()
    async with asyncio.timeout(5):
        while any(room.name == "hall" for room in server.rooms.rooms()):
            await asyncio.sleep(0.01)
    await joined(server, client, server.token("eve"))


async def test_a_ban_is_lifted(server: Server, client: Client) -> None:
    await joined(server, client, moderator(server))
    await ask(client, moderator(server), "POST", "ban", {"identity": "eve"})
    assert (await ask(client, moderator(server), "POST", "unban", {"identity": "eve"}))[1] == OPEN
    await joined(server, client, server.token("eve"))
    assert (await ask(client, moderator(server), "POST", "unban", {"identity": "eve"}))[0] == 404


async def test_screens_are_shared_by_moderators_only(server: Server, client: Client) -> None:
    ada = await joined(server, client, server.token("ada"))
    rule = {"screen_share": "moderators"}
    assert (await ask(client, moderator(server), "PATCH", body=rule))[1]["screen_share"] == "moderators"
    while not (own := (await ada.next("update")).update.participants[0]).permission.can_publish_sources:
        pass
    assert set(own.permission.can_publish_sources) == {1, 2}  # CAMERA, MICROPHONE
    assert server.rooms.find("hall").rules.screen_share is Sharing.MODERATORS


@pytest.mark.parametrize(
    ("grants", "status"),
    [
        ({}, 403),
        ({"room_admin": True, "room": ""}, 403),
        ({"room_create": True, "room_list": True}, 403),
        ({"room_admin": True, "room": "attic"}, 404),
    ],
)
async def test_only_moderators_of_the_room_ask(
    server: Server, client: Client, grants: dict[str, Any], status: int
) -> None:
    await joined(server, client, server.token("ada"))
    token = server.token("bob", **grants)
    assert (await ask(client, token))[0] == status
    assert (await ask(client, token, "PATCH", body={"locked": True}))[0] == status
    for word in ("admit", "refuse", "ban", "unban"):
        assert (await ask(client, token, "POST", word, {"identity": "ada"}))[0] == status
    assert not server.rooms.find("hall").rules.locked
    assert server.rooms.find("hall").find("ada") is not None


async def test_a_token_that_does_not_hold_opens_nothing(server: Server, client: Client) -> None:
    assert (await ask(client, ""))[0] == 401
    assert (await ask(client, server.token("mona", secret="x" * 32, room_admin=True)))[0] == 401
    assert (await ask(client, server.token("mona", life=-100, room_admin=True)))[0] == 401


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (("PATCH", "", b""), 400),
        (("PATCH", "", b"[" * 4000), 400),
        (("PATCH", "", {"locked": "yes"}), 400),
        (("PATCH", "", {"screen_share": "nobody"}), 400),
        (("PATCH", "", {"lokced": True}), 400),
        (("POST", "ban", {}), 400),
        (("POST", "ban", {"identity": ""}), 400),
        (("POST", "ban", {"identity": "x" * 1000}), 400),
        (("POST", "ban", {"identity": 7}), 400),
        (("POST", "admit", b"x" * (moderation.MAX_BODY_BYTES + 1)), 413),
    ],
)
async def test_what_cannot_be_read_changes_nothing(
    server: Server, client: Client, asked: tuple[str, str, object], status: int
) -> None:
    await joined(server, client, moderator(server))
    answered, told = await ask(client, moderator(server), *asked)
    assert (answered, list(told)) == (status, ["error"])
    assert await ask(client, moderator(server)) == (200, OPEN)


async def test_an_address_asks_so_often(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch, aiohttp_client: ClientMaker
) -> None:
    monkeypatch.setattr(moderation, "PER_MINUTE", 3)
    limited = await aiohttp_client(Server().application)
    statuses = [(await ask(limited, moderator(server)))[0] for _ in range(5)]
    assert statuses == [404, 404, 404, 429, 429]


async def test_rooms_of_the_configuration_begin_with_a_lobby(aiohttp_client: ClientMaker) -> None:
    server = Server(rooms=Rooms(lobby=("h*",), screen_share="moderators"))
    client = await aiohttp_client(server.application)
    ada = await connect(client, server.token("ada"))
    join = (await ada.next("join")).join
    assert join.participant.attributes["offrecord.role"] == "waiting"
    _, told = await ask(client, moderator(server))
    assert (told["lobby"], told["screen_share"]) == (True, "moderators")
    attic = await connect(client, server.token("ada", room="attic"))
    assert "offrecord.role" not in (await attic.next("join")).join.participant.attributes


async def test_who_waits_is_listed_by_the_server_api_with_its_role(server: Server, client: Client) -> None:
    await joined(server, client, moderator(server))
    await ask(client, moderator(server), "PATCH", body={"lobby": True})
    await joined(server, client, server.token("bob"))
    answer = await client.post(
        "/twirp/livekit.RoomService/ListParticipants",
        json={"room": "hall"},
        headers={"Authorization": f"Bearer {moderator(server)}"},
    )
    people = (await answer.json())["participants"]
    assert [(one["identity"], one["attributes"]["offrecord.role"]) for one in people] == [
        ("mona", "moderator"),
        ("bob", "waiting"),
    ]
