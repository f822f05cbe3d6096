"""Participants in a process of their own, so that their work is not the relay's nor the meter's.

`python -m bench.crowd PEOPLE PORT FINGERPRINT [data]`: each has a certificate, and two transports, as SDKs
have. Told on standard output, a line of JSON each: their certificates' fingerprints; then, for a line with
the ICE credentials of all transports, how long each took to connect, and the processor time of this process.
With `data` each listens to data channels, and a line is told whenever all have one message more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiortc.rtcdtlstransport import RTCCertificate

from bench.peer import Peer
from bench.relays import CHECK_SECONDS, Relay
from server.control import messages

NICENESS = 10
"""A crowd stands for other machines: it leaves the processor to the relay and to the meter."""
TRANSPORTS = 2
CHANNEL = "_reliable"
MOST_LINE = 1 << 24


class Crowd:
    """Seen from the benchmark: a process, and the transports that it asked the relay for."""

    def __init__(self, process: asyncio.subprocess.Process, relay: Relay, people: int) -> None:
        self._process = process
        self._relay = relay
        self.people = people
        self.transports: list[int] = []
        self._credentials: list[tuple[str, str]] = []

    async def _read(self) -> Any:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the crowd is gone")
        return json.loads(line)

    async def announce(self, *, data_room: int = 0) -> None:
        """Asks for all transports, before anybody comes. The second of each receives."""
        relay = self._relay
        for fingerprint in await self._read():
            digest = messages.Fingerprint(messages.FingerprintAlgorithm.SHA_256, bytes.fromhex(fingerprint))
            sending, receiving = (
                self._ask_for(digest, number > 0, data_room > 0) for number in range(TRANSPORTS)
            )
            if data_room:
                member = relay.next_id()
                name = f"person {member}"
                relay.ask(
                    messages.DataMember(
                        member, data_room, name, f"PA_{member}", sending, receiving, may_publish=True
                    )
                )

    def _ask_for(self, digest: messages.Fingerprint, receives: bool, has_data: bool) -> int:
        id, ufrag, password = self._relay.next_id(), secrets.token_hex(4), secrets.token_hex(16)
        self._relay.ask(
            messages.CreateTransport(id, ufrag, password, opens_data_channels=receives and has_data)
        )
        self._relay.ask(
            messages.ConnectTransport(id, messages.DtlsRole.SERVER, [digest], has_data_channels=has_data)
        )
        self.transports.append(id)
        self._credentials.append((ufrag, password))
        return id

    def begin(self) -> None:
        """All come at once."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(self._credentials).encode() + b"\n")

    async def arrived(self) -> tuple[list[float], float]:
        """Seconds that each transport took, and the processor time of the crowd for that; all listen now."""
        told = await self._read()
        return told["seconds"], told["cpu_seconds"]

    async def received(self) -> None:
        """Everybody has one message more."""
        await self._read()


@contextlib.asynccontextmanager
async def crowd(relay: Relay, people: int, *words: str) -> AsyncIterator[Crowd]:
    """Ready, but nobody has come yet."""
    assert relay.link is not None
    pipe = asyncio.subprocess.PIPE
    arguments = [str(people), str(relay.link.ipv4_port), relay.link.fingerprint.hex(), *words]
    process = await asyncio.create_subprocess_exec(
        *("nice", f"-n{NICENESS}", sys.executable, "-m", "bench.crowd", *arguments),
        stdin=pipe,
        stdout=pipe,
        limit=MOST_LINE,
    )
    try:
        yield Crowd(process, relay, people)
    finally:
        process.kill()
        await process.wait()


@dataclass
class _People:
    """Inside the process."""

    peers: list[Peer]
    listening: int = 0
    received: int = 0
    told: int = 0
    all_listen: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def people(self) -> int:
        return len(self.peers) // TRANSPORTS

    async def listen(self, peer: Peer) -> None:
        (await peer.associate()).on("datachannel", self._add)

    def _add(self, channel: Any) -> None:
        if channel.label == CHANNEL:
            channel.on("message", self._count)
            self.listening += 1
            if self.listening == self.people:
                self.all_listen.set()

    def _count(self, _: bytes) -> None:
        self.received += 1
        if self.received // self.people > self.told:
            self.told += 1
            print(self.told, flush=True)

    async def keep_consent(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for peer in self.peers:
                peer.check()


async def _main(people: int, port: int, fingerprint: bytes, has_data: bool) -> None:
    certificates = [RTCCertificate.generateCertificate() for _ in range(people)]
    whole = _People([Peer(certificate) for certificate in certificates for _ in range(TRANSPORTS)])
    print(json.dumps([peer.fingerprint().hex() for peer in whole.peers[::TRANSPORTS]]), flush=True)
    credentials = json.loads(await asyncio.to_thread(sys.stdin.readline))
    before, started = time.process_time(), time.monotonic()

    async def connect(number: int, peer: Peer) -> float:
        ufrag, password = credentials[number]
        await peer.connect(port, ufrag, password, fingerprint)
        seconds = time.monotonic() - started
        if has_data and number % TRANSPORTS:
            await whole.listen(peer)
        elif has_data:
            await peer.associate()
        return seconds

    seconds = await asyncio.gather(*(connect(number, peer) for number, peer in enumerate(whole.peers)))
    if has_data:
        await whole.all_listen.wait()
    print(json.dumps({"seconds": seconds, "cpu_seconds": time.process_time() - before}), flush=True)
    await whole.keep_consent()


if __name__ == "__main__":
    count, its_port, digest, *words = sys.argv[1:]
    asyncio.run(_main(int(count), int(its_port), bytes.fromhex(digest), "data" in words))
