"""What the rest of signaling may know of a relay process."""

from __future__ import annotations

from typing import Protocol

from server.control.messages import Level, Notification, Receiver, Request
from server.errors import RelayError


class RelayLink(Protocol):
    """A serving relay, as rooms see it."""

    @property
    def number(self) -> int:
        """1, 2, …: the place of the relay; a replacement takes the same number."""

    @property
    def generation(self) -> int:
        """Counts the processes that have had this number."""

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the relay's DTLS certificate, 32 bytes."""

    @property
    def ipv4_port(self) -> int:
        """UDP port, 0 when the family is not served."""

    @property
    def ipv6_port(self) -> int:
        """UDP port, 0 when the family is not served."""

    @property
    def tcp_port(self) -> int:
        """Port of ICE over TCP, of the families that are served; 0 when it is not."""

    @property
    def load(self) -> float:
        """The share of a core that it used lately, by its own count."""

    def next_id(self) -> int:
        """A fresh identifier for a transport, producer or consumer of this relay."""

    def send(self, request: Request) -> None:
        """Queues a request. Silently nothing after the relay is lost: `relay_lost` has been called."""

    async def receivers(self, transport: int) -> tuple[Receiver, ...]:
        """Who receives what a transport sends, by the relay's own account. Raises RelayError."""

    def condemn(self, reason: RelayError) -> None:
        """It does what it must not: it is ended and replaced, and `relay_lost` is called."""


class RelayChronicle(Protocol):
    """Who keeps the times relays came and went. Called on the event loop; must not raise."""

    def relay_born(self, number: int, generation: int, level: Level) -> None:
        """A relay serves, locked at `level`."""

    def relay_ended(self, number: int, generation: int, loss: RelayError) -> None:
        """A serving relay was lost, and why: a `Tripped` or `Drifted` of `faults` where more is known than a
        word. Not called when the server stops."""


class RelayListener(Protocol):
    """Who is told. Called on the event loop; must not raise."""

    def relay_notified(self, relay: RelayLink, notification: Notification) -> None:
        """Anything a serving relay says of transports, producers and consumers."""

    def relay_lost(self, relay: RelayLink) -> None:
        """The process is gone: everything on it must be rebuilt elsewhere."""
