"""One real relay, born locked by the real supervisor, asked directly for transports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, RTCCertificate, SRTPProtectionProfile

from bench.peer import Peer, SessionKeys
from server.config import Config
from server.control import messages
from server.control.messages import Notification
from server.workers.link import RelayLink
from server.workers.supervisor import Supervisor
from server.workers.worker import RelayProcess

WAIT_SECONDS = 20.0
STORM_SECONDS = 90.0
LOOPBACK = "127.0.0.1"
DATA_CHANNELS = ("_reliable", "_lossy")  # a relay opens these
CHECK_SECONDS = 4.0  # consent lasts for 30
TICKS = os.sysconf("SC_CLK_TCK")

T = TypeVar("T")


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process, as the kernel counts it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@dataclass
class Relay:
    """The relay under test and what it said."""

    supervisor: Supervisor | None = None
    link: RelayProcess | None = None
    host: str = LOOPBACK
    source: str = ""
    """Address of who connects next, whichever fits unless told."""
    heard: list[Notification] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    _checked_at: float = 0.0
    _sequence: int = 1 << 31  # far from the numbers of the supervisor's own requests
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    certificate: RTCCertificate = field(default_factory=RTCCertificate.generateCertificate)

    def relay_notified(self, relay: RelayLink, notification: Notification) -> None:
        self.heard.append(notification)
        self._changed.set()

    def relay_lost(self, relay: RelayLink) -> None:
        self.link = None
        self._changed.set()

    def ask(self, request: messages.Request) -> None:
        assert self.link is not None, "the relay is gone"
        self.link.send(request)

    def next_id(self) -> int:
        assert self.link is not None, "the relay is gone"
        return self.link.next_id()

    @property
    def pid(self) -> int:
        assert self.supervisor is not None
        return self.supervisor.evidence()[0].pid

    async def _until(self, found: Callable[[], T | None]) -> T:
        """Waits until something heard satisfies."""
        async with asyncio.timeout(WAIT_SECONDS):
            while (value := found()) is None:
                self._changed.clear()
                assert self.link is not None, "the relay is gone"
                await self._changed.wait()
            return value

    async def stats(self) -> messages.Stats:
        """Fresh counters: everything asked before is carried out by then.

        The supervisor asks too, and its answer may come over ours before that is seen: then we ask again.
        """
        assert self.link is not None, "the relay is gone"
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                self._sequence += 1
                self.ask(messages.GetStats(self._sequence))
                for _ in range(100):
                    if (stats := self.link.stats) is not None and stats.sequence == self._sequence:
                        return stats
                    await asyncio.sleep(0.01)

    async def connected(self, transports: Collection[int], seconds: float = STORM_SECONDS) -> None:
        """Until the relay has said so of all of them. One that fails is an error."""
        wanted = set(transports)
        said = 0
        async with asyncio.timeout(seconds):
            while wanted:
                self._changed.clear()
                for notification in self.heard[said:]:
                    if isinstance(notification, messages.TransportState) and notification.transport in wanted:
                        if notification.phase is messages.TransportPhase.CONNECTED:
                            wanted.discard(notification.transport)
                        elif notification.phase is not messages.TransportPhase.REACHABLE:
                            raise RuntimeError(f"a transport is {notification.phase.name.lower()}")
                said = len(self.heard)
                if wanted:
                    assert self.link is not None, "the relay is gone"
                    await self._changed.wait()

    async def refuse(self) -> None:
        """Something that the relay's own thread refuses at once: how soon it answers."""
        unknown = self.next_id()
        nobody = messages.Fingerprint(messages.FingerprintAlgorithm.SHA_256, bytes(32))
        self.ask(messages.ConnectTransport(unknown, messages.DtlsRole.SERVER, [nobody], False))
        refused = messages.Refused(unknown, messages.RefusalReason.UNKNOWN_ID)
        await self._until(lambda: refused in self.heard or None)

    async def connect(
        self,
        *,
        has_data_channels: bool = False,
        opens_data_channels: bool = False,
        profile: SRTPProtectionProfile = SRTP_AEAD_AES_128_GCM,
    ) -> tuple[int, Peer, SessionKeys]:
        """A transport with its peer, through ICE and DTLS."""
        assert self.link is not None
        peer = Peer(self.certificate, profile, self.source)
        transport, ufrag, password = self.next_id(), secrets.token_hex(4), secrets.token_hex(16)
        self.ask(messages.CreateTransport(transport, ufrag, password, opens_data_channels))
        fingerprint = messages.Fingerprint(messages.FingerprintAlgorithm.SHA_256, peer.fingerprint())
        self.ask(
            messages.ConnectTransport(transport, messages.DtlsRole.SERVER, [fingerprint], has_data_channels)
        )
        keys = await peer.connect(self.link.ipv4_port, ufrag, password, self.link.fingerprint, self.host)
        await self.connected([transport], WAIT_SECONDS)
        return transport, peer, keys

    async def connect_with_data(self) -> tuple[int, Peer, SessionKeys]:
        """As SDKs do it, who have data channels on every transport: the relay has opened its own."""
        transport, peer, keys = await self.connect(has_data_channels=True, opens_data_channels=True)
        opened: asyncio.Queue[object] = asyncio.Queue()
        (await peer.associate()).on("datachannel", opened.put_nowait)
        async with asyncio.timeout(WAIT_SECONDS):
            for _ in DATA_CHANNELS:
                await opened.get()
        return transport, peer, keys

    def keep_consent(self) -> None:
        """Of every peer, however long others take to connect."""
        now = time.monotonic()
        if now - self._checked_at < CHECK_SECONDS:
            return
        self._checked_at = now
        for peer in self.peers:
            peer.check()

    def cpu_seconds(self) -> float:
        """User and system time of all threads, as the kernel counts it."""
        return cpu_seconds(self.pid)

    def precise_cpu_seconds(self) -> float:
        """The same to the nanosecond, as the scheduler counts it."""
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9

    def resident_mib(self) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("no VmRSS")


@contextlib.asynccontextmanager
async def one_relay(minimum_level: str = "full", host: str = LOOPBACK) -> AsyncIterator[Relay]:
    """Started, asked, stopped."""
    config = Config()
    config = msgspec.structs.replace(
        config,
        relay=msgspec.structs.replace(
            config.relay, relays=1, ipv4_host=host, ipv6_host="", udp_port=0, tcp_port=0
        ),
        guarantee=msgspec.structs.replace(config.guarantee, minimum_level=minimum_level),
    )
    relay = Relay(host=host)
    relay.supervisor = Supervisor(config, relay)
    await relay.supervisor.start()
    try:
        (relay.link,) = relay.supervisor.relays()
        yield relay
    finally:
        for peer in relay.peers:
            await peer.close()
        await relay.supervisor.stop()
