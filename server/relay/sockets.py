"""The UDP sockets of a relay, made before the lock with every option they will ever need."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from typing import Final

from server.control.messages import Boot

BUFFER: Final = 8 * 1024 * 1024
"""Bytes asked for each direction: a burst to many subscribers must fit. The kernel may give less."""
_SO_TIMESTAMPNS: Final = 35
_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33
_NO_SUCH_FAMILY: Final = frozenset((errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT))


@dataclass(frozen=True, slots=True)
class UdpSockets:
    """Detached descriptors, -1 for none, and the ports they are bound to, 0 for none."""

    ipv4_fd: int
    ipv6_fd: int
    ipv4_port: int
    ipv6_port: int


def open_sockets(boot: Boot) -> UdpSockets:
    """Binds the families that the configuration names and the machine has; one port number for both.

    Raises OSError when none can be served or a port is taken.
    """
    ipv4 = _bind(socket.AF_INET, boot.ipv4_host, boot.udp_port, needed=not boot.ipv6_host)
    port = boot.udp_port or (_port(ipv4))
    ipv6 = _bind(socket.AF_INET6, boot.ipv6_host, port, needed=ipv4 is None)
    return UdpSockets(_detach(ipv4), _detach(ipv6), *_ports(ipv4, ipv6, port))


def _ports(ipv4: socket.socket | None, ipv6: socket.socket | None, port: int) -> tuple[int, int]:
    return (port if ipv4 is not None else 0, port if ipv6 is not None else 0)


def _bind(family: socket.AddressFamily, host: str, port: int, needed: bool) -> socket.socket | None:
    if not host:
        return None
    made: socket.socket | None = None
    try:
        made = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        if family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        _widen(made, _SO_RCVBUFFORCE, socket.SO_RCVBUF)
        _widen(made, _SO_SNDBUFFORCE, socket.SO_SNDBUF)
        made.bind((host, port))
    except OSError as error:
        if made is not None:
            made.close()
        if not needed and error.errno in _NO_SUCH_FAMILY:
            return None
        raise
    return made


def _widen(made: socket.socket, forced: int, plain: int) -> None:
    """Beyond the system's limit where we may, up to it where not."""
    try:
        made.setsockopt(socket.SOL_SOCKET, forced, BUFFER)
    except PermissionError:
        made.setsockopt(socket.SOL_SOCKET, plain, BUFFER)


def _port(made: socket.socket | None) -> int:
    return int(made.getsockname()[1]) if made is not None else 0


def _detach(made: socket.socket | None) -> int:
    return made.detach() if made is not None else -1
