"""The host measure with plain sockets in the places of a relay, a participant and a stranger."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server.control.messages import CloseTransport, CreateTransport, Receiver, Request
from server.errors import RelayError
from server.firewall.measure import HostFirewall
from server.guarantee.host import FirewallState
from server.verify.strangers.stun import binding_request

UFRAG = "abcdEFG2"
PASSWORD = "p" * 32


def udp(host: str = "127.0.0.1") -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((host, 0))
    made.setblocking(False)
    return made


@dataclass
class Relay:
    """A socket that a relay could have; a `RelayLink` as far as the measure asks."""

    own: socket.socket
    number: int = 1
    generation: int = 1
    fingerprint: bytes = b""
    tcp_port: int = 0

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.own.getsockname()[:2]
        return str(host), int(port)

    @property
    def ipv4_port(self) -> int:
        return self.address[1]

    ipv6_port = ipv4_port
    load = 0.0

    def next_id(self) -> int:
        raise NotImplementedError

    def send(self, request: Request) -> None:
        raise NotImplementedError

    async def receivers(self, transport: int) -> tuple[Receiver, ...]:
        raise NotImplementedError

    def condemn(self, reason: RelayError) -> None:
        raise NotImplementedError

    def reaches(self, other: socket.socket) -> bool:
        """Whether a datagram leaves for the other, and arrives."""
        try:
            self.own.sendto(b"media", other.getsockname())
        except PermissionError:
            return False
        return bool(other.recv(100))  # loopback delivers before sending returns


def invite(firewall: HostFirewall, relay: Relay, ufrag: str = UFRAG, transport: int = 1) -> None:
    firewall.sent(relay, CreateTransport(transport, ufrag, PASSWORD, opens_data_channels=False))


def dismiss(firewall: HostFirewall, relay: Relay, transport: int = 1) -> None:
    firewall.sent(relay, CloseTransport(transport))


def ask(relay: Relay, peer: socket.socket, request: bytes | None = None) -> None:
    """A participant's connectivity check; the relay's answer is not needed here."""
    peer.sendto(binding_request(f"{UFRAG}:theirs") if request is None else request, relay.address)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not reached():
            await asyncio.sleep(0.01)


async def until_reached(relay: Relay, peer: socket.socket) -> None:
    """What was changed takes a moment: a participant asks again until the kernel lets the relay answer."""

    def reached() -> bool:
        ask(relay, peer)
        return relay.reaches(peer)

    await until(reached)


def is_held(firewall: HostFirewall, relay: Relay) -> bool:
    return firewall.evidence(relay).state is FirewallState.HELD


def keeper() -> int:
    """Process id of the process that owns the table."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return next(
        int(pid) for pid in children if b"server.firewall.keeper" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
