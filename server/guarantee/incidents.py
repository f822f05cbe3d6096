"""What has happened to relays that participants should know: kept in memory, bounded, for a day. PURE.

An incident names no participant and no room.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST: Final = 20
"""The latest; the ledger has all."""
SECONDS: Final = 24 * 3600.0
"""After this an incident is told no more."""


class IncidentKind(StrEnum):
    """Why a relay was stopped."""

    TRIPWIRE = "tripwire"
    DRIFT = "drift"
    PROTOCOL = "protocol"


SAYS: Final = {
    IncidentKind.TRIPWIRE: "a media process was stopped because it tried something forbidden",
    IncidentKind.DRIFT: "a media process was stopped because its lock was no longer observed whole",
    IncidentKind.PROTOCOL: "a media process was stopped because it said something that none may say",
}


@dataclass(frozen=True, slots=True)
class Incident:
    """`at` in seconds since the epoch. `detail` is the system call, or the check that failed, or ""."""

    at: float
    kind: IncidentKind
    relay: int
    detail: str = ""


class Incidents:
    """The latest of them."""

    def __init__(self) -> None:
        self._kept: deque[Incident] = deque(maxlen=MOST)

    def note(self, incident: Incident) -> None:
        self._kept.append(incident)

    def recent(self, now: float) -> list[Incident]:
        """Latest first. `now` in seconds since the epoch."""
        return [one for one in reversed(self._kept) if now - one.at <= SECONDS]
