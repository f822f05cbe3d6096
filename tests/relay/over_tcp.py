"""A relay that serves ICE over TCP, and peers that connect to it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from server.control.messages import CreateTransport
from tests.e2e.serving import free_tcp_port
from tests.relay.conftest import Relay, loopback
from tests.relay.test_families import PASSWORD, binding_request

UFRAG = "ufrag"


def framed(datagram: bytes) -> bytes:
    """As RFC 4571 has it."""
    return struct.pack("!H", len(datagram)) + datagram


@dataclass
class Peer:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self) -> bytes:
        """The next datagram."""
        async with asyncio.timeout(10):
            length = struct.unpack("!H", await self.reader.readexactly(2))[0]
            return await self.reader.readexactly(length)

    async def check(self) -> bytes:
        """An authentic check; its answer. The transport may come after the first."""
        while True:
            await self.send(framed(binding_request(UFRAG, PASSWORD)))
            try:
                async with asyncio.timeout(0.3):
                    return await self.receive()
            except TimeoutError:
                continue

    async def is_ended(self) -> bool:
        """Whether the relay ends it; waits, but not for long."""
        try:
            async with asyncio.timeout(10):
                while await self.reader.read(65_536):
                    pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return


@asynccontextmanager
async def relay_over_tcp(**changes: object) -> AsyncIterator[Relay]:
    """A born relay with one transport; `changes` are made to its configuration."""
    config = loopback()
    relay = msgspec.structs.replace(config.relay, **{"tcp_port": free_tcp_port(), **changes})
    made = Relay(msgspec.structs.replace(config, relay=relay))
    try:
        await made.process.start()
        made.send(CreateTransport(made.process.next_id(), UFRAG, PASSWORD, opens_data_channels=False))
        yield made
        if made.lost is None:
            await made.process.stop()
    finally:
        await made.process.kill()


@asynccontextmanager
async def connected(relay: Relay, host: str = "127.0.0.1") -> AsyncIterator[Peer]:
    peer = Peer(*await asyncio.open_connection(host, relay.process.tcp_port))
    try:
        yield peer
    finally:
        await peer.close()
