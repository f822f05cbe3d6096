"""What the metrics are read from, at the moment they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.control.messages import Stats, Traffic
from server.guarantee.evidence import RelayEvidence
from server.guarantee.incidents import Incident
from server.tally import Tally
from server.webhooks.counts import Counts


class Rooms(Protocol):
    """The rooms there are."""

    def __len__(self) -> int: ...
    @property
    def participants(self) -> int:
        """Sessions in all rooms."""


class Queue(Protocol):
    """The ledger's queue."""

    @property
    def waiting(self) -> int:
        """Events that are not in the database yet."""

    @property
    def dropped(self) -> int:
        """Events lost because too many waited."""

    @property
    def refused(self) -> int:
        """Events that could not be kept as they were."""

    @property
    def faults(self) -> int:
        """Errors in writing that nobody foresaw."""


class Relay(Protocol):
    """A relay process."""

    @property
    def number(self) -> int: ...
    @property
    def generation(self) -> int: ...
    @property
    def stats(self) -> Stats | None:
        """Its last counters."""

    @property
    def traffic(self) -> Traffic | None:
        """Those that it is asked for less often."""

    def evidence(self) -> RelayEvidence: ...


class Output(Protocol):
    """The log."""

    @property
    def withheld(self) -> int:
        """Values that were left out of it."""


@dataclass(frozen=True, slots=True)
class Source:
    """`minimum_level` and `sites` are those of the configuration, `queue_size` how many events may wait for
    the database; `incidents` are told of a moment in seconds since the epoch, latest first."""

    version: str
    configured_relays: int
    minimum_level: str
    sites: tuple[str, ...]
    queue_size: int
    tally: Tally
    rooms: Rooms
    ledger: Queue
    output: Output
    relays: Callable[[], Sequence[Relay]]
    incidents: Callable[[float], Sequence[Incident]]
    clock: Callable[[], float]
    webhooks: Callable[[], Sequence[Counts]] = tuple
    """By receiver, in the order of the configuration."""
