"""How much of a core a relay uses: lately, and without what its birth cost."""

from __future__ import annotations

import pytest

from server.workers.load import FADING, Load


def heard(shares: list[float]) -> Load:
    """Each for two seconds, from a second after the birth on, which cost half a second."""
    load, milliseconds, now = Load(), 500, 101.0
    load.begin(100.0)
    load.heard(milliseconds, now)
    for share in shares:
        milliseconds, now = milliseconds + round(share * 2000), now + 2
        load.heard(milliseconds, now)
    return load


def test_the_birth_is_no_load() -> None:
    assert heard([]).share == 0.0


def test_what_goes_on_is_the_load() -> None:
    assert heard([0.4] * 30).share == pytest.approx(0.4, abs=0.01)


def test_seconds_of_everything_are_not() -> None:
    assert 0.1 < heard([1.0]).share < 0.2
    assert heard([1.0] * 30 + [0.0] * round(FADING)).share < 0.15


def test_a_clock_that_stands_still_is_ignored() -> None:
    load = heard([0.4] * 30)
    load.heard(10_000_000, 101.0)
    assert load.share == pytest.approx(0.4, abs=0.01)
