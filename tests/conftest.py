"""Order and notes of the whole suite: unit tests first, then whole relays and servers, the longest first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

SLOW = ("relay", "promise", "e2e")


def _turn(item: pytest.Item) -> tuple[bool, float]:
    """When it is tested; how long it may take tells how long it takes."""
    limit = item.get_closest_marker("timeout")
    is_slow = any(item.get_closest_marker(name) for name in SLOW)
    return is_slow, -float(limit.args[0]) if is_slow and limit else 0.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A mistake found by a unit test is told before the first browser starts. What takes long starts
    early, to be done when the others are. The sort is stable."""
    items.sort(key=_turn)


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
