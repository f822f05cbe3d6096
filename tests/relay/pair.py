"""A relay's transport joined in memory with a peer that may be hostile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiortc import rtcsctptransport as sctp

from server.control.messages import (
    ConnectTransport,
    CreateTransport,
    DtlsRole,
    Fingerprint,
    FingerprintAlgorithm,
    TransportPhase,
    TransportState,
)
from server.relay import ortc
from server.relay.transport import Transport
from server.relay.turns import Turns


@dataclass
class Keys:
    """What the packet thread was given."""

    profile: int
    rx_key: bytes
    rx_salt: bytes
    tx_key: bytes
    tx_salt: bytes


@dataclass
class Told:
    """The wire and the listener of the transport under test."""

    peer: ortc.Path | None = None
    sent: list[bytes] = field(default_factory=list)
    keys: Keys | None = None
    phases: list[TransportPhase] = field(default_factory=list)
    states: list[TransportState] = field(default_factory=list)
    data: list[tuple[bool, bytes]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    drop: Callable[[bytes], bool] = lambda _: False

    def create_transport(self, id: int, local_ufrag: bytes, local_pwd: bytes) -> None:
        """No network."""

    def close_transport(self, id: int) -> None:
        """No network."""

    def send_dtls(self, id: int, datagram: bytes) -> None:
        self.sent.append(datagram)
        if self.peer is not None and not self.drop(datagram):
            asyncio.get_running_loop().call_soon(self.peer.push, datagram)

    def set_keys(
        self, id: int, profile: int, *, rx_key: bytes, rx_salt: bytes, tx_key: bytes, tx_salt: bytes
    ) -> None:
        self.keys = Keys(profile, rx_key, rx_salt, tx_key, tx_salt)

    def transport_changed(self, state: TransportState) -> None:
        self.phases.append(state.phase)
        self.states.append(state)
        self.changed.set()

    def data_received(self, transport: int, reliable: bool, message: bytes) -> None:
        self.data.append((reliable, message))
        self.changed.set()

    async def until(self, reached: Callable[[], bool], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not reached():
                self.changed.clear()
                await self.changed.wait()


class Pair:
    """`transport` is the relay's; `dtls` and `association` are the peer's, plain aiortc above the shim."""

    def __init__(self, *, opens_data_channels: bool = False) -> None:
        self.told = Told()
        self.certificate = ortc.Certificate.generateCertificate()
        self.peer_certificate = ortc.Certificate.generateCertificate()
        request = CreateTransport(1, "ufrag", "password-password-password", opens_data_channels)
        self.transport = Transport(request, self.told, self.certificate, self.told, Turns())
        self.path = ortc.Path(self.transport.received)
        self.told.peer = self.path
        self.dtls = ortc.Dtls(self.path, self.peer_certificate, DtlsRole.CLIENT)
        self.association = sctp.RTCSctpTransport(self.dtls)

    def connect(self, digest: bytes | None = None) -> None:
        """What signaling says of the peer, and what the packet thread says of its path."""
        digest = digest if digest is not None else self.peer_certificate.sha256()
        fingerprint = Fingerprint(FingerprintAlgorithm.SHA_256, digest)
        self.transport.connect(ConnectTransport(1, DtlsRole.SERVER, [fingerprint], True))
        self.transport.became_reachable()

    async def handshake(self) -> None:
        self.connect()
        fingerprint = Fingerprint(FingerprintAlgorithm.SHA_256, self.certificate.sha256())
        async with asyncio.timeout(10):
            await self.dtls.start(ortc.peer_parameters([fingerprint]))
        await self.told.until(lambda: TransportPhase.CONNECTED in self.told.phases)

    async def associate(self) -> None:
        if self.dtls.state == "new":
            await self.handshake()
        await ortc.start_association(self.association)  # type: ignore[arg-type] # plain aiortc as peer
        async with asyncio.timeout(10):
            while self.association.state != "connected":
                await asyncio.sleep(0.005)

    @property
    def relay_association(self) -> ortc.Sctp:
        assert self.transport._sctp is not None
        return self.transport._sctp

    async def until_sctp_ended(self) -> None:
        async with asyncio.timeout(10):
            while self.relay_association.state != "closed":
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        await self.association.stop()
        await self.dtls.stop()
        self.path.close()
        await self.transport.close()
        await asyncio.sleep(0)
