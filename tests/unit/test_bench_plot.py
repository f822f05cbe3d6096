"""A run becomes one picture: what compares stands together, each bar named and as long as its value."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.figure import show, show_machine
from bench.plot import caption, groups, main, svg, telling

SVG = "{http://www.w3.org/2000/svg}"
MACHINE: dict[str, object] = {"machine": "Some CPU, 2 cores, Linux 6", "began": "2026-11-29 17:02 UTC"}


def figure(
    value: float, name: str = "forwarded", unit: str = "packets/s", **parameters: object
) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit, **parameters, "load_average": value}


LINES = [
    MACHINE,
    figure(4, server="a", bytes=160, lost=0),
    figure(12.5, server="b", bytes=160, lost=7),
    figure(-3, name="cost <of> a packet", unit="%", rooms=200),
    figure(1, name="forwarded", unit="MiB"),
    figure(8, server="c", bytes=160, lost=9),
]


def test_what_compares_stands_together() -> None:
    made = groups(LINES)
    assert [group.title for group in made] == [
        "forwarded, packets/s",
        "cost <of> a packet, %",
        "forwarded, MiB",
    ]
    assert [bar.label for bar in made[0].bars] == ["server a", "server b", "server c"]
    assert "lost 7" in made[0].bars[1].told
    assert made[1].bars[0].label.startswith("rooms 200"), "one alone is named by all that is known"


def test_bars_are_told_apart_by_what_was_asked_before_what_was_measured() -> None:
    rounds = ((1, 5), (2, 6), (3, 7))
    lines = [figure(1, kind="video", bytes=160, round=number, lost=lost) for number, lost in rounds]
    assert telling(lines) == ["round"]
    assert telling(lines[:1]) == []


def test_the_machine_and_its_load_are_named() -> None:
    assert caption(LINES) == "Some CPU, 2 cores, Linux 6 · 2026-11-29 17:02 UTC · load average -3 to 12.5"
    assert caption(LINES[1:2]).startswith("a machine that is not named")


def test_bars_are_as_long_as_their_values_and_begin_at_nothing() -> None:
    picture = ElementTree.fromstring(svg(LINES))  # so names are escaped
    bars = [each for each in picture.iter(f"{SVG}rect") if each.get("class") == "bar"]
    widths = [float(bar.get("width", 0)) for bar in bars]
    assert [round(width / widths[0], 1) for width in widths[:3]] == [1, 3.1, 2]
    axes = [float((each.get("d") or "M0 ")[1:].split(" ")[0]) for each in picture.iter(f"{SVG}path")]
    starts = [float(bar.get("x", 0)) for bar in bars]
    assert starts[0] == axes[0]
    assert starts[3] + widths[3] == pytest.approx(axes[1]), "less than nothing goes to the left"
    height = float(picture.get("height", 0))
    assert all(float(bar.get("y", 0)) + 14 < height for bar in bars)


def test_lines_of_a_run_are_drawn_beside_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_machine()
    show("idle_cpu", 0.12345, "% of a core", transports=1000)
    told = capsys.readouterr().out
    machine, idle = (json.loads(line) for line in told.splitlines())
    assert "cores" in machine["machine"]
    assert (idle["value"], idle["transports"]) == (0.123, 1000)
    assert idle["load_average"] >= 0
    (tmp_path / "latest.jsonl").write_text("a warning of something\n" + told)
    main(str(tmp_path / "latest.jsonl"))
    drawn = (tmp_path / "latest.svg").read_text()
    assert "0.123" in drawn
    assert "idle cpu, % of a core" in drawn
