"""Relays that come and go, as events of the ledger and as incidents that participants are told of."""

from __future__ import annotations

from collections.abc import Callable

from server.control.messages import Level
from server.errors import RelayError, RelayFault
from server.guarantee.incidents import Incident, IncidentKind, Incidents
from server.metadata.event import Event
from server.metadata.rows.operation import RelayBorn, RelayDrifted, RelayLost, RelayTripped
from server.metadata.words import DriftedCheck, GuaranteeLevel, RelayLossReason
from server.workers.faults import Drifted, Tripped

_LEVELS = {
    Level.NONE: GuaranteeLevel.NONE,
    Level.REDUCED: GuaranteeLevel.REDUCED,
    Level.FULL: GuaranteeLevel.FULL,
}
_INCIDENTS = {
    RelayFault.TRIPWIRE: IncidentKind.TRIPWIRE,
    RelayFault.DRIFTED: IncidentKind.DRIFT,
    RelayFault.PROTOCOL_ERROR: IncidentKind.PROTOCOL,
}


class Chronicle:
    """A `RelayChronicle` that tells the ledger and notes incidents. `now` gives seconds since the epoch."""

    def __init__(
        self, record: Callable[[Event], None], incidents: Incidents, now: Callable[[], float]
    ) -> None:
        self._record = record
        self._incidents = incidents
        self._now = now

    def relay_born(self, number: int, generation: int, level: Level) -> None:
        self._record(RelayBorn(relay=number, generation=generation, level=_LEVELS[level]))

    def relay_ended(self, number: int, generation: int, loss: RelayError) -> None:
        detail = ""
        if isinstance(loss, Tripped):
            detail = loss.call
            self._record(RelayTripped(relay=number, generation=generation, call=loss.call))
        elif isinstance(loss, Drifted):
            detail = loss.faults[0].value
            for fault in loss.faults:
                check = DriftedCheck(fault.value)
                self._record(RelayDrifted(relay=number, generation=generation, check=check))
        reason = RelayLossReason(loss.fault.value)
        self._record(RelayLost(relay=number, generation=generation, reason=reason))
        if kind := _INCIDENTS.get(loss.fault):
            self._incidents.note(Incident(self._now(), kind, number, detail))
