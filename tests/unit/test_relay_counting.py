"""Counters of a relay are answers: in order, once, and no more than can be true."""

from __future__ import annotations

import pytest
from msgspec import structs

from server.control.budget import BYTES_STEP, COUNTER_STEP, STATS_EVERY, TRAFFIC_EVERY, plausible_traffic
from server.control.messages import GetStats, GetTraffic, Stats, Traffic
from server.errors import RelayError
from server.workers.counting import Counting

STATS = Stats(0, 2, 3, 4, 640, 1280, 64, 100, 80, 160, 416, 90)
TRAFFIC = Traffic(0, 4 * BYTES_STEP, 2 * BYTES_STEP, 64, 0, 0, 64, 0, 32, 64, 64, 128, 128, 192, 640)


def asked(counting: Counting, now: float) -> list[GetStats | GetTraffic]:
    questions = counting.questions(now)
    for question in questions:
        counting.sent(question)
    return [one for one in questions if isinstance(one, GetStats | GetTraffic)]


def answer(question: GetStats | GetTraffic) -> Stats | Traffic:
    told: Stats | Traffic = STATS if isinstance(question, GetStats) else TRAFFIC
    return structs.replace(told, sequence=question.sequence)


@pytest.fixture
def counting() -> Counting:
    made = Counting()
    made.begin(100.0)
    return made


def test_traffic_is_asked_for_at_once_and_then_seldom(counting: Counting) -> None:
    rounds = [asked(counting, 100.0 + step * STATS_EVERY) for step in range(60)]
    with_traffic = [at for at, questions in enumerate(rounds) if len(questions) == 2]
    assert with_traffic == [0, 15, 30, 45]


def test_answers_are_kept(counting: Counting) -> None:
    for question in asked(counting, 100.0):
        counting.heard(answer(question), 100.1)
    assert counting.stats is not None
    assert counting.traffic is not None
    assert (counting.stats.packets_sent, counting.traffic.bytes_received) == (1280, 4 * BYTES_STEP)


def test_an_answer_that_was_not_asked_for_ends_the_relay(counting: Counting) -> None:
    stats, traffic = asked(counting, 100.0)
    for question in (stats, traffic):
        counting.heard(answer(question), 100.1)
        with pytest.raises(RelayError, match="without being asked"):
            counting.heard(answer(question), 100.2)


def test_a_sequence_is_no_choice_of_the_relay(counting: Counting) -> None:
    asked(counting, 100.0)
    with pytest.raises(RelayError, match="without being asked"):
        counting.heard(structs.replace(STATS, sequence=12_345), 100.1)


def test_a_late_answer_is_taken_in_its_turn(counting: Counting) -> None:
    first, _ = asked(counting, 100.0)
    (second,) = asked(counting, 102.0)
    with pytest.raises(RelayError):
        Counting.heard(_copy(counting), answer(second), 102.1)
    counting.heard(answer(first), 102.1)
    counting.heard(answer(second), 102.2)


def _copy(counting: Counting) -> Counting:
    """As it would have been."""
    made = Counting()
    made.begin(100.0)
    for question in (*asked(made, 100.0), *asked(made, 102.0)):
        assert question.sequence <= counting._sequence
    return made


@pytest.mark.parametrize(
    "change",
    [
        {"bytes_received": 4 * BYTES_STEP + 1},
        {"bytes_sent": BYTES_STEP},
        {"lost_incoming": 65},
        {"lost_outgoing": 10**12 * COUNTER_STEP},
        {"resent_outgoing": 0},
        {"connections": 33},
        {"within_1000": 65},
        {"within_1000": 0},
        {"within_4000": 256},
        {"handled": 10**12 * COUNTER_STEP},
    ],
)
def test_traffic_that_carries_something_else_is_noticed(change: dict[str, int]) -> None:
    assert plausible_traffic(TRAFFIC, TRAFFIC, TRAFFIC_EVERY)
    assert not plausible_traffic(TRAFFIC, structs.replace(TRAFFIC, **change), TRAFFIC_EVERY)


def test_what_cannot_be_ends_the_relay(counting: Counting) -> None:
    stats, _ = asked(counting, 100.0)
    with pytest.raises(RelayError, match="cannot be"):
        counting.heard(structs.replace(STATS, sequence=stats.sequence, packets_sent=1281), 100.1)
