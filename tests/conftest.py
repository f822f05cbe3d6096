"""Order and notes of the whole suite: fast tests first, whole servers last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

SLOW = ("relay", "promise", "e2e")


def _cost(item: pytest.Item) -> int:
    return max((SLOW.index(name) + 1 for name in SLOW if item.get_closest_marker(name)), default=0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A mistake found by a unit test is told before the first browser starts. The sort is stable."""
    items.sort(key=_cost)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Lines that are no failure, shown at the end of the run; they reach it from other processes too."""
    lines: list[str] = []
    yield lines
    request.node.user_properties.extend(("note", line) for line in lines)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "teardown":
                for name, line in report.user_properties:
                    if name == "note":
                        terminalreporter.write_line(f"note: {line}")
