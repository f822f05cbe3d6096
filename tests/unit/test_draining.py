"""A server that is about to stop: calls go on, none begins, and it ends with the last of them."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError
from livekit.protocol import models
from livekit.protocol.room import CreateRoomRequest
from livekit.protocol.rtc import LeaveRequest

from server.commands.running import process_listening_on
from server.errors import OperatorError
from server.room.refused import AdminRefused, Fault
from tests.unit.signaling import ClientMaker, Server, connect


async def test_a_call_goes_on_and_takes_people_and_no_other_begins(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    await (await connect(client, server.token("ada"))).next("join")
    server.rooms.drain()
    await (await connect(client, server.token("bob"))).next("join")
    with pytest.raises(WSServerHandshakeError) as refused:
        await connect(client, server.token("cid", room="another"))
    assert refused.value.status == 503
    with pytest.raises(AdminRefused) as not_made:
        server.rooms.create(CreateRoomRequest(name="another"))
    assert not_made.value.fault is Fault.STOPPING


async def test_it_is_over_once_the_last_has_left_and_a_room_without_anybody_takes_nobody(
    aiohttp_client: ClientMaker,
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.next("join")
    over = asyncio.create_task(server.rooms.until_drained())
    server.rooms.drain()
    await peer.send(ping=1)
    await peer.next("pong")
    assert not over.done()
    await peer.send(leave=LeaveRequest())
    await asyncio.wait_for(over, 5)
    with pytest.raises(WSServerHandshakeError):
        await connect(client, server.token())


async def test_without_anybody_it_is_over_at_once() -> None:
    server = Server()
    server.rooms.drain()
    await asyncio.wait_for(server.rooms.until_drained(), 5)


@pytest.mark.parametrize("draining", [True, False])
async def test_who_is_left_at_the_end_is_sent_elsewhere_only_where_there_is_such(
    aiohttp_client: ClientMaker, draining: bool
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.next("join")
    if draining:
        server.rooms.drain()
    server.rooms.shutdown()
    leave = (await peer.next("leave")).leave
    action = LeaveRequest.Action.RECONNECT if draining else LeaveRequest.Action.DISCONNECT
    assert (leave.reason, leave.action) == (models.DisconnectReason.SERVER_SHUTDOWN, action)


def test_the_running_server_is_found_by_its_port() -> None:
    words = (
        "import socket, sys; bound = socket.create_server(('127.0.0.1', 0)); "
        "print(bound.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as listener:
        assert listener.stdout is not None
        port = int(listener.stdout.readline())
        assert process_listening_on(port) == listener.pid
        listener.kill()


def test_a_port_on_which_nobody_listens_is_said(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(OperatorError, match="nothing listens"):
            process_listening_on(bound.getsockname()[1])
    with pytest.raises(OperatorError, match="nothing listens"):
        process_listening_on(1, tmp_path)
