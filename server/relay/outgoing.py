"""The packet thread as transports see it: what they send to many leaves together.

Each datagram that is given to the packet thread by itself wakes it, and is a system call of its own there.
One data message to a room is hundreds of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final, Protocol

AT_ONCE: Final = 32
"""Datagrams after which the first no longer waits for the others: less than a millisecond's."""


class Packets(Protocol):
    """What is used of the packet thread."""

    def create_transport(self, id: int, local_ufrag: bytes, local_pwd: bytes) -> None: ...
    def close_transport(self, id: int) -> None: ...
    def send_dtls(self, datagrams: list[tuple[int, bytes]]) -> None: ...
    def set_keys(
        self, id: int, profile: int, *, rx_key: bytes, rx_salt: bytes, tx_key: bytes, tx_salt: bytes
    ) -> None: ...


class Outgoing:
    """Datagrams leave when what runs now is over, or earlier: before anything else that is asked here, so
    that a goodbye goes before the end. Those for which the packet thread has no room are lost, as on any
    network.
    """

    def __init__(self, packets: Packets) -> None:
        self._packets = packets
        self._waiting: list[tuple[int, bytes]] = []

    def create_transport(self, id: int, local_ufrag: bytes, local_pwd: bytes) -> None:
        self.flush()
        self._packets.create_transport(id, local_ufrag, local_pwd)

    def close_transport(self, id: int) -> None:
        self.flush()
        self._packets.close_transport(id)

    def set_keys(
        self, id: int, profile: int, *, rx_key: bytes, rx_salt: bytes, tx_key: bytes, tx_salt: bytes
    ) -> None:
        self.flush()
        self._packets.set_keys(id, profile, rx_key=rx_key, rx_salt=rx_salt, tx_key=tx_key, tx_salt=tx_salt)

    def send_dtls(self, id: int, datagram: bytes) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append((id, datagram))
        if len(self._waiting) >= AT_ONCE:
            self.flush()

    def send_many(self, datagrams: list[tuple[int, bytes]]) -> None:
        """At once, each to the transport whose number is beside it."""
        self.flush()
        self._send(datagrams)

    def flush(self) -> None:
        """What waits leaves."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._send(waiting)

    def _send(self, datagrams: list[tuple[int, bytes]]) -> None:
        with contextlib.suppress(RuntimeError):
            self._packets.send_dtls(datagrams)
