"""Clients that send rubbish, too much, too fast, or read nothing; the ends of relays and of the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import WSMsgType
from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest, SignalResponse

from server.metadata.rows.sessions import ParticipantLeft
from server.metadata.words import LeaveReason
from server.protocol.codec import MAX_MESSAGE_BYTES, Outgoing
from server.signaling import session as session_module
from server.signaling.outbox import MAX_BYTES, MAX_FRAMES, Outbox
from tests.unit.signaling import ClientMaker, FakeLink, Server, connect


async def until(holds: Callable[[], bool]) -> None:
    """Waits for a condition of the server that no message tells."""
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("frame", [b"\xff\xff\xff", "{", "nonsense", '{"ping": {}}'])
async def test_rubbish_closes_the_connection(aiohttp_client: ClientMaker, frame: bytes | str) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.next("offer")
    await (peer.socket.send_bytes(frame) if isinstance(frame, bytes) else peer.socket.send_str(frame))
    assert await peer.closed() == 1003
    await until(lambda: isinstance(server.events[-1], ParticipantLeft))


@pytest.mark.parametrize("compressed", [False, True])
async def test_messages_beyond_the_limit_close_the_connection_after_inflation_too(
    aiohttp_client: ClientMaker, compressed: bool
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    parameters = {"access_token": server.token(), "protocol": "17"}
    socket = await client.ws_connect("/rtc", params=parameters, compress=15 if compressed else 0)
    await socket.send_bytes(bytes(MAX_MESSAGE_BYTES + 1))
    async with asyncio.timeout(5):
        while (await socket.receive()).type is WSMsgType.BINARY:
            pass
    assert socket.close_code == 1009


async def test_a_flood_closes_the_connection(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    flood = asyncio.create_task(_flood(peer.socket.send_bytes))
    assert await peer.closed() == 1008
    flood.cancel()
    await asyncio.gather(flood, return_exceptions=True)


async def _flood(send: Callable[[bytes], object]) -> None:
    for _ in range(session_module.BURST_MESSAGES * 2):
        await send(b"")  # type: ignore[misc]


async def test_a_client_that_reads_nothing_is_cut_off(
    aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.next("offer")
    (entry,) = server.rooms._sessions._entries.values()
    big = Outgoing(SignalResponse(refresh_token="x" * (MAX_BYTES // 4)))
    assert entry.session is not None
    for _ in range(8):
        entry.session.send(big)
    await until(lambda: isinstance(server.events[-1], ParticipantLeft))
    assert len(server.rooms._sessions) == 0


async def test_the_outbox_is_bounded_by_frames_and_bytes_and_ends_in_order() -> None:
    outbox = Outbox()
    assert all(outbox.put(b"x") for _ in range(MAX_FRAMES))
    assert not outbox.put(b"x")
    assert not Outbox().put(b"x" * (MAX_BYTES + 1))
    short = Outbox()
    short.put("a")
    short.put("b")
    short.finish()
    short.put("dropped")
    assert [await short.get(), await short.get(), await short.get()] == ["a", "b", None]


async def test_a_connection_that_breaks_is_a_departure(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.next("offer")
    peer.break_off()
    await until(lambda: isinstance(server.events[-1], ParticipantLeft))
    left = server.events[-1]
    assert isinstance(left, ParticipantLeft)
    assert left.reason is LeaveReason.CONNECTION_LOST


async def test_a_lost_relay_sends_its_participants_to_another(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.next("join")
    lost = server.link
    server.placement.link = server.link = FakeLink(generation=2)
    server.rooms.relay_lost(lost)
    leave = (await peer.next("leave")).leave
    assert leave.action == LeaveRequest.Action.RECONNECT
    assert await peer.closed() == 1000
    again = await connect(client, server.token())
    await again.next("join")
    assert server.link.requests


async def test_the_end_of_the_server_is_told_and_nobody_gets_in_after_it(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.next("join")
    server.rooms.shutdown()
    leave = (await peer.next("leave")).leave
    assert leave.reason == models.DisconnectReason.SERVER_SHUTDOWN
    assert await peer.closed() == 1000
    answer = await client.get("/rtc/validate", params={"access_token": server.token()})
    assert answer.status == 503
    assert server.placement.placed == set()
