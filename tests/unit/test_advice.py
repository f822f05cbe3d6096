"""Each cause of a failure has words for what it means and what to do; the documentation has the same."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from server.metadata.advice import ADVICE, STAGES
from server.metadata.outcome import AttemptCause, Stage

ROOT = Path(__file__).parents[2]


def test_every_cause_and_every_stage_has_words() -> None:
    assert set(ADVICE) == set(AttemptCause)
    assert list(STAGES) == list(Stage)


@pytest.mark.parametrize("cause", [cause for cause in AttemptCause if cause is not AttemptCause.NONE])
def test_the_documentation_says_the_same(cause: AttemptCause) -> None:
    advice = ADVICE[cause]
    row = f"| `{cause}` | {advice.means} | {advice.do} |"
    assert row in (ROOT / "docs/failures.md").read_text()


def test_settings_that_are_named_exist() -> None:
    settings = tomllib.loads((ROOT / "config.toml").read_text())
    words = {
        word.strip(".,;:()`") for advice in ADVICE.values() for word in f"{advice.means} {advice.do}".split()
    }
    named = {tuple(word.split(".")) for word in words if word.split(".")[0] in settings and "." in word}
    assert named == {
        ("rooms", "auto_create"),
        ("rooms", "max_participants"),
        ("relay", "advertise"),
        ("relay", "full_percent"),
    }
    assert all(name in settings[section] for section, name in named)


@pytest.mark.parametrize("stage", list(Stage))
def test_the_documentation_has_every_stage(stage: Stage) -> None:
    assert f"| `{stage}` | {STAGES[stage]} |" in (ROOT / "docs/failures.md").read_text()
