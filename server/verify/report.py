"""What came of a verification. The JSON form is these types; `docs/verify.md` describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from server.control.messages import Level
from server.verify.layers import Layer
from server.verify.measures import HostMeasure
from server.verify.strangers.wire import Attempted
from server.verify.wire import How, Line, Measured, Outcome, Planted

REFUSED_AT_BIRTH: Final = "not born"
"""How a run ends when the inspection, or the lock itself, finds what must not be there."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all."""


class Measure(_Part, frozen=True):
    """What closes something outside of the process, and whether it is in place on this machine."""

    name: str
    text: str
    state: str  # "on", "off" or "unknown"


class Open(_Part, frozen=True):
    """An attack that worked in spite of the lock; `closed_by` is null where nothing is known."""

    attack: str
    documented: bool
    closed_by: Measure | None


class NotDemonstrable(_Part, frozen=True):
    """An attack that did not work without the lock either, so that its failure proves nothing."""

    attack: str
    reason: str


class Untested(_Part, frozen=True):
    """What was not tried here. Never counted as blocked."""

    subject: str
    reason: str


class Recorder(_Part, frozen=True):
    """One recorder that was planted in a relay with a call."""

    recorder: str
    what: str
    control: str
    locked: str
    found_unlocked: bool  # what it recorded was found, without the lock
    caught: bool  # and with the lock nothing was


class Stranger(_Part, frozen=True):
    """One attempt of a locked process to reach who proved nothing, without the host measure and with it."""

    attempt: str
    what: str
    control: str
    guarded: str
    reached_without: bool
    reached: bool  # in spite of the measure


class Limit(_Part, frozen=True):
    """A way out that is narrow and not closed. Of `how`, "measured" is about this machine."""

    subject: str
    how: How
    bits_per_second: float | None
    note: str
    closed_by: Measure | None


class LayerSummary(_Part, frozen=True):
    """Of the attacks that work without the lock."""

    layer: Layer
    alone_stops: int  # with this layer and no other
    without_it_open: list[str]  # stopped by the whole lock, and not by all the other layers


class Row(_Part, frozen=True):
    """One attack: how each run ended, by layer."""

    attack: str
    group: str
    control: str
    locked: str
    alone: dict[Layer, str]
    alone_stopped: list[Layer]
    without: dict[Layer, str]
    only_stopped_by: list[Layer]  # the whole lock stops it, and all but this layer do not


class Matrix(_Part, frozen=True):
    layers: list[LayerSummary]
    attacks: list[Row]


class Report(_Part, frozen=True):
    """`tried` is `control_worked` and `not_demonstrable`; `control_worked` is `blocked` and `open`."""

    format: int
    level: str
    tried: int
    control_worked: int
    blocked: int
    open: list[Open]
    not_demonstrable: list[NotDemonstrable]
    untested: list[Untested]
    planted: list[Recorder]
    strangers: list[Stranger]
    limits: list[Limit]
    matrix: Matrix | None = None

    @property
    def holds(self) -> bool:
        """Nothing is open but what is documented, every recorder that works was caught, and where the host
        measure was tried no stranger was reached."""
        reached = any(stranger.reached for stranger in self.strangers)
        return all(found.documented for found in self.open) and not self.escaped and not reached

    @property
    def escaped(self) -> list[Recorder]:
        """Recorders that worked in spite of the lock."""
        return [recorder for recorder in self.planted if not recorder.caught]


FORMAT: Final = 1
"""Raised when a field changes its meaning or goes; new fields may come."""


def summarise(
    level: Level,
    lines: list[Line],
    measures: Sequence[HostMeasure],
    planted: Sequence[Planted] = (),
    untested: Sequence[Untested] = (),
    *,
    strangers: Sequence[Attempted] = (),
    limits: Sequence[Measured] = (),
    matrix: bool = False,
) -> Report:
    """The counts. A measure's state is looked up for what is open."""
    known = {measure.name: measure for measure in measures}
    tried = [line for line in lines if not line.skipped]
    worked = [line for line in tried if line.control.worked]
    open_attacks = [
        Open(line.attack, bool(line.closed_by), _measure(known[line.closed_by]) if line.closed_by else None)
        for line in worked
        if line.locked is None or line.locked.worked
    ]
    return Report(
        format=FORMAT,
        level=level.name.lower(),
        tried=len(tried),
        control_worked=len(worked),
        blocked=len(worked) - len(open_attacks),
        open=open_attacks,
        not_demonstrable=[
            NotDemonstrable(line.attack, line.control.how) for line in tried if not line.control.worked
        ],
        untested=[
            *(Untested(line.attack, line.skipped) for line in lines if line.skipped),
            *(
                Untested(f"with the host measure: {one.what}", one.skipped)
                for one in strangers
                if one.skipped
            ),
            *untested,
        ],
        planted=[_recorder(one) for one in planted],
        strangers=[_stranger(one) for one in strangers if not one.skipped],
        limits=[
            Limit(
                one.subject,
                one.how,
                one.bits_per_second,
                one.note,
                _measure(known[one.closed_by]) if one.closed_by else None,
            )
            for one in limits
        ],
        matrix=_matrix(worked) if matrix else None,
    )


def _recorder(one: Planted) -> Recorder:
    return Recorder(
        one.recorder, one.what, one.control.how, one.locked.how, one.control.worked, not one.locked.worked
    )


def _stranger(one: Attempted) -> Stranger:
    return Stranger(
        one.attempt, one.what, one.control.how, one.guarded.how, one.control.worked, one.guarded.worked
    )


def _measure(measure: HostMeasure) -> Measure:
    return Measure(measure.name, measure.text, measure.state())


def _matrix(worked: list[Line]) -> Matrix:
    rows = [_row(line, line.locked) for line in worked if line.locked is not None]
    summaries = [
        LayerSummary(
            layer,
            sum(layer in row.alone_stopped for row in rows),
            [row.attack for row in rows if layer in row.only_stopped_by],
        )
        for layer in Layer
    ]
    return Matrix(summaries, rows)


def _row(line: Line, locked: Outcome) -> Row:
    return Row(
        attack=line.attack,
        group=line.group,
        control=line.control.how,
        locked=locked.how,
        alone={layer: outcome.how for layer, outcome in line.alone.items()},
        alone_stopped=[layer for layer, outcome in line.alone.items() if not outcome.worked],
        without={layer: outcome.how for layer, outcome in line.without.items()},
        only_stopped_by=[
            layer for layer, outcome in line.without.items() if outcome.worked and not locked.worked
        ],
    )
