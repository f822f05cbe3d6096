"""One throw-away call inside the process: every lazy import happens before the lock forbids it.

Two transports are joined without a network. A handshake that succeeds, one that is refused, a data
packet, nonsense, and a goodbye run through the same code as for participants.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from livekit.protocol import models

from server.control.messages import (
    ConnectTransport,
    CreateTransport,
    DataMember,
    DtlsRole,
    Fingerprint,
    FingerprintAlgorithm,
    TransportPhase,
    TransportState,
)
from server.relay.data import DataRooms
from server.relay.ortc import Certificate
from server.relay.transport import Transport
from server.relay.turns import Turns

TIMEOUT: Final = 10.0
"""Seconds; it takes a tenth of one."""
_UFRAG: Final = "warm"
_PWD: Final = "warm-up-has-no-network-at-all"  # noqa: S105 - nothing can be reached with it


class _Ends:
    """The wire and the listener of the two transports: what one sends the other receives."""

    def __init__(self) -> None:
        self.transports: dict[int, Transport] = {}
        self.turns = Turns()
        self.phases: dict[int, TransportPhase] = {}
        self.changed = asyncio.Event()
        self.received = asyncio.Event()
        self.rooms = DataRooms(self._deliver, lambda member: None)

    def create_transport(self, id: int, local_ufrag: bytes, local_pwd: bytes) -> None:
        """Nothing to reach: there is no network."""

    def close_transport(self, id: int) -> None:
        """As above."""

    def set_keys(
        self, id: int, profile: int, *, rx_key: bytes, rx_salt: bytes, tx_key: bytes, tx_salt: bytes
    ) -> None:
        """Thrown away."""

    def send_dtls(self, id: int, datagram: bytes) -> None:
        peer = self.transports.get(3 - id)
        if peer is not None:
            asyncio.get_running_loop().call_soon(peer.received, datagram)

    def transport_changed(self, state: TransportState) -> None:
        self.phases[state.transport] = state.phase
        self.changed.set()

    def data_received(self, transport: int, reliable: bool, message: bytes) -> None:
        self.rooms.received(0.0, transport, reliable, message)

    def _deliver(self, transports: list[int], reliable: bool, message: bytes) -> None:
        if transports:
            self.received.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self.changed.clear()
            await self.changed.wait()


async def warm_up(certificate: Certificate) -> None:
    """Raises TimeoutError when the transports cannot talk."""
    async with asyncio.timeout(TIMEOUT):
        await _call(certificate, certificate.sha256(), TransportPhase.CONNECTED)
        await _call(certificate, bytes(32), TransportPhase.FAILED)


async def _call(certificate: Certificate, digest: bytes, wanted: TransportPhase) -> None:
    """`digest` is what the server side expects of its peer's certificate."""
    ends = _Ends()
    for id in (1, 2):
        request = CreateTransport(id, _UFRAG, _PWD, opens_data_channels=id == 2)
        ends.transports[id] = Transport(request, ends, certificate, ends, ends.turns)
        ends.rooms.put(0.0, DataMember(id, 1, f"warm-{id}", f"warm-{id}", id, id, may_publish=True))
    for id, role, expected in (
        (1, DtlsRole.SERVER, digest),
        (2, DtlsRole.CLIENT, certificate.sha256()),
    ):
        fingerprint = Fingerprint(FingerprintAlgorithm.SHA_256, expected)
        ends.transports[id].connect(ConnectTransport(id, role, [fingerprint], has_data_channels=True))
        ends.transports[id].became_reachable()
    await ends.until(lambda: ends.phases.get(1) is wanted)
    if wanted is TransportPhase.CONNECTED:
        packet = models.DataPacket(user=models.UserPacket(payload=b"warm", destination_identities=["warm-2"]))
        ends.transports[2].send_data(True, b"\xff nonsense")
        ends.transports[2].send_data(True, packet.SerializeToString())
        packet.user.destination_identities[:] = ["warm-1"]
        ends.transports[2].send_data(True, packet.SerializeToString())
        await ends.received.wait()
    for transport in ends.transports.values():
        await transport.close()
