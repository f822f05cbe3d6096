"""What came of a verification: how many attacks work without the lock, and which still do with it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from server.control.messages import Level

REFUSED_AT_BIRTH = "not born"
"""How a run ends when the inspection, or the lock itself, finds what must not be there."""


class Open(msgspec.Struct, frozen=True):
    """An attack that worked in spite of the lock."""

    attack: str
    documented: bool
    host_measure: str  # what closes it outside of the process; "" where nothing is known


class NotDemonstrable(msgspec.Struct, frozen=True):
    """An attack that did not work without the lock either, so that its failure proves nothing."""

    attack: str
    reason: str


class Report(msgspec.Struct, frozen=True):
    """`tried` is `control_worked` and `not_demonstrable`; `control_worked` is `blocked` and `open`."""

    level: str
    tried: int
    control_worked: int
    blocked: int
    open: list[Open]
    not_demonstrable: list[NotDemonstrable]

    @property
    def holds(self) -> bool:
        """Nothing is open but what is documented."""
        return all(found.documented for found in self.open)


@dataclass(frozen=True, slots=True)
class Tried:
    """One attack, run without the lock, and with it where it worked without."""

    attack: str
    group: str
    control_worked: bool
    control: str  # how the run without the lock ended
    locked_worked: bool
    locked: str  # how the run with the lock ended; "" where there was none
    host_measure: str | None  # None where the attack is not known to work


def summarise(level: Level, tried: list[Tried]) -> Report:
    worked = [one for one in tried if one.control_worked]
    open_attacks = [
        Open(one.attack, one.host_measure is not None, one.host_measure or "")
        for one in worked
        if one.locked_worked
    ]
    silent = [NotDemonstrable(one.attack, one.control) for one in tried if not one.control_worked]
    return Report(
        level.name.lower(), len(tried), len(worked), len(worked) - len(open_attacks), open_attacks, silent
    )
