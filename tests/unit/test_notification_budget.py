"""What a relay may say, counted on both ends; what is left to smuggle is stated."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest

from server.control import budget as rules
from server.control.budget import (
    COUNTER_STEP,
    DRIP,
    MOST,
    Budget,
    bits_per_second,
    in_steps,
    named_id,
    plausible,
    plausible_state,
)
from server.control.messages import (
    AddCandidates,
    CandidateKind,
    CipherSuite,
    ConsumerState,
    CreateTransport,
    DtlsVersion,
    GetStats,
    Notification,
    Receiver,
    ReceiversEnd,
    RefusalReason,
    Refused,
    RemoteCandidate,
    SelfTest,
    SpeakerLevel,
    SrtpProfile,
    Stats,
    TransportPhase,
    TransportState,
)
from server.relay.notices import Notices

ROOT = Path(__file__).parents[2]
CREATE = CreateTransport(1, "ufrag", "p" * 22, opens_data_channels=False)


def spendable(budget: Budget, now: float) -> int:
    count = 0
    while budget.spend(now):
        count += 1
    return count


def test_credits_drip_and_are_not_saved_without_end() -> None:
    budget = Budget(0.0)
    spendable(budget, 0.0)
    assert spendable(budget, 10.0) == 10 * DRIP
    assert spendable(budget, 1e9) == MOST


def test_every_request_earns_its_answer() -> None:
    budget = Budget(0.0)
    spendable(budget, 0.0)
    budget.earn(CREATE)
    assert spendable(budget, 0.0) == 1


def test_candidates_of_a_client_earn_nothing_since_nothing_answers_them() -> None:
    budget = Budget(0.0)
    spendable(budget, 0.0)
    budget.earn(AddCandidates(1, [RemoteCandidate(b"", 9, CandidateKind.HOST)]))
    assert spendable(budget, 0.0) == 0


def test_time_that_goes_back_earns_nothing() -> None:
    budget = Budget(100.0)
    spendable(budget, 100.0)
    assert not budget.spend(50.0)


def test_what_can_be_smuggled_is_below_any_speech() -> None:
    assert bits_per_second(1000) < 450 / 2
    assert bits_per_second(10_000) < 450 / 2
    assert bits_per_second(1000) > DRIP * math.log2(1000)


def test_what_is_written_about_it_is_what_is_computed() -> None:
    written = f"about {round(bits_per_second(1000) / 5) * 5} bit/s"
    assert rules.__doc__ is not None
    assert written in rules.__doc__
    assert written in (ROOT / "docs/threat-model.md").read_text()


def test_steps() -> None:
    assert [in_steps(value, COUNTER_STEP) for value in (0, 1, 64, 65)] == [0, 64, 64, 128]


STATS = Stats(1, 2, 3, 4, 640, 1280, 64, 100, 80, 160, 416, 90)


@pytest.mark.parametrize(
    "change",
    [
        {"packets_received": 641},
        {"packets_sent": 64},
        {"packets_dropped": 10**12},
        {"cpu_milliseconds": 101},
        {"residence_p50_microseconds": 81},
        {"residence_p50_microseconds": 176},
        {"residence_p99_microseconds": 161},
        {"residence_p99_microseconds": 448},
        {"residence_longest_microseconds": 417},
        {"residence_longest_microseconds": 50_000_000},
        {"oldest_media_milliseconds": 91},
        {"oldest_media_milliseconds": 20_000},
    ],
)
def test_numbers_that_carry_something_else_are_noticed(change: dict[str, int]) -> None:
    assert plausible(STATS, STATS, 2.0)
    assert not plausible(STATS, msgspec.structs.replace(STATS, **change), 2.0)


def test_only_what_names_a_thing_has_a_name() -> None:
    assert named_id(ConsumerState(7, 1, False, False)) == 7
    assert named_id(SelfTest(True, True, True)) is None


AGREED = (SrtpProfile.AEAD_AES_128_GCM, DtlsVersion.DTLS_1_2, CipherSuite.ECDHE_ECDSA_AES128_GCM_SHA256)


@pytest.mark.parametrize("phase", TransportPhase)
def test_what_was_agreed_on_is_said_once_it_was(phase: TransportPhase) -> None:
    connected = phase is TransportPhase.CONNECTED
    assert plausible_state(TransportState(1, phase, *AGREED)) is connected
    assert plausible_state(TransportState(1, phase)) is not connected


async def test_what_waits_is_only_the_latest_and_is_told_later() -> None:
    told: list[object] = []
    notices = Notices(told.append)
    for number in range(1, 101):
        notices.post(ConsumerState(number, 0, False, False))
    at_once = len(told)
    assert at_once < 20
    for layer in (1, 2):
        notices.post(ConsumerState(100, layer, False, False))
    for number in range(60):
        notices.earn(GetStats(number))
    assert len(told) == 100
    assert told[-1] == ConsumerState(100, 2, False, False)
    assert len({each.consumer for each in told if isinstance(each, ConsumerState)}) == 100


async def test_levels_of_speakers_wait_for_what_calls_depend_on() -> None:
    told: list[object] = []
    notices = Notices(told.append)
    for number in range(1, 101):
        notices.post(SpeakerLevel(number, 3))
    assert len(told) < 16
    notices.post(SpeakerLevel(100, 0))
    for number in range(1, 6):
        notices.post(ConsumerState(number, 0, False, False))
    assert [each for each in told if isinstance(each, ConsumerState)] == [
        ConsumerState(number, 0, False, False) for number in range(1, 6)
    ]
    for number in range(60):
        notices.earn(GetStats(number))
    assert len(told) == 105
    assert told[-1] == SpeakerLevel(100, 0)


async def test_answers_of_which_each_word_is_known_cost_nothing_and_keep_their_place() -> None:
    told: list[object] = []
    notices = Notices(told.append)
    for number in range(1, 101):
        notices.post(Refused(number, RefusalReason.LIMIT))
    before = len(told)
    answer: list[Notification] = [Receiver(1, number, 7, 9, False) for number in range(200, 300)]
    answer.append(ReceiversEnd(1, 100))
    for one in answer:
        notices.post(one)
    assert len(told) == before  # what happened earlier is told earlier
    for number in range(45):
        notices.earn(GetStats(number))
    assert told[100:] == answer
    for one in answer:
        notices.post(one)
    assert told[201:] == answer
