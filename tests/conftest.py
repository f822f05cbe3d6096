"""Order and notes of the whole suite: fast tests first, whole servers last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

SLOW = ("relay", "promise", "e2e")
NOTES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[NOTES] = []


def _cost(item: pytest.Item) -> int:
    return max((SLOW.index(name) + 1 for name in SLOW if item.get_closest_marker(name)), default=0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A mistake found by a unit test is told before the first browser starts. The sort is stable."""
    items.sort(key=_cost)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Lines that are no failure, shown at the end of the run."""
    lines: list[str] = []
    yield lines
    request.config.stash[NOTES].extend(lines)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash[NOTES]:
        terminalreporter.write_line(f"note: {line}")
