"""A figure is one line of JSON."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Mapping, Sequence


def show(name: str, value: float, unit: str, **parameters: object) -> None:
    """Printed at once, so that a long run can be followed."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, **parameters}), flush=True)


def rounds(usual: int) -> int:
    """How often something is measured: `make bench ROUNDS=1` for a quick look."""
    return int(os.environ.get("ROUNDS") or usual)


def medians(measured: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each number, over the rounds; the names are those of the first."""
    return {name: round(statistics.median(one[name] for one in measured), 3) for name in measured[0]}
