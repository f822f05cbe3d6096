"""Nobody hidden: who would be invisible or record is not let in, and everybody else is shown to everybody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import get_args

import pytest
from livekit.protocol.rtc import JoinResponse

from server.auth.grants import Kind
from server.control import messages
from server.room.limits import RoomLimits
from server.room.rules import Rules
from tests.unit.signaling import KEY, SECRET, ClientMaker, Server, connect
from tests.unit.stage import Stage


def handmade(server: Server, video: dict[str, object], **claims: object) -> str:
    """A token as any library could write it, word for word."""
    payload = {
        "iss": KEY,
        "sub": "ada",
        "exp": int(server.clock.now()) + 600,
        "video": {"room": "hall", "roomJoin": True, **video},
        **claims,
    }
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "typ": "JWT"}, payload)
    ]
    signature = hmac.digest(SECRET.encode(), b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


REFUSED: list[tuple[dict[str, object], dict[str, object], int, str]] = [
    ({"hidden": True}, {}, 403, "'hidden'"),
    ({"recorder": True}, {}, 403, "'recorder'"),
    ({"roomRecord": True}, {}, 403, "'roomRecord'"),
    ({}, {"kind": "egress"}, 403, "egress record"),
    ({}, {"kind": "EGRESS"}, 403, "egress record"),
    ({}, {"roomConfig": {"egress": {}}}, 403, "roomConfig.egress"),
    ({}, {"roomConfig": {"egress": {"room": {"audioOnly": True}}}}, 403, "roomConfig.egress"),
    ({}, {"roomConfig": {"egress": {"tracks": {"filepath": "x"}}}}, 403, "roomConfig.egress"),
    ({"hidden": 1}, {}, 401, "wrong type"),
    ({"hidden": "true"}, {}, 401, "wrong type"),
    ({"recorder": "false"}, {}, 401, "wrong type"),
]


@pytest.mark.parametrize(("video", "claims", "status", "words"), REFUSED)
async def test_who_would_hide_or_record_is_told_why_and_not_let_in(
    aiohttp_client: ClientMaker,
    video: dict[str, object],
    claims: dict[str, object],
    status: int,
    words: str,
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    token = handmade(server, video, **claims)
    refusal = await client.get("/rtc/validate", params={"access_token": token})
    assert refusal.status == status
    text = await refusal.text()
    assert words in text
    assert (status == 401) or text.startswith("recording is blocked on this server: ")
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert (await client.get("/rtc", params={"access_token": token}, headers=upgrade)).status == status
    assert server.link.requests == []


@pytest.mark.parametrize(
    ("video", "claims"),
    [
        ({"hidden": False, "recorder": None, "roomRecord": False}, {}),
        ({}, {"roomConfig": {"egress": None}}),
        ({"agent": True}, {"kind": "agent", "kindDetails": ["CLOUD_AGENT"]}),
        ({}, {"kind": "recorder"}),  # no kind that anybody knows: an ordinary participant
    ],
)
async def test_who_is_let_in_is_not_hidden(
    aiohttp_client: ClientMaker, video: dict[str, object], claims: dict[str, object]
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, handmade(server, video, **claims))
    permission = (await peer.next("join")).join.participant.permission
    assert not permission.hidden
    assert not permission.recorder


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.EGRESS])
@pytest.mark.parametrize("agent", [False, True])
def test_everybody_is_shown_to_everybody_whatever_they_are(kind: Kind, agent: bool) -> None:
    stage = Stage()
    ada = stage.enter("ada")
    other = stage.enter("other", kind=kind, agent=agent)
    shown = stage.last(ada, "update").update.participants[0]
    assert (shown.sid, shown.identity) == (other, "other")
    late: JoinResponse = stage.last(stage.enter("late"), "join").join
    assert {one.identity for one in late.other_participants} == {"ada", "other"}
    assert not any(one.permission.hidden or one.permission.recorder for one in late.other_participants)
    stage.pass_time(2)
    assert stage.last(ada, "room_update").room_update.room.num_participants == 3
    assert not stage.last(ada, "room_update").room_update.room.active_recording


def test_who_waits_for_the_lobby_is_shown_to_moderators_and_listed_and_receives_nothing() -> None:
    stage = Stage(RoomLimits(rules=Rules(lobby=True)))
    mona = stage.enter("mona", room_admin=True)
    bob = stage.join("bob")
    shown = stage.last(mona, "update").update.participants[0]
    assert (shown.sid, shown.attributes["offrecord.role"]) == (bob, "waiting")
    assert [(one.identity, one.waits) for one in stage.room.present()] == [("mona", False), ("bob", True)]
    assert [one.identity for one in stage.room.everybody()] == ["mona", "bob"]
    assert stage.participant(bob).subscriber is None
    assert bob not in {one.sid for one in stage.requests(messages.DataMember)}


def test_a_relay_knows_one_kind_of_consumer() -> None:
    """Media leaves by CreateConsumer to a participant's transport, or not at all."""
    requests = {request.__name__ for request in get_args(messages.Request)}
    assert {name for name in requests if name.startswith("Create")} == {
        "CreateTransport",
        "CreateProducer",
        "CreateConsumer",
    }
    ways_out = {
        request.__name__
        for request in get_args(messages.Request)
        if {"producer", "transport", "ssrc"} <= set(request.__struct_fields__)
    }
    assert ways_out == {"CreateConsumer"}
