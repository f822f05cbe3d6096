"""What docs/hosting.md says of platforms is tested, or marked as read elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rows() -> list[tuple[str, str, str]]:
    text = (ROOT / "docs" / "hosting.md").read_text()
    table = text.partition("| Where | Level | Known by |\n|---|---|---|\n")[2].partition("\n\n")[0]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()]  # type: ignore[misc]


def test_each_row_says_how_it_is_known() -> None:
    assert len(rows()) >= 8
    for where, level, known in rows():
        named = re.findall(r"`(tests/[a-z_/]+\.py)`", known)
        assert named or "from documentation" in known or "nothing was run there" in known, where
        assert all((ROOT / name).exists() for name in named), where
        assert re.match(r"`(full|reduced)`|does not start", level), where
