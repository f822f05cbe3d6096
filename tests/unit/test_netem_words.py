"""The words for a bad network are the same in the emulator, in the tests and in the documentation."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tests.e2e.netem import Conditions

ROOT = Path(__file__).parents[2]
WORDS = [field.name for field in fields(Conditions)]


def test_the_emulator_knows_the_words_of_the_tests() -> None:
    source = (ROOT / "server/native/netem/src/proxy/words.rs").read_text()
    direction = source.partition("struct Direction {")[2].partition("\n}")[0]
    assert re.findall(r"^    (\w+): ", direction, re.MULTILINE) == WORDS


def test_the_documentation_has_each_word() -> None:
    page = (ROOT / "docs/performance.md").read_text()
    table = page.partition("| Word | Means |")[2].partition("\n\n")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert [word for cell in first_cells for word in re.findall(r"`(\w+)`", cell)] == WORDS


def test_what_is_as_on_a_perfect_network_is_not_said() -> None:
    assert Conditions().words() == {}
    assert Conditions(loss=0.05, queue_bytes=0).words() == {"loss": 0.05, "queue_bytes": 0}
