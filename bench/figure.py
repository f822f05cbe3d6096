"""A figure is one line of JSON."""

from __future__ import annotations

import json


def show(name: str, value: float, unit: str, **parameters: object) -> None:
    """Printed at once, so that a long run can be followed."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, **parameters}), flush=True)
