"""Relays that come and go, as events of the ledger."""

from __future__ import annotations

from collections.abc import Callable

from server.control.messages import Level
from server.errors import RelayFault
from server.metadata.event import Event, GuaranteeLevel, RelayBorn, RelayLossReason, RelayLost

_LEVELS = {
    Level.NONE: GuaranteeLevel.NONE,
    Level.REDUCED: GuaranteeLevel.REDUCED,
    Level.FULL: GuaranteeLevel.FULL,
}


class Chronicle:
    """A `RelayChronicle` that tells the ledger."""

    def __init__(self, record: Callable[[Event], None]) -> None:
        self._record = record

    def relay_born(self, number: int, generation: int, level: Level) -> None:
        self._record(RelayBorn(relay=number, generation=generation, level=_LEVELS[level]))

    def relay_ended(self, number: int, generation: int, fault: RelayFault) -> None:
        reason = RelayLossReason(fault.value)
        self._record(RelayLost(relay=number, generation=generation, reason=reason))
