"""A running server serves another policy when it is told to read the file again, or keeps to what it has."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from server.config import Config, PrivacyPolicy
from server.policy.document import PolicyError
from server.policy.served import ServedPolicy
from tests.unit.test_policy_document import completed
from tests.unit.test_policy_history import revised


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(completed())
    return path


def serving(file: Path) -> tuple[ServedPolicy, list[str]]:
    """And the versions that others were told of."""
    served = ServedPolicy(Config(policy=PrivacyPolicy(file=str(file))))
    told: list[str] = []
    served.on_change(lambda: told.append(served.version))
    return served, told


def test_what_is_read_again_is_served_and_told(file: Path) -> None:
    served, told = serving(file)
    first = served.version
    file.write_text(revised())
    served.read_again()
    assert served.version.startswith("2026-06-01-")
    assert told == [served.version] != [first]
    assert served.notice is not None
    assert served.notice.version == served.version


def test_the_same_is_told_to_nobody(file: Path) -> None:
    served, told = serving(file)
    served.read_again()
    assert told == []


@pytest.mark.parametrize("broken", ["revised =", "", None])
def test_what_cannot_be_used_changes_nothing_and_the_log_says_why(
    broken: str | None, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served, told = serving(file)
    before = served.version
    file.unlink()
    if broken is not None:
        file.write_text(broken)
    with caplog.at_level(logging.INFO):
        served.read_again()
    assert (served.version, told) == (before, [])
    [line] = caplog.records
    assert line.levelno == logging.ERROR
    assert "that was served before is served" in line.getMessage()


def test_at_the_start_a_policy_that_cannot_be_used_is_a_reason_not_to(file: Path) -> None:
    file.write_text("revised =")
    with pytest.raises(PolicyError):
        serving(file)


def test_where_none_is_published_there_is_nothing_to_read() -> None:
    served = ServedPolicy(Config())
    served.read_again()
    assert (served.policy, served.version, served.notice) == (None, "", None)
