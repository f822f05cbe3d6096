"""A locked relay takes connections on its one listening socket, within bounds, whatever comes over them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aioice import stun

from server import _native
from server.control.messages import (
    CloseTransport,
    Level,
    PathKind,
    TransportEnded,
    TransportPhase,
    TransportState,
)
from tests.relay.conftest import Relay
from tests.relay.over_tcp import UFRAG, Peer, connected, framed, relay_over_tcp
from tests.relay.test_families import PASSWORD, binding_request

MOST_WAITING_OF_A_NETWORK = 16


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with relay_over_tcp() as made:
        yield made


def connections(relay: Relay) -> int:
    """Descriptors of sockets that the relay has."""
    found = 0
    for descriptor in Path(f"/proc/{relay.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed since
            found += "socket:" in str(descriptor.readlink())
    return found


async def until(relay: Relay, count: int) -> None:
    async with asyncio.timeout(10):
        while connections(relay) != count:
            await asyncio.sleep(0.02)


async def test_it_is_born_with_the_whole_lock_and_one_listening_socket(relay: Relay) -> None:
    evidence = relay.process.evidence()
    assert evidence.locked is not None
    assert evidence.inspection is not None
    assert evidence.locked.level is Level.FULL
    assert evidence.locked.filter_digest is not None
    assert evidence.inspection.unexpected_descriptors == 0
    listener = Path(f"/proc/{relay.process.pid}/fd/{_native.TCP_LISTENER}")
    assert "socket:" in str(listener.readlink())


@pytest.mark.parametrize("piece", [1, 7, 1000])
async def test_a_check_is_answered_in_a_frame_however_it_comes(relay: Relay, piece: int) -> None:
    async with connected(relay) as peer:
        await peer.check()
        request = framed(b"\x40ignored") + framed(b"") + framed(binding_request(UFRAG, PASSWORD))
        for start in range(0, len(request), piece):
            await peer.send(request[start : start + piece])
        answer = stun.parse_message(await peer.receive())
        assert answer.check_message_integrity(PASSWORD.encode())
        assert answer.attributes["XOR-MAPPED-ADDRESS"] == peer.writer.get_extra_info("sockname")[:2]
    told = await relay.hears(TransportState, lambda told: told.transport == 1)
    assert told.phase is TransportPhase.REACHABLE


async def test_both_families_come_by_one_socket() -> None:
    async with relay_over_tcp(ipv4_host="0.0.0.0", ipv6_host="::") as relay:
        hosts = ["127.0.0.1", "::1"] if relay.process.ipv6_port else ["127.0.0.1"]
        for host in hosts:
            async with connected(relay, host) as peer:
                answer = stun.parse_message(await peer.check())
                assert answer.attributes["XOR-MAPPED-ADDRESS"][0] == host


async def test_the_end_of_a_transport_tells_that_it_was_tcp(relay: Relay) -> None:
    async with connected(relay) as peer:
        await peer.check()
        relay.send(CloseTransport(1))
        told = await relay.hears(TransportEnded, lambda told: told.transport == 1)
        assert told.path is PathKind.TCP_IPV4
        assert await peer.is_ended()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        (2049).to_bytes(2, "big"),
        framed(b"\x40" * 2048) + b"\xff\xff",
    ],
)
async def test_what_is_not_framed_is_ended_at_once(relay: Relay, sent: bytes) -> None:
    async with connected(relay) as peer:
        await peer.send(sent)
        assert await peer.is_ended()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00", id="half a length"),
        pytest.param(framed(binding_request(UFRAG, PASSWORD))[:-1], id="a check but for its last byte"),
        pytest.param(framed(b"\x40"), id="no check"),
    ],
)
async def test_who_proves_nothing_is_ended_after_seconds(relay: Relay, sent: bytes) -> None:
    async with connected(relay) as proven, connected(relay) as peer:
        await proven.check()
        await peer.send(sent)
        assert await peer.is_ended()
        await proven.check()


async def test_one_address_has_few_connections_that_prove_nothing(relay: Relay) -> None:
    before = connections(relay)
    async with AsyncExitStack() as stack:
        proven = await stack.enter_async_context(connected(relay))
        await proven.check()
        waiting = [await stack.enter_async_context(connected(relay)) for _ in range(40)]
        await until(relay, before + 1 + MOST_WAITING_OF_A_NETWORK)
        assert await waiting[0].is_ended()
        await waiting[-1].check()
        await proven.check()
    await until(relay, before)


async def test_who_reads_slowly_loses_datagrams_and_holds_nothing_up(relay: Relay) -> None:
    """Its checks are answered into a window that it never opens."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setblocking(False)
    loop = asyncio.get_running_loop()
    async with connected(relay) as bystander:
        await bystander.check()
        await loop.sock_connect(slow, ("127.0.0.1", relay.process.tcp_port))
        request = framed(binding_request(UFRAG, PASSWORD)) * 50
        sent = 0
        for _ in range(400):
            async with asyncio.timeout(10):
                await loop.sock_sendall(slow, request)
            sent += 50
            if sent % 2000 == 0:
                await bystander.check()
        # It still reads what it is sent: what it answers is dropped, in whole frames.
        reader, writer = await asyncio.open_connection(sock=slow)
        peer = Peer(reader, writer)
        received = 0
        try:
            async with asyncio.timeout(5):
                while True:
                    stun.parse_message(await peer.receive())
                    received += 1
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            pass
        assert 0 < received < sent / 2
        await bystander.check()
        await peer.close()


async def test_what_it_has_not_sent_is_forgotten_with_the_connection(relay: Relay) -> None:
    """Options are inherited: the connection is reset, and no kernel goes on sending what is old."""
    async with connected(relay) as peer:
        await peer.check()
        relay.send(CloseTransport(1))
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(peer.reader.read(), 10)


async def test_its_successor_listens_at_the_same_port_at_once() -> None:
    """A relay that dies leaves no connection that would keep the port."""
    async with relay_over_tcp() as first, connected(first) as peer:
        await peer.check()
        port = first.process.tcp_port
        await first.process.kill()
        async with relay_over_tcp(tcp_port=port) as second, connected(second) as again:
            await again.check()
