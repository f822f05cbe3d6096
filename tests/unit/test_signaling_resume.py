"""A WebSocket that is lost and another that takes its place: who may, and which of the two counts."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError
from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.auth.token import LEEWAY_SECONDS
from server.metadata.rows.sessions import ParticipantLeft
from tests.unit.signaling import ClientMaker, Peer, Server, connect


async def active(client: Any, server: Server, token: str = "") -> tuple[Peer, str]:
    """A client with media, and its sid."""
    peer = await connect(client, token or server.token())
    sid = (await peer.next("join")).join.participant.sid
    server.connect_transports()
    await peer.next("update")
    return peer, sid


async def refused(peer: Peer) -> None:
    leave = (await peer.next()).leave
    assert leave.reason == models.DisconnectReason.STATE_MISMATCH
    assert leave.action == LeaveRequest.Action.RECONNECT
    assert await peer.closed() == 1000


async def test_a_session_goes_on_by_another_websocket(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer, sid = await active(client, server)
    peer.break_off()
    again = await connect(client, server.token(), reconnect="1", sid=sid)
    assert (await again.next()).WhichOneof("message") == "reconnect"
    await again.send(ping=1)
    await again.next("pong")
    assert server.rooms.participants == 1
    assert not [event for event in server.events if isinstance(event, ParticipantLeft)]


async def test_the_one_before_is_closed_and_nothing_it_says_or_how_it_ends_counts(
    aiohttp_client: ClientMaker,
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer, sid = await active(client, server)
    again = await connect(client, server.token(), reconnect="1", sid=sid)
    await again.next("reconnect")
    await peer.send(leave=LeaveRequest())
    assert await peer.closed() == 1000
    await again.send(ping=1)
    await again.next("pong")
    assert server.rooms.participants == 1


@pytest.mark.parametrize("who", ["somebody else", "another room", "another session"])
async def test_nobody_else_gets_into_a_session(aiohttp_client: ClientMaker, who: str) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer, sid = await active(client, server)
    peer.break_off()
    token = server.token("bob" if who == "somebody else" else "ada", room="x" if "room" in who else "hall")
    await refused(await connect(client, token, reconnect="1", sid="PA_other" if "session" in who else sid))
    assert server.rooms.participants == 1


async def test_a_session_that_is_over_cannot_go_on_and_the_client_joins_anew(
    aiohttp_client: ClientMaker,
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer, sid = await active(client, server)
    await peer.send(leave=LeaveRequest())
    await peer.closed()
    await refused(await connect(client, server.token(), reconnect="1", sid=sid))
    await (await connect(client, server.token())).next("join")


async def test_who_is_away_is_replaced_when_it_joins_anew(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer, sid = await active(client, server)
    peer.break_off()
    _, other = await active(client, server)
    assert other != sid
    await server.until_left()
    assert server.rooms.participants == 1


async def test_a_call_goes_on_after_its_token_has_expired_with_the_one_it_was_sent(
    aiohttp_client: ClientMaker,
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    original = server.token(life=1 - LEEWAY_SECONDS)
    peer, sid = await active(client, server, original)
    renewed = (await peer.next("refresh_token")).refresh_token
    peer.break_off()
    server.clock.now = lambda: time.time() + 10  # type: ignore[method-assign]
    with pytest.raises(WSServerHandshakeError) as expired:
        await connect(client, original, reconnect="1", sid=sid)
    assert expired.value.status == 401
    again = await connect(client, renewed, reconnect="1", sid=sid)
    assert (await again.next()).WhichOneof("message") == "reconnect"
