"""Rows about the server itself and its relays: they name nobody."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import OPERATION, Expiry
from server.metadata.rows.row import Row
from server.metadata.words import DriftedCheck, GuaranteeLevel, RelayLossReason

ServerVersion = Annotated[
    str, Meta(pattern=r"\A[0-9]{1,4}(\.[0-9]{1,4}){0,2}\Z", max_length=14, extra=OPERATION)
]
RelayCount = Annotated[int, Meta(ge=0, le=256, extra=OPERATION)]
RelayNumber = Annotated[int, Meta(ge=1, le=256, extra=OPERATION)]
Generation = Annotated[int, Meta(ge=1, le=0xFFFF_FFFF, extra=OPERATION)]
RelayLevel = Annotated[GuaranteeLevel, Meta(extra=OPERATION)]
LossReason = Annotated[RelayLossReason, Meta(extra=OPERATION)]
# A name of the lock's own list of system calls, or "unknown".
ForbiddenCall = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{1,31}\Z", max_length=32, extra=OPERATION)]
Drift = Annotated[DriftedCheck, Meta(extra=OPERATION)]


class ServerStarted(Row, frozen=True, tag="server_started"):
    """The server serves, with so many relays."""

    kept_for: ClassVar[Expiry] = Expiry.OPERATION

    version: ServerVersion
    relays: RelayCount


class ServerStopped(Row, frozen=True, tag="server_stopped"):
    """The server closed in order. Without it, the next start knows of a crash."""

    kept_for: ClassVar[Expiry] = Expiry.OPERATION


class RelayBorn(Row, frozen=True, tag="relay_born"):
    """A relay was locked and inspected, and serves."""

    kept_for: ClassVar[Expiry] = Expiry.OPERATION

    relay: RelayNumber
    generation: Generation
    level: RelayLevel


class RelayLost(Row, frozen=True, tag="relay_lost"):
    """A relay that served is gone, and why."""

    kept_for: ClassVar[Expiry] = Expiry.OPERATION

    relay: RelayNumber
    generation: Generation
    reason: LossReason


class RelayTripped(Row, frozen=True, tag="relay_tripped"):
    """The kernel killed a relay at a call that no relay makes. `relay_lost` follows."""

    kept_for: ClassVar[Expiry] = Expiry.OPERATION

    relay: RelayNumber
    generation: Generation
    call: ForbiddenCall


class RelayDrifted(Row, frozen=True, tag="relay_drifted"):
    """A check of a serving relay's lock no longer held; one row for each. `relay_lost` follows."""

    kept_for: ClassVar[Expiry] = Expiry.OPERATION

    relay: RelayNumber
    generation: Generation
    check: Drift
