"""A figure is one line of JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path


def show(name: str, value: float, unit: str, **parameters: object) -> None:
    """Printed at once, so that a long run can be followed, with the load that the machine has."""
    load = round(os.getloadavg()[0], 2)
    figure = {"name": name, "value": round(value, 3), "unit": unit, **parameters, "load_average": load}
    print(json.dumps(figure), flush=True)


def show_machine() -> None:
    """Of what all figures of a run are: the first line."""
    cpu = Path("/proc/cpuinfo").read_text().partition("model name")[2].partition("\n")[0].strip("\t: ")
    machine = f"{cpu or platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"
    print(json.dumps({"machine": machine, "began": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"}), flush=True)


def rounds(usual: int) -> int:
    """How often something is measured: `make bench ROUNDS=1` for a quick look."""
    return int(os.environ.get("ROUNDS") or usual)


def medians(measured: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each number, over the rounds; the names are those of the first."""
    return {name: round(statistics.median(one[name] for one in measured), 3) for name in measured[0]}


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that this share does not exceed; NaN of none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
