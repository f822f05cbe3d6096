"""The threat model says what is open, and no more and no less than `offrecord verify` knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.verify.attacks import ATTACKS

pytestmark = pytest.mark.promise

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threat-model.md"


def _section(title: str) -> str:
    return PAGE.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_open_list_is_that_of_the_verification() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", _section("What is open"), re.MULTILINE))
    assert told == {one.name: one.closed_by.text for one in ATTACKS if one.closed_by is not None}


def test_no_attack_is_named_as_open_elsewhere() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE.read_text("utf-8"))) & {one.name for one in ATTACKS}
    assert named == {one.name for one in ATTACKS if one.closed_by is not None}


def test_files_and_settings_that_it_names_exist() -> None:
    for path in re.findall(r"`((?:server|docs)/[\w/.-]+)`", PAGE.read_text("utf-8")):
        assert (ROOT / path).exists(), path
    assert "(docs/threat-model.md)" in (ROOT / "README.md").read_text("utf-8")
