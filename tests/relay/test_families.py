"""A relay is reached by both address families, on one port number."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import msgspec
import pytest
from aioice import stun

from server.control.messages import CreateTransport, TransportPhase, TransportState
from tests.relay.conftest import Relay, loopback

PASSWORD = "a-password-of-the-relay-for-tests"


@pytest.fixture
async def dual() -> AsyncIterator[Relay]:
    config = loopback()
    both = msgspec.structs.replace(config.relay, ipv6_host="::1")
    made = Relay(msgspec.structs.replace(config, relay=both))
    await made.process.start()
    yield made
    await made.process.stop()


def binding_request(ufrag: str, password: str) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ufrag}:peer"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 7
    message.add_message_integrity(password.encode())
    message.add_fingerprint()
    return bytes(message)


async def ask(family: socket.AddressFamily, host: str, port: int, request: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.bind((host, 0))
        await loop.sock_sendto(client, request, (host, port))
        async with asyncio.timeout(10):
            return await loop.sock_recv(client, 2048)


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["ipv4", "ipv6"]
)
async def test_stun_is_answered(dual: Relay, family: socket.AddressFamily, host: str) -> None:
    if family is socket.AF_INET6 and dual.process.ipv6_port == 0:
        pytest.skip("this machine has no IPv6")
    port = dual.process.ipv4_port if family is socket.AF_INET else dual.process.ipv6_port
    dual.send(CreateTransport(dual.process.next_id(), "ufrag", PASSWORD, opens_data_channels=False))
    # Requests and datagrams take different ways: the transport may come after the first attempt.
    answer = b""
    async with asyncio.timeout(10):
        while not answer:
            try:
                async with asyncio.timeout(0.2):
                    answer = await ask(family, host, port, binding_request("ufrag", PASSWORD))
            except TimeoutError:
                continue
    message = stun.parse_message(answer)
    assert message.check_message_integrity(PASSWORD.encode())
    assert message.message_class == stun.Class.RESPONSE
    assert message.attributes["XOR-MAPPED-ADDRESS"][0] == host
    told = await dual.hears(TransportState, lambda told: told.transport == 1)
    assert told.phase is TransportPhase.REACHABLE


async def test_both_families_share_a_port_number(dual: Relay) -> None:
    assert dual.process.ipv6_port in {0, dual.process.ipv4_port}
