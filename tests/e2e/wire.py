"""Every packet that leaves a private network's machine, or goes to anything on it but the server.

Read from the kernel as it sends them (AF_PACKET), so whatever process they are of, DNS included.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

_ALL = 3  # ETH_P_ALL
_IPV4, _IPV6 = 0x0800, 0x86DD
_TCP, _UDP, _ICMP, _IGMP, _ICMPV6 = 6, 17, 1, 2, 58
_HOP_BY_HOP = 0
_SOL_PACKET, _STATISTICS = 263, 6
_FORCED_BUFFER = 33  # SO_RCVBUFFORCE
_BUFFER = 64 << 20
_HEAD = 400  # of each packet: enough for a DNS question
_DNS = {53, 5353}
_STOP_SECONDS = 5.0
# What the kernel says by itself: of groups that somebody listens to, of neighbours and routers, and that
# nobody is there. What is sent to a group is another packet, and told.
_KERNELS = {1, 3, 130, 131, 132, 133, 134, 135, 136, 143}


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet; ports are 0 where there are none. `asks` is the name of a DNS question."""

    device: str
    protocol: str
    source_port: int
    host: str
    port: int
    asks: str = ""

    def __str__(self) -> str:
        words = f"{self.protocol} to {self.host}, port {self.port}, by {self.device}"
        return f"{words}, asks for {self.asks!r}" if self.asks else words


@dataclass
class Wire:
    """What was sent so far, each flow once. `server_ports` may become known later; `lost` packets were not
    looked at."""

    server_ports: Collection[int]
    flows: set[Sent] = field(default_factory=set)
    looked_at: int = 0
    lost: int = 0

    def strangers(self) -> list[str]:
        """What went to anybody but the server, in words."""
        return sorted({str(one) for one in self.flows if not self._is_of_the_server(one)})

    def take(self, device: str, kind: int, packet: bytes) -> None:
        """A packet without the head of its frame."""
        self.looked_at += 1
        sent = _read(device, kind, packet)
        if sent is not None:
            self.flows.add(sent)

    def _is_of_the_server(self, sent: Sent) -> bool:
        """To it or from it, over an address of this machine: those never leave by another device."""
        return sent.device == "lo" and bool({sent.source_port, sent.port} & set(self.server_ports))


def _read(device: str, kind: int, packet: bytes) -> Sent | None:
    """None for what the kernel says by itself. What is not understood is told, not passed over."""
    try:
        if kind == _IPV4:
            protocol, start = packet[9], (packet[0] & 15) * 4
            host = str(ipaddress.IPv4Address(packet[16:20]))
        elif kind == _IPV6:
            protocol, start = packet[6], 40
            host = str(ipaddress.IPv6Address(packet[24:40]))
            if protocol == _HOP_BY_HOP:
                protocol, start = packet[40], 48 + packet[41] * 8
        else:
            return Sent(device, f"frames of type {kind:#06x}", 0, "somebody", 0)
        rest = packet[start:]
        if protocol == _IGMP or (protocol in {_ICMP, _ICMPV6} and rest[0] in _KERNELS):
            return None
        if protocol not in {_TCP, _UDP}:
            return Sent(device, f"IP protocol {protocol}", 0, host, 0)
        source, port = struct.unpack_from("!HH", rest)
        asks = _question(rest[8:]) if protocol == _UDP and port in _DNS else ""
        return Sent(device, "TCP" if protocol == _TCP else "UDP", source, host, port, asks)
    except (IndexError, ValueError, struct.error):
        return Sent(device, "half a packet", 0, "somebody", 0)


def _question(message: bytes) -> str:
    """The first name that is asked for; "" where that cannot be read."""
    labels, at = [], 12
    while at < len(message) and 0 < message[at] < 64:
        labels.append(message[at + 1 : at + 1 + message[at]].decode("ascii", "replace"))
        at += 1 + message[at]
    return ".".join(labels)


@contextlib.contextmanager
def watched(server_ports: Collection[int]) -> Iterator[Wire]:
    """Of this thread's network, from now on. Fails at the end if packets came too fast to be looked at."""
    wire = Wire(server_ports)
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL)) as tap:
        tap.setsockopt(socket.SOL_SOCKET, _FORCED_BUFFER, _BUFFER)
        tap.settimeout(0.1)
        over = threading.Event()
        reader = threading.Thread(target=_follow, args=(tap, wire, over), name="wire")
        reader.start()
        try:
            yield wire
        finally:
            over.set()
            reader.join(_STOP_SECONDS)
            _, wire.lost = struct.unpack("II", tap.getsockopt(_SOL_PACKET, _STATISTICS, 8))
    assert wire.lost == 0, f"{wire.lost} packets were not looked at"


def _follow(tap: socket.socket, wire: Wire, over: threading.Event) -> None:
    """Until it is over, and everything that came before that is read."""
    while True:
        try:
            packet, (device, kind, way, *_) = tap.recvfrom(_HEAD)
        except TimeoutError:
            if over.is_set():
                return
            continue
        if way == socket.PACKET_OUTGOING:
            wire.take(device, kind, packet)
