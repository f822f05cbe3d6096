"""Numbers of endings: coarse, bounded, rationed; and what a relay could still hide in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from server.control import budget, numbers
from server.control.messages import CandidateKind, PathKind, ProducerEnded, TransportEnded

TRANSPORT = TransportEnded(
    7, True, PathKind.UDP_IPV4, CandidateKind.HOST, 1024, 98304, 15, 1280, 104, 2, 20, 30
)
PRODUCER = ProducerEnded(8, True, 3, 1024, 98304, 16, 104, 20, 2, 1)


@given(st.integers(0, numbers.MOST_BYTES * 4))
def test_a_coarse_number_is_near_the_truth_and_stays_what_it_is(value: int) -> None:
    told = numbers.coarse(value, numbers.MOST_BYTES)
    assert abs(told - min(value, numbers.MOST_BYTES)) * 16 <= value
    assert numbers.is_coarse(told, numbers.MOST_BYTES)
    assert bin(told).strip("0b").rstrip("0").count("") - 1 <= numbers.SIGNIFICANT_BITS


def test_something_never_reads_as_nothing() -> None:
    assert [numbers.coarse(value, numbers.MOST_PACKETS) for value in (0, 1, 15, 17)] == [0, 1, 15, 18]


@pytest.mark.parametrize("most", [numbers.MOST_PACKETS, numbers.LONGEST_ROUND_TRIP, numbers.MOST_JITTER])
def test_the_bits_of_a_coarse_number_are_those_of_all_that_it_can_be(most: int) -> None:
    every = {numbers.coarse(base << shift, most) for base in range(16) for shift in range(31)}
    assert len(every) == round(2 ** numbers.bits(most))


@pytest.mark.parametrize(
    "change",
    [
        {"packets_received": 1025},
        {"packets_lost": 2 * numbers.MOST_PACKETS},
        {"bytes_sent": 2 * numbers.MOST_BYTES},
        {"round_trip_last": 33, "round_trip_worst": 40},
        {"round_trip_last": 32},
        {"round_trip_worst": 2 * numbers.LONGEST_ROUND_TRIP},
        {"measured": False},
    ],
)
def test_numbers_of_a_transport_that_carry_something_else_are_noticed(change: dict[str, Any]) -> None:
    assert numbers.plausible(TRANSPORT)
    assert not numbers.plausible(structs.replace(TRANSPORT, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"layers": 9},
        {"packets": 1025},
        {"bytes": 98305},
        {"jitter": 33},
        {"jitter": 2048},
        {"key_frames": 2 * numbers.MOST_KEY_FRAMES},
        {"measured": False},
    ],
)
def test_numbers_of_a_track_that_carry_something_else_are_noticed(change: dict[str, Any]) -> None:
    assert numbers.plausible(PRODUCER)
    assert not numbers.plausible(structs.replace(PRODUCER, **change))


def test_a_crowd_may_leave_at_once_and_not_for_ever() -> None:
    ration = numbers.Ration(0.0)
    at_once = sum(ration.take(1.0) for _ in range(10_000))
    assert at_once == numbers.SAVED_UP
    assert sum(ration.take(1.0 + second / 10) for second in range(1_000)) == 99
    assert not numbers.Ration(100.0, slack=-numbers.SAVED_UP).take(50.0), "time that goes back gives nothing"


def test_signaling_lets_everything_through_that_the_relay_may_tell() -> None:
    relay, signaling = numbers.Ration(0.0), numbers.Ration(0.01, slack=64)
    for step in range(20_000):
        now = step * 0.05
        if relay.take(now):
            assert signaling.take(now + 0.02)


def test_what_is_hidden_in_endings_is_a_third_of_what_can_be_hidden_at_all() -> None:
    assert numbers.bits_per_second() < 66
    assert numbers.bits_per_second() < budget.bits_per_second(1000) / 3
