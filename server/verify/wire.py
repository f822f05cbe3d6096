"""What the process that runs the attacks is told, and what it says: one JSON value a line."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from server.verify.layers import WHOLE, Layer, Layers


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all."""


class Plan(_Value, frozen=True):
    """Which attacks, and against what."""

    scratch: str  # an empty directory, to be mounted over
    only: tuple[str, ...] | None = None  # names; None: all
    layers: Layers = WHOLE  # of the run with the lock
    matrix: bool = False  # also each layer alone, and all but one
    host_settings: bool = False  # also what changes a setting of the whole machine, and puts it back


class Outcome(_Value, frozen=True):
    """How one run ended. `how` is a word from a closed list, some with a reason of the kernel."""

    worked: bool
    how: str
    level: int = 0


class Line(_Value, frozen=True):
    """One attack. `locked`, `alone` and `without` are empty where the control run did not work."""

    attack: str
    group: str
    control: Outcome
    locked: Outcome | None = None
    closed_by: str = ""  # name of a host measure
    skipped: str = ""  # why it was not run at all
    from_before: bool = False  # it leaves itself something from before the lock
    alone: dict[Layer, Outcome] = {}
    without: dict[Layer, Outcome] = {}


class How(StrEnum):
    """Where a limit comes from."""

    MEASURED = "measured"
    COMPUTED = "computed"
    STATED = "stated"


class Measured(_Value, frozen=True):
    """A way out that is narrow and not closed."""

    subject: str
    how: How
    bits_per_second: float | None
    note: str
    closed_by: str = ""  # name of a host measure


class Alive(_Value, frozen=True):
    """Said before and after all attacks, of a process that does nothing wrong."""

    serve: Outcome  # with the layers of the run with the lock
    lifeless: str = ""  # the first combination of layers under which it did not live
    attacks: int = 0
    limits: int = 0


NO_CALL: Final = "no call came about"
"""How a run of a recorder ends that shows nothing: no media went through its relay."""


class Planted(_Value, frozen=True):
    """One recorder in a relay that carries a call. `what` is for people."""

    recorder: str
    what: str
    control: Outcome
    locked: Outcome
