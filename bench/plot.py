"""`python -m bench.plot FILE`: the lines of a run as one picture, FILE with the ending .svg.

Figures of one name and unit are one group with a scale of its own. A bar is named by what tells it from the
others of its group; the rest is in its tooltip. Drawn by hand, as bars need no library.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

FIGURE: Final = frozenset({"name", "value", "unit"})
LOAD: Final = "load_average"
WIDTH: Final = 1100
MARGIN: Final = 24
LABELS: Final = 430
"""Room for the bars' names; they end where bars begin."""
VALUES: Final = 110
BAR, GAP, HEAD, BETWEEN = 14, 6, 26, 22
LONGEST_LABEL: Final = 66

Line = Mapping[str, object]


@dataclass(frozen=True)
class Bar:
    """One figure."""

    label: str
    value: float
    told: str
    """Everything that was said of it."""


@dataclass(frozen=True)
class Group:
    """Figures that compare."""

    title: str
    bars: Sequence[Bar]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _told(line: Line, names: Sequence[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {line[name]}" for name in names if name in line)


def telling(lines: Sequence[Line]) -> list[str]:
    """The first parameters that tell all lines apart; those that tell no more than the ones before are left
    out. Inputs are given before what was measured, so that these are named."""
    names = dict.fromkeys(name for line in lines for name in line if name not in FIGURE and name != LOAD)
    chosen: list[str] = []
    apart = 1
    for name in names:
        more = len({_told(line, [*chosen, name]) for line in lines})
        if more > apart:
            chosen.append(name)
            apart = more
    return chosen


def groups(lines: Sequence[Line]) -> list[Group]:
    """In the order in which they were measured; what is no figure is left out."""
    sorted_by: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.keys() >= FIGURE:
            sorted_by.setdefault((str(line["name"]), str(line["unit"])), []).append(line)
    made = []
    for (name, unit), those in sorted_by.items():
        chosen = telling(those)
        bars = []
        for line in those:
            told = _told(line, [each for each in line if each not in FIGURE])
            bars.append(Bar(_told(line, chosen) or told, _number(line["value"]), told))
        made.append(Group(f"{name.replace('_', ' ')}, {unit}", bars))
    return made


def caption(lines: Sequence[Line]) -> str:
    """Of the machine, as the first line says it, and how busy it was."""
    machine = next((line for line in lines if "machine" in line), None)
    loads = [_number(line[LOAD]) for line in lines if LOAD in line]
    said = [str(value) for value in machine.values()] if machine else ["a machine that is not named"]
    if loads:
        said.append(f"load average {min(loads):g} to {max(loads):g}")
    return " · ".join(said)


def _text(x: float, y: float, text: str, style: str = "", end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{anchor} class="{style}">{escape(text)}</text>'


def _bars(group: Group, top: float) -> list[str]:
    """All from a line at nothing, so that lengths compare."""
    lowest = min(0.0, *(bar.value for bar in group.bars))
    highest = max(0.0, *(bar.value for bar in group.bars))
    left, room = MARGIN + LABELS, WIDTH - 2 * MARGIN - LABELS - VALUES
    scale = room / ((highest - lowest) or 1.0)
    zero = left - lowest * scale
    drawn = []
    for number, bar in enumerate(group.bars):
        y = top + number * (BAR + GAP)
        label = bar.label if len(bar.label) <= LONGEST_LABEL else bar.label[: LONGEST_LABEL - 1] + "…"
        start, length = min(zero, zero + bar.value * scale), abs(bar.value) * scale
        drawn += [
            f"<g><title>{escape(bar.told)}</title>",
            _text(left - 8, y + BAR - 3, label, "label", end=True),
            f'<rect x="{start:.1f}" y="{y:.1f}" width="{max(length, 1.0):.1f}" height="{BAR}" class="bar"/>',
            _text(max(zero, start + length) + 6, y + BAR - 3, f"{bar.value:,.6g}", "value"),
            "</g>",
        ]
    height = len(group.bars) * (BAR + GAP)
    drawn.append(f'<path d="M{zero:.1f} {top - 3:.1f}v{height + 2:.1f}" class="axis"/>')
    return drawn


def svg(lines: Sequence[Line]) -> str:
    """The picture."""
    drawn = [_text(MARGIN, 36, "Figures of one run", "title"), _text(MARGIN, 58, caption(lines), "label")]
    top = 84.0
    for group in groups(lines):
        drawn.append(_text(MARGIN, top + 14, group.title, "group"))
        top += HEAD
        drawn += _bars(group, top)
        top += len(group.bars) * (BAR + GAP) + BETWEEN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top:.0f}"'
            f' viewBox="0 0 {WIDTH} {top:.0f}" font-family="system-ui, sans-serif" font-size="12">',
            "<style>.title{font-size:18px;font-weight:600}.group{font-size:13px;font-weight:600}",
            ".label{fill:#555}.value{fill:#222}.bar{fill:#3b6ea5}.axis{stroke:#999;fill:none}</style>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def main(name: str) -> None:
    file = Path(name)
    lines = [json.loads(line) for line in file.read_text().splitlines() if line.startswith("{")]
    file.with_suffix(".svg").write_text(svg(lines))


if __name__ == "__main__":
    main(sys.argv[1])
