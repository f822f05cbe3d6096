"""More people come to a relay at once than it could tell of, had each word of them to be saved up for."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from server.control.budget import MOST
from server.control.messages import CreateTransport, TransportPhase, TransportState
from tests.relay.conftest import WAIT, Relay
from tests.relay.test_families import PASSWORD, binding_request

MANY = int(MOST) + 300
AGAIN_SECONDS = 1.0


def _check(port: int, ufrag: str) -> None:
    """A connectivity check (RFC 8445 section 7.2) from an address of its own."""
    with socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.sendto(binding_request(ufrag, PASSWORD), ("127.0.0.1", port))


async def test_all_of_many_at_once_are_told_of_without_delay(relay: Relay) -> None:
    """And the relay is not taken for one that says too much."""
    ids = [relay.process.next_id() for _ in range(MANY)]
    for id in ids:
        relay.send(CreateTransport(id, f"user{id}", PASSWORD, opens_data_channels=False))

    def missing() -> set[int]:
        assert relay.lost is None
        return set(ids) - {told.transport for told in relay.heard if isinstance(told, TransportState)}

    async with asyncio.timeout(WAIT):
        while waiting := missing():
            for id in waiting:  # a datagram may be lost where the kernel has no room for it
                _check(relay.process.ipv4_port, f"user{id}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_SECONDS):
                    await relay.until(lambda: not missing())
    states = [told.phase for told in relay.heard if isinstance(told, TransportState)]
    assert states == [TransportPhase.REACHABLE] * MANY
