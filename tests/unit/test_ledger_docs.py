"""The table of the ledger in docs/operations.md names every field of every row, and how long it is kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.metadata.event import EVENT_TYPES, Event, declarations, expiry_of, name_of

TOLD = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
# How a field is called there, where it is not by its own name.
WORDS = {
    "participant": "session id",
    "code": "support code",
    "stage": "last step done",
    "count": "number within a minute",
    "usual_quality": "mostly",
    "worst_quality": "at worst",
    "join_milliseconds": "milliseconds",
    "sdk": "SDK",
    "sdk_version": "version",
    "browser": "browser family",
    "browser_version": "major version",
    "track": "track id",
    "relays": "number of relays",
    "relay": "number",
    "call": "system call",
    "right": "on request",
    "rows": "how many rows",
    "policy_version": "version of that policy",
}


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=name_of)
def test_every_field_of_a_row_is_told(kind: type[Event]) -> None:
    [row] = [line for line in TOLD.splitlines() if line.startswith("|") and f"`{name_of(kind)}`" in line]
    assert f"| `{expiry_of(kind).value}` |" in row
    fields = row.split("|")[2]
    for field in declarations(kind):
        words = WORDS.get(field, field.replace("_", " "))
        if field == "milliseconds":
            words = "duration"
        if (name_of(kind), field) == ("subject_request", "reason"):
            words = "why"
        assert re.search(rf"\b{re.escape(words)}\b", fields), f"{name_of(kind)}: {field}"
