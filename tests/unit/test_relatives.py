"""Who counts as a process that a relay started."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.workers import relatives
from server.workers.proc import InspectionError

RELAY = 100


def _process(proc: Path, pid: int, parent: int, session: int, name: str = "python") -> None:
    (proc / str(pid)).mkdir()
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} {pid} {session} 0 -1 0\n")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Signaling, a relay in a session of its own, and what has nothing to do with them."""
    _process(tmp_path, 1, 0, 1)
    _process(tmp_path, 50, 1, 50)
    _process(tmp_path, RELAY, 50, RELAY)
    _process(tmp_path, 200, 50, 200)
    (tmp_path / "self").mkdir()
    return tmp_path


def test_a_relay_by_itself_has_none(proc: Path) -> None:
    assert relatives.count(RELAY, proc) == 0


def test_children_and_their_children_count(proc: Path) -> None:
    _process(proc, 300, RELAY, 300)
    _process(proc, 301, 300, 300)
    assert relatives.count(RELAY, proc) == 2


def test_an_orphan_of_its_session_counts(proc: Path) -> None:
    _process(proc, 300, 1, RELAY)
    assert relatives.count(RELAY, proc) == 1


def test_a_name_that_looks_like_fields_deceives_nobody(proc: Path) -> None:
    _process(proc, 300, RELAY, 300, name="x) S 1 1 1 (y")
    assert relatives.count(RELAY, proc) == 1


def test_who_ends_meanwhile_is_passed_over(proc: Path) -> None:
    (proc / "300").mkdir()
    (proc / "301").mkdir()
    (proc / "301" / "stat").write_text("")
    assert relatives.count(RELAY, proc) == 0


def test_parents_in_a_circle_end(proc: Path) -> None:
    """Numbers are given out again while the list is read."""
    _process(proc, 300, 301, 300)
    _process(proc, 301, 300, 300)
    assert relatives.count(RELAY, proc) == 0


def test_without_a_list_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(InspectionError):
        relatives.count(RELAY, tmp_path / "none")
