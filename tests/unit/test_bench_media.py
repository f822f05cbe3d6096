"""How figures of media are computed: freezes, sound that was made up, and when a link has settled."""

from __future__ import annotations

from typing import Any

import pytest

from bench.figure import medians, percentile, rounds
from bench.media.downlink import Phase, Sample
from bench.media.record import Frame, Inbound, Snapshot, longest_gap


def frames(*spans: tuple[int, int], height: int = 540, age: float = 100.0) -> list[Frame]:
    """Ten a second, from second to second."""
    return [
        Frame(1000.0 * start + 100 * number, height, age)
        for start, end in spans
        for number in range(10 * (end - start))
    ]


def test_the_longest_gap_counts_both_ends() -> None:
    seen = frames((2, 4), (5, 6))
    assert longest_gap(seen, 0, 10_000) == 4_100
    assert longest_gap(seen, 2_000, 6_000) == 1_100
    assert longest_gap([], 0, 3_000) == 3_000


def test_sound_that_never_came_is_all_made_up() -> None:
    assert Inbound().concealed_share == 1.0
    before, after = Inbound(concealed=10, samples=100), Inbound(concealed=30, samples=500)
    assert after.since(before).concealed_share == 0.05
    assert after.since(before).plus(before) == after


def test_percentiles() -> None:
    assert percentile([3, 1, 2], 50) == 2
    assert percentile(list(range(100)), 95) == 95
    assert percentile([7], 95) == 7


def sample(second: int, *, offered: int, lost: int) -> Sample:
    link: dict[str, Any] = {
        "offered": {"packets": offered},
        "delivered": {"packets": offered - lost, "bytes": 1_000 * (offered - lost)},
        "dropped": {"queue": {"packets": lost}},
    }
    return Sample(1000.0 * second, link, Snapshot(1000.0 * second))


def phase(seen: dict[str, list[Frame]], losing_until: int = 0) -> Phase:
    """Twenty seconds; half of what is offered is lost in its first seconds."""
    samples = [
        sample(second, offered=100 * second, lost=50 * min(second, losing_until)) for second in range(21)
    ]
    return Phase(0.0, 20_000.0, 3_000, samples, seen)


def test_a_link_settles_when_everything_is_good_for_five_seconds() -> None:
    anything = {"ada": 0.0, "alan": 0.0}
    always = frames((0, 20))
    assert phase({"ada": always, "alan": always}).settled_after(anything) == 0.0
    assert phase({"ada": always, "alan": frames((7, 20))}).settled_after(anything) == 7.0
    assert phase({"ada": always, "alan": frames((0, 4), (5, 20))}).settled_after(anything) == 5.0
    assert phase({"ada": always, "alan": frames((16, 20))}).settled_after(anything) is None
    assert phase({"ada": always, "alan": always}, losing_until=3).settled_after(anything) == 3.0


def test_old_pictures_are_not_good() -> None:
    late = frames((0, 6), age=900.0) + frames((6, 20))
    assert phase({"ada": late}).settled_after({"ada": 0.0}) == 6.0


def test_after_a_step_up_pictures_must_be_large_again() -> None:
    growing = frames((0, 9), height=135) + frames((9, 20))
    assert phase({"ada": growing}).settled_after({"ada": 0.0}) == 0.0
    assert phase({"ada": growing}).settled_after({"ada": 540.0}) == 9.0


def test_the_share_of_the_link_and_of_what_was_lost() -> None:
    numbers = phase({"ada": frames((0, 20))}, losing_until=20).numbers({"ada": 0.0})
    assert numbers["lost_in_queue_percent"] == 50
    assert numbers["link_used_percent"] == pytest.approx(100 * 1_000_000 * 8 / 20 / 3_000_000)
    assert (numbers["is_settled"], numbers["settled_s"]) == (0.0, 20.0)


def test_medians_are_of_each_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert medians([{"a": 1, "b": 5}, {"a": 9, "b": 7}, {"a": 2, "b": 6}]) == {"a": 2, "b": 6}
    monkeypatch.setenv("ROUNDS", "")
    assert rounds(3) == 3
    monkeypatch.setenv("ROUNDS", "1")
    assert rounds(3) == 1
