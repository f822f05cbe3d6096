"""`/rtc` and what SDKs ask around it: statuses, headers, tokens, the first messages. The relay is a fake."""

from __future__ import annotations

import asyncio
import base64
import gzip

import pytest
from aiohttp import ClientSession, WSServerHandshakeError, web
from google.protobuf import json_format
from livekit.protocol import models
from livekit.protocol.rtc import (
    JoinRequest,
    LeaveRequest,
    Ping,
    RequestResponse,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    UpdateParticipantMetadata,
    WrappedJoinRequest,
)

from server.app import http_runner
from server.auth.token import MAX_TOKEN_BYTES, verify
from server.config import Rooms
from server.control.messages import CloseTransport, CreateTransport
from server.errors import Refusal
from server.metadata.rows.attempts import AttemptEnded
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from server.metadata.rows.transports import TransportEnded
from server.metadata.words import LeaveReason, Sdk
from tests.unit.signaling import KEY, SECRET, ClientMaker, Peer, Server, connect, without_auto_create
from tests.unit.stage import offer_text

OFFER = SessionDescription(type="offer", sdp=offer_text(), id=3)


def _said(join: JoinRequest) -> str:
    request = WrappedJoinRequest(
        compression=WrappedJoinRequest.Compression.GZIP, join_request=gzip.compress(join.SerializeToString())
    )
    return base64.urlsafe_b64encode(request.SerializeToString()).decode()


async def test_joining_and_leaving(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token(), browser="Chrome", version="2.23.0")
    join = (await peer.next()).join
    assert (join.room.name, join.participant.identity) == ("hall", "ada")
    assert (await peer.next()).WhichOneof("message") == "offer"
    await peer.send(leave=LeaveRequest())
    assert await peer.closed() == 1000
    asked = [type(request) for request in server.link.requests]
    assert asked.count(CreateTransport) == asked.count(CloseTransport) == 2
    joined, attempt, *ended, left = await server.until_left()
    assert isinstance(joined, ParticipantJoined)
    assert (joined.identity, joined.sdk, joined.sdk_version) == ("ada", Sdk.JS, "2.23.0")
    assert [type(event) for event in ended] == [TransportEnded, TransportEnded]
    assert isinstance(left, ParticipantLeft)
    assert left.reason is LeaveReason.CLIENT_LEFT
    assert isinstance(attempt, AttemptEnded)
    assert attempt.code == joined.code == join.participant.attributes["offrecord.support_code"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1000, LeaveReason.CLIENT_LEFT),
        (1001, LeaveReason.CLIENT_LEFT),  # a page that is closed
        (1011, LeaveReason.CONNECTION_LOST),
        (None, LeaveReason.CONNECTION_LOST),  # no close frame at all
    ],
)
async def test_a_closed_websocket_is_a_goodbye_only_if_the_client_says_so(
    aiohttp_client: ClientMaker, code: int | None, reason: LeaveReason
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.next("join")
    if code is None:
        peer.break_off()
    else:
        await peer.socket.close(code=code)
    *_, left = await server.until_left()
    assert isinstance(left, ParticipantLeft)
    assert left.reason is reason


async def test_the_header_wins_over_the_query_and_slashes_collapse(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    headers = {"Authorization": f"Bearer {server.token('native')}"}
    url = f"ws://127.0.0.1:{client.port}//rtc"
    socket = await client.session.ws_connect(url, params={"access_token": "rubbish"}, headers=headers)
    response = SignalResponse.FromString(await socket.receive_bytes())
    assert response.join.participant.identity == "native"
    await socket.close()


async def test_one_peer_connection_is_served_with_what_the_client_says_at_once(
    aiohttp_client: ClientMaker,
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    said = _said(JoinRequest(publisher_offer=OFFER))
    for number, path in enumerate(("/rtc/v1", "//rtc/v1", "/rtc")):
        query = {"access_token": server.token(f"p{number}"), "join_request": said}
        url = f"ws://127.0.0.1:{client.port}{path}"
        peer = Peer(await client.session.ws_connect(url, params=query))
        assert not (await peer.next()).join.subscriber_primary
        assert (await peer.next()).answer.id == 3
        await peer.socket.close()
    assert len([one for one in server.link.requests if isinstance(one, CreateTransport)]) == 3


async def test_the_offer_of_a_go_app_is_answered_after_what_it_says_next(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    join = JoinRequest(publisher_offer=OFFER, client_info=models.ClientInfo(sdk=models.ClientInfo.SDK.GO))
    query = {"access_token": server.token(), "join_request": _said(join)}
    peer = Peer(await client.session.ws_connect(f"ws://127.0.0.1:{client.port}/rtc/v1", params=query))
    await peer.next("join")
    await peer.send(ping_req=Ping())
    assert (await peer.next()).HasField("pong_resp")
    assert (await peer.next()).answer.id == 3
    await peer.socket.close()


async def test_a_join_request_that_is_missing_or_cannot_be_read_is_refused_across_origins(
    aiohttp_client: ClientMaker,
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    token = server.token()
    for path, more in (("/rtc/v1/validate", {}), ("/rtc/validate", {"join_request": "AAAA"})):
        url = f"http://127.0.0.1:{client.port}{path}"
        answer = await client.session.get(url, params={"access_token": token, **more})
        assert answer.status == 400
        assert "join_request" in await answer.text()
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    for path in ("/rtc", "/rtc/v1"):  # without an upgrade
        answer = await client.session.get(f"http://127.0.0.1:{client.port}{path}")
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (404, "*")
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/rtc/v1", params={"access_token": token})
    assert refused.value.status == 400
    assert server.link.requests == []


@pytest.mark.parametrize(
    ("grants", "status", "words"),
    [
        ({"room_join": False}, 401, "roomJoin"),
        ({"room": ""}, 400, "room"),
        ({"identity": ""}, 400, "identity"),
        ({"recorder": True}, 403, "recording is blocked"),
        ({"hidden": True}, 403, "hidden"),
        ({"room_record": True}, 403, "roomRecord"),
        ({"life": -120.0}, 401, "expired"),
        ({"secret": "x" * 32}, 401, "secret"),
    ],
)
async def test_refusals_have_a_status_a_reason_and_cors(
    aiohttp_client: ClientMaker, grants: dict[str, object], status: int, words: str
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    token = server.token(**grants)  # type: ignore[arg-type]
    for path in ("/rtc/validate", "//rtc/validate", "/rtc/v1/validate"):
        url = f"http://127.0.0.1:{client.port}{path}"
        query = {"access_token": token} | ({"join_request": ""} if "v1" in path else {})
        answer = await client.session.get(url, params=query)
        assert answer.status == status
        assert words in await answer.text()
        assert token not in await answer.text()
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    with pytest.raises(WSServerHandshakeError) as refused:
        await connect(client, token)
    assert refused.value.status == status
    assert server.link.requests == []


async def test_validate_says_success_and_leaves_nothing_behind(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    answer = await client.get("/rtc/validate", params={"access_token": server.token()})
    assert (answer.status, await answer.text()) == (200, "success")
    assert len(server.rooms) == 0
    assert server.placement.placed == set()
    missing = await client.get("/rtc/validate")
    assert missing.status == 401


async def test_a_room_that_must_exist_a_full_room_and_no_relay(aiohttp_client: ClientMaker) -> None:
    server = Server(rooms=without_auto_create())
    client = await aiohttp_client(server.application)
    answer = await client.get("/rtc/validate", params={"access_token": server.token()})
    assert answer.status == 404
    assert (await answer.text()).startswith("requested room does not exist")

    server = Server(rooms=Rooms(max_participants=1))
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token("ada"))
    await peer.next("join")
    answer = await client.get("/rtc/validate", params={"access_token": server.token("bob")})
    assert answer.status == 503

    server.placement.link = None
    answer = await client.get("/rtc/validate", params={"access_token": server.token("bob", room="other")})
    assert answer.status == 503


async def test_a_full_server_begins_no_call_and_lets_people_into_those_there_are(
    aiohttp_client: ClientMaker,
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    await (await connect(client, server.token("ada"))).next("join")
    server.placement.is_full = True
    answer = await client.get("/rtc/validate", params={"access_token": server.token("bob", room="other")})
    assert (answer.status, "no new one can begin now" in await answer.text()) == (503, True)
    with pytest.raises(WSServerHandshakeError) as refused:
        await connect(client, server.token("bob", room="other"))
    assert (refused.value.status, server.tally.refused[Refusal.RELAYS_FULL]) == (503, 1)
    await (await connect(client, server.token("bob"))).next("join")


async def test_long_request_lines_are_taken() -> None:
    """A token and the parameters of a join can exceed aiohttp's default."""
    server = Server()
    runner = http_runner(server.application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        parameters = {"access_token": server.token(), "attributes": "A" * 20_000}
        url = f"http://{host}:{port}/rtc/validate"
        async with ClientSession() as session, session.get(url, params=parameters) as answer:
            assert answer.status == 200
    finally:
        await runner.cleanup()


async def test_text_frames_are_answered_in_json_and_binary_ones_in_binary(
    aiohttp_client: ClientMaker,
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.next("offer")
    await peer.socket.send_str('{"ping": "5"}')
    pong = json_format.Parse(await peer.socket.receive_str(), SignalResponse())
    assert abs(pong.pong - server.clock.now() * 1000) < 5000
    await peer.socket.send_bytes(SignalRequest(ping=6).SerializeToString())
    assert (await peer.next()).WhichOneof("message") == "pong"


async def test_resuming_is_answered_with_a_leave_that_asks_for_a_full_reconnect(
    aiohttp_client: ClientMaker,
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token(), reconnect="1", sid="PA_unknown")
    leave = (await peer.next()).leave
    assert leave.action == LeaveRequest.Action.RECONNECT
    assert leave.reason == models.DisconnectReason.STATE_MISMATCH
    assert await peer.closed() == 1000
    assert len(server.rooms) == 0


async def test_the_same_identity_again_ends_the_first_connection(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    first = await connect(client, server.token())
    await first.next("join")
    second = await connect(client, server.token())
    leave = (await first.next("leave")).leave
    assert leave.reason == models.DisconnectReason.DUPLICATE_IDENTITY
    assert await first.closed() == 1000
    await second.next("join")


async def test_a_publish_only_second_connection_stands_beside_the_first(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    first = await connect(client, server.token())
    await first.next("offer")
    second = await connect(client, server.token(), publish="screen")
    join = (await second.next("join")).join
    assert join.participant.identity == "ada#screen"
    assert not join.participant.permission.can_subscribe
    joined = [event for event in server.events if isinstance(event, ParticipantJoined)]
    assert [event.identity for event in joined] == ["ada", "ada"], (
        "the rest of the name is the client's choice"
    )
    assert len({event.participant for event in joined}) == 2


async def test_a_second_connection_is_renewed_as_the_person_it_belongs_to(
    aiohttp_client: ClientMaker,
) -> None:
    """Otherwise what the client called it would come back as the identity of a token."""
    server = Server()
    client = await aiohttp_client(server.application)
    second = await connect(client, server.token(life=30), publish="screen")
    renewed = (await second.next("refresh_token")).refresh_token
    claims = verify(renewed, server.config.keys, server.clock.now())
    assert (claims.identity, claims.grants.can_subscribe) == ("ada", False)
    again = await connect(client, renewed, publish="screen")
    assert (await again.next("join")).join.participant.identity == "ada#screen"


async def test_a_renewed_token_lets_its_holder_in_again(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token(life=30))
    renewed = (await peer.next("refresh_token")).refresh_token
    answer = await client.get("/rtc/validate", headers={"Authorization": f"Bearer {renewed}"})
    assert answer.status == 200


async def test_a_renewed_token_does_not_outgrow_what_is_accepted(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token(can_update_own_metadata=True))
    long = UpdateParticipantMetadata(name="Ada", metadata="m" * MAX_TOKEN_BYTES, request_id=1)
    await peer.send(update_metadata=long)
    assert (await peer.next("request_response")).request_response.reason == RequestResponse.Reason.OK
    renewed = (await peer.next("refresh_token")).refresh_token
    answer = await client.get("/rtc/validate", headers={"Authorization": f"Bearer {renewed}"})
    assert answer.status == 200
    assert verify(renewed, {KEY: SECRET}, server.clock.now()).name == "Ada"


async def test_two_clients_meet(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    ada, bob = await connect(client, server.token("ada")), await connect(client, server.token("bob"))
    await asyncio.gather(ada.answer(), bob.answer())
    await asyncio.gather(ada.send(ping=1), bob.send(ping=1))
    await asyncio.gather(ada.next("pong"), bob.next("pong"))  # the answers have been worked in
    server.connect_transports()
    seen: set[str] = set()
    while seen != {"ada", "bob"}:
        update = (await ada.next("update")).update
        seen |= {one.identity for one in update.participants}
