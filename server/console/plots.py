"""A timeline as a picture: lanes of bars, in percent of its width, for an SVG that the server writes. PURE.

Percentages, so that words keep their size on a narrow screen; heights as well as colours, so that nobody has
to tell colours apart. The table beside it says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from server.console.moments import Moments
from server.console.timeline import Band, Timeline
from server.console.words import duration

MOST_TRACKS: Final = 12
LANE: Final = 46
LABEL: Final = 14
"""From the top of a lane to the base of its words."""
BAR: Final = 18
GAP: Final = 8
TICKS: Final = 24
"""Pixels, all of these."""
THINNEST: Final = 0.4
"""Percent of the width."""
_STEPS: Final = (0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400)
_MOST_TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """`x` and `width` in percent; `y` and `height` in pixels."""

    x: float
    width: float
    y: float
    height: float
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Lane:
    """`y` is the base of its words."""

    label: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """`x` in percent."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """`words` is the alternative in text; `hidden` tracks are in the table only."""

    height: int
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    words: str
    hidden: int


def plot(line: Timeline, moments: Moments) -> Plot:
    """Lanes from asking to join until the end, or now."""
    drawing = _Drawing(line.asked_at, max(line.until - line.asked_at, 0.001))
    ready = line.until if line.active_at is None else line.active_at
    failed = line.attempt.get("cause", "none") != "none"
    drawing.lane("Joining", [Band(line.asked_at, ready, "joining", "alarm" if failed else "plain")])
    if line.quality:
        drawing.lane("Connection", line.quality)
    for track in line.tracks[:MOST_TRACKS]:
        end = line.until if track.end is None else track.end
        drawing.lane(track.label, [Band(track.start, end, "on", "accent")])
    return Plot(
        height=len(drawing.lanes) * LANE + TICKS,
        lanes=tuple(drawing.lanes),
        ticks=_ticks(drawing, moments),
        words=" ".join(
            f"{lane.label}: {', '.join(bar.words for bar in lane.bars)}." for lane in drawing.lanes
        ),
        hidden=max(0, len(line.tracks) - MOST_TRACKS),
    )


class _Drawing:
    """Lanes below each other, all of the same time."""

    def __init__(self, start: float, span: float) -> None:
        self.start = start
        self.span = span
        self.lanes: list[Lane] = []

    def lane(self, label: str, bands: Sequence[Band]) -> None:
        top = len(self.lanes) * LANE
        self.lanes.append(Lane(label, top + LABEL, tuple(self._bar(one, top) for one in bands)))

    def percent(self, at: float) -> float:
        return 100 * (at - self.start) / self.span

    def _bar(self, band: Band, top: int) -> Bar:
        width = max(self.percent(band.end) - self.percent(band.start), THINNEST)
        height = BAR * band.strength
        return Bar(
            x=round(min(self.percent(band.start), 100 - THINNEST), 2),
            width=round(width, 2),
            y=round(top + LANE - GAP - height, 1),
            height=round(height, 1),
            tone=band.tone,
            words=f"{band.label} for {duration(band.end - band.start)}",
        )


def _ticks(drawing: _Drawing, moments: Moments) -> tuple[Tick, ...]:
    """A few round steps from the beginning."""
    step = next((one for one in _STEPS if drawing.span / one <= _MOST_TICKS), drawing.span / _MOST_TICKS)
    found = []
    for number in range(int(drawing.span / step) + 1):
        x = drawing.percent(drawing.start + number * step)
        if x <= 88 or number == 0:  # what would stand beyond the end is left out
            label = moments.clock(drawing.start) if number == 0 else f"+{duration_of(number * step)}"
            found.append(Tick(round(x, 2), label))
    return tuple(found)


def duration_of(seconds: float) -> str:
    """`500 ms`, else as everywhere."""
    return f"{round(seconds * 1000)} ms" if seconds < 1 else duration(seconds)
