"""The documentation has every part that measures media over bad networks, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from bench.__main__ import PARTS
from bench.media.parts import PARTS as MEDIA_PARTS

PAGE = (Path(__file__).parents[2] / "docs/performance.md").read_text()


def test_each_part_is_documented() -> None:
    table = PAGE.partition("| Part | What happens | Value |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == list(MEDIA_PARTS)


def test_each_part_that_is_named_exists() -> None:
    named = re.findall(r"PARTS=\"?([\w -]+?)(?:\"|`|$| +#| ROUNDS)", PAGE, re.MULTILINE)
    assert len(named) >= 3
    assert {word for words in named for word in words.split()} <= PARTS.keys()
