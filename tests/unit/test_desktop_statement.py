"""The desktop application checks a signed statement by the published rules, and tells it in plain words."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from client_demo.desktop.guarantee.evidence import OF_LANDLOCK, REQUIRED, shown_level
from client_demo.desktop.guarantee.reading import (
    STALE_AFTER_SECONDS,
    Answered,
    Failed,
    Failure,
    Reading,
    Tone,
    evidence_of,
    is_sound,
    reading_of,
    view_of,
)
from client_demo.desktop.guarantee.signed import Checked, Question, Verdict, check_signed
from client_demo.desktop.guarantee.statement import read_statement
from server.guarantee.judge import INSPECTED_CHECKS, KERNEL_CHECKS, LANDLOCK_CHECKS, REPORTED_CHECKS, Source
from tests.statement_vectors import STATEMENT

VECTORS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[2] / "docs/statement/vectors").glob("*.json"))
}
OBSERVED = STATEMENT["relays"][0]["checks"][0]["observed_at"]


def _checked(name: str) -> Checked:
    vector = VECTORS[name]
    return check_signed(vector["jws"], vector["jwks"], Question(vector["nonce"], vector["now"]))


def _whole() -> dict[str, Any]:
    """A statement in which every check is held."""
    told = copy.deepcopy(STATEMENT)
    told["relays"][0]["checks"] = [
        {"name": name, "held": True, "source": source, "observed_at": OBSERVED}
        for name, source in REQUIRED.items()
    ]
    return told


def _reading(told: dict[str, Any]) -> Answered:
    checked = Checked(Verdict.VALID, read_statement(told), "kid")
    reading = reading_of(checked, pinned="", in_call=True, at=0.0)
    assert isinstance(reading, Answered)
    return reading


@pytest.mark.parametrize("name", VECTORS)
def test_published_vector(name: str) -> None:
    checked = _checked(name)
    assert checked.verdict == VECTORS[name]["verdict"]
    if checked.verdict is Verdict.VALID:
        assert checked.statement is not None
        assert (
            checked.statement.level == VECTORS[name]["payload"]["level"]
            if "payload" in VECTORS[name]
            else True
        )
        assert checked.kid == VECTORS[name]["jwks"]["keys"][-1]["kid"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("tampered-payload", "Signature is wrong"),
        ("tampered-signature", "Signature is wrong"),
        ("wrong-key", "Signature is wrong"),
        ("alg-none", "Signature is wrong"),
        ("wrong-nonce", "No evidence right now"),
        ("expired", "No evidence right now"),
        ("no-relays", "No evidence right now"),
    ],
)
def test_what_is_wrong_with_a_statement_is_told_as_an_alarm(name: str, label: str) -> None:
    words = view_of(reading_of(_checked(name), pinned="", in_call=False, at=0.0), now=1.0)
    assert (words.tone, words.label) == (Tone.ALARM, label)
    assert "treat this call as one the server could record" in words.meaning


def test_the_checks_that_have_to_be_there_are_those_of_the_server() -> None:
    expected = {
        **dict.fromkeys(KERNEL_CHECKS, Source.KERNEL),
        **dict.fromkeys(INSPECTED_CHECKS, Source.INSPECTED),
        **dict.fromkeys(REPORTED_CHECKS, Source.SELF_REPORTED),
    }
    assert expected == REQUIRED
    assert LANDLOCK_CHECKS == OF_LANDLOCK


def test_recording_is_said_to_be_blocked_only_with_every_check() -> None:
    words = view_of(_reading(_whole()), now=1.0)
    assert (words.tone, words.label) == (Tone.CALM, "Recording is blocked here")
    assert "Participants can still record" in words.meaning


@pytest.mark.parametrize("name", REQUIRED)
def test_a_check_that_is_missing_makes_less_of_it(name: str) -> None:
    told = _whole()
    told["relays"][0]["checks"] = [one for one in told["relays"][0]["checks"] if one["name"] != name]
    assert shown_level(read_statement(told)) == ("reduced" if name in OF_LANDLOCK else "none")


@pytest.mark.parametrize(
    "change",
    [
        {"held": False},
        {"source": "self-reported"},
        {"observed_at": "2023-11-14T22:13:08.000Z"},  # 12 s before the statement
        {"observed_at": None},
    ],
)
def test_a_check_of_the_kernel_that_is_not_of_now_or_not_its_own_is_not_held(change: dict[str, Any]) -> None:
    told = _whole()
    assert told["relays"][0]["checks"][0]["name"] == "seccomp"
    told["relays"][0]["checks"][0] |= change
    reading = _reading(told)
    assert view_of(reading, now=1.0).label == "Recording is not blocked"
    assert "seccomp: NOT held" in "\n".join(line for _, lines in evidence_of(reading) for line in lines)


def test_the_level_is_never_above_what_is_stated() -> None:
    assert shown_level(read_statement(_whole() | {"level": "reduced"})) == "reduced"
    assert shown_level(read_statement(_whole() | {"relays": []})) == "none"


def test_another_key_within_a_call_is_another_signer() -> None:
    first = _checked("valid")
    other = reading_of(first, pinned="another", in_call=False, at=0.0)
    assert other == Failed(Failure.OTHER_KEY, 0.0)
    assert view_of(other, 0.0).label == "Signed by another key"


def test_a_statement_that_does_not_place_the_call_is_a_warning() -> None:
    told = _whole()
    told["room"]["relay"] = None
    reading = _reading(told)
    assert view_of(reading, 1.0).label == "This call is not shown"
    assert not is_sound(reading)


def test_old_evidence_is_no_evidence_of_now() -> None:
    reading: Reading = _reading(_whole())
    assert view_of(reading, STALE_AFTER_SECONDS).tone is Tone.CALM
    assert view_of(reading, STALE_AFTER_SECONDS + 1).label == "Evidence is out of date"


def test_the_words_of_the_server_and_what_it_does_not_prove_are_shown_as_they_are() -> None:
    sections = dict(evidence_of(_reading(_whole())))
    assert sections["What the server says"] == STATEMENT["says"]
    assert sections["What this does not prove"] == STATEMENT["does_not_prove"]
    assert sections["In the last day"][0].startswith("A media process was stopped because")
