"""The sockets of a relay, made before the lock with every option they will ever need."""

from __future__ import annotations

import errno
import os
import socket
import struct
from dataclasses import dataclass
from typing import Final

from server._native import TCP_LISTENER
from server.control.messages import Boot

BUFFER: Final = 8 * 1024 * 1024
"""Bytes asked for each direction: a burst to many subscribers must fit. The kernel may give less."""
TCP_SEND_BUFFER: Final = 128 * 1024
"""Bytes that wait for one connection that reads slowly, of which the kernel takes twice as many with its own:
at 5 Mbit/s a fifth of a second. What does not fit is dropped, as a network drops it."""
TCP_RECEIVE_BUFFER: Final = 256 * 1024
TCP_UNANSWERED: Final = 10_000
"""Milliseconds after which a connection ends whose peer takes nothing of what was sent."""
BACKLOG: Final = 128
_SO_TIMESTAMPNS: Final = 35
_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33
_NO_SUCH_FAMILY: Final = frozenset((errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT))


@dataclass(frozen=True, slots=True)
class Sockets:
    """Detached descriptors, -1 for none, and the ports that UDP is bound to, 0 for none."""

    ipv4_fd: int
    ipv6_fd: int
    tcp_fd: int
    ipv4_port: int
    ipv6_port: int


def open_sockets(boot: Boot) -> Sockets:
    """Binds the families that the configuration names and the machine has; one port number for both, and one
    socket that listens, at `TCP_LISTENER`, where ICE over TCP is served.

    Raises OSError when none can be served or a port is taken.
    """
    ipv4 = _bind(socket.AF_INET, boot.ipv4_host, boot.udp_port, needed=not boot.ipv6_host)
    port = boot.udp_port or (_port(ipv4))
    ipv6 = _bind(socket.AF_INET6, boot.ipv6_host, port, needed=ipv4 is None)
    listener = _listen(boot, ipv4 is not None, ipv6 is not None) if boot.tcp_port else -1
    return Sockets(_detach(ipv4), _detach(ipv6), listener, *_ports(ipv4, ipv6, port))


def _listen(boot: Boot, ipv4: bool, ipv6: bool) -> int:
    """For the families that UDP is served by."""
    host = boot.ipv6_host if ipv6 else boot.ipv4_host
    with listening(host, boot.tcp_port, both=ipv4 and ipv6) as made:
        return in_its_place(made)


def listening(host: str, port: int, *, both: bool = False) -> socket.socket:
    """A socket that listens, with all that its connections inherit, as Linux has it (tested); `both` families
    by one of IPv6."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        if family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if both else 1)
        made.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # connections of the relay before may linger
        made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, TCP_SEND_BUFFER)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, TCP_RECEIVE_BUFFER)
        # What has not been sent when a connection ends is forgotten at once: nobody waits for old media.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_UNANSWERED)
        made.bind((host, port))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def in_its_place(listener: socket.socket) -> int:
    """The descriptor at which the filters let connections be accepted; the given one can be closed."""
    return os.dup2(listener.fileno(), TCP_LISTENER, inheritable=False)


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
