"""What the console shows is read from here: the rooms in memory, the relays' evidence, the ledger's queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.config import Config
from server.guarantee.incidents import Incident
from server.guarantee.observe import EvidenceSource
from server.network.origin import Origins
from server.present import RoomNow


class Queue(Protocol):
    """What the ledger tells of itself."""

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


@dataclass(frozen=True, slots=True)
class Sources:
    """`clock` gives seconds since the epoch."""

    config: Config
    rooms: Callable[[], Sequence[RoomNow]]
    evidence: EvidenceSource
    incidents: Callable[[float], Sequence[Incident]]
    ledger: Queue
    origins: Origins
    clock: Callable[[], float] = time.time
