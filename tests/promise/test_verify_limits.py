"""`offrecord verify`: what it says of ways out that are narrow, and how it counts their bits."""

from __future__ import annotations

import pytest

from server.control import budget
from server.control.messages import Level
from server.verify.attack import Attack
from server.verify.limits import THINGS, capacity, limits
from server.verify.measures import MEASURES
from server.verify.report import summarise
from server.verify.wire import How, Measured, Outcome

pytestmark = pytest.mark.promise


@pytest.mark.parametrize(
    ("errors", "expected"), [(0.0, 100.0), (1.0, 100.0), (0.5, 0.0), (0.11, 50.0), (0.89, 50.0)]
)
def test_wrong_bits_lower_what_a_channel_carries(errors: float, expected: float) -> None:
    assert capacity(errors, 0.01) == pytest.approx(expected, abs=0.1)


def test_what_could_not_be_measured_has_no_figure() -> None:
    def fails(_attack: Attack) -> Outcome:
        return Outcome(False, "timed out")

    found = limits(fails)
    assert {one.how for one in found} == set(How)
    for one in found:
        if one.how is How.MEASURED:
            assert one.bits_per_second is None
            assert "could not be measured: timed out" in one.note


def test_the_budget_of_control_messages_is_told_as_it_is_computed() -> None:
    (told,) = (one for one in limits(lambda _: Outcome(False, "")) if one.how is How.COMPUTED)
    assert told.bits_per_second == round(budget.bits_per_second(THINGS), 1)
    assert told.bits_per_second < 450  # the lowest rate at which speech has been coded: Codec 2


def test_a_limit_is_never_counted_as_blocked() -> None:
    limit = Measured("time", How.MEASURED, 20.0, "64 bits", MEASURES[0].name)
    report = summarise(Level.FULL, [], MEASURES, limits=[limit])
    assert (report.tried, report.blocked) == (0, 0)
    assert report.limits[0].closed_by is not None
    assert report.limits[0].closed_by.text == MEASURES[0].text
