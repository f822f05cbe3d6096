"""The statement says what was observed, who says so, why it is not more, and what it does not prove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from server.control.messages import Level
from server.guarantee import words
from server.guarantee.evidence import MediaTimes, RelayEvidence
from server.guarantee.judge import INSPECTED_CHECKS, KERNEL_CHECKS, REPORTED_CHECKS, Source, judge
from server.guarantee.statement import Circumstances, RoomBinding, Statement, statement
from tests.unit.guaranteed import CIRCUMSTANCES, SOFTWARE
from tests.unit.test_judge import FULL, NOW, locked

SOURCES = {source.value for source in Source}


def told(
    evidence: Sequence[RelayEvidence] = (FULL,), circumstances: Circumstances = CIRCUMSTANCES
) -> Statement:
    return statement(judge(evidence, NOW), circumstances, "abcdefgh", NOW)


def test_a_relay_is_named_with_its_birth_and_its_filters() -> None:
    (relay,) = told()["relays"]
    assert (relay["relay"], relay["generation"], relay["level"]) == (1, 1, "full")
    assert relay["started_at"] == "2023-11-14T22:11:40.000Z"
    assert relay["filters"] == "sha256:" + "".join(f"{word:016x}" for word in (1, 2, 3, 4))
    assert relay["checks"][0] == {
        "name": "seccomp",
        "held": True,
        "source": "kernel",
        "observed_at": "2023-11-14T22:13:19.000Z",
    }


def test_how_long_media_stayed_in_a_relay_is_told() -> None:
    media = MediaTimes(
        observed_at=NOW - 1,
        arena_bytes=1 << 26,
        ring_packets=512,
        ring_milliseconds=1000,
        oldest_milliseconds=1010,
        longest_residence_microseconds=750,
    )
    (relay,) = told([replace(FULL, media=media)])["relays"]
    assert relay["media"] == {
        "arena_bytes": 1 << 26,
        "most_packets": 512,
        "most_milliseconds": 1000,
        "oldest_milliseconds": 1010,
        "longest_residence_microseconds": 750,
        "observed_at": "2023-11-14T22:13:19.000Z",
    }
    (silent,) = told()["relays"]
    assert silent["media"] is None


def test_every_field_says_where_it_comes_from() -> None:
    content: Any = told()
    envelope = {"statement", "nonce", "iat", "exp", "sources"}
    named = {name for name in content if name not in {*envelope, "relays"}}
    named |= {f"relays.{name}" for name in content["relays"][0] if name != "checks"}
    assert set(content["sources"]) == named
    assert set(content["sources"].values()) <= SOURCES
    assert {check["source"] for check in content["relays"][0]["checks"]} == SOURCES


def test_at_full_there_is_no_reason_for_less() -> None:
    assert told()["reasons"] == []
    assert told()["says"] == [words.SAYS[Level.FULL]]


def test_every_check_has_words_for_its_absence() -> None:
    assert set(words.REASONS) == {*KERNEL_CHECKS, *INSPECTED_CHECKS, *REPORTED_CHECKS}


def test_each_reason_for_less_is_said() -> None:
    content = told([FULL, replace(locked(landlock_abi=0, level=Level.REDUCED), relay=2)])
    assert content["level"] == "reduced"
    assert content["reasons"] == [{"relay": 2, "check": "landlock", "says": words.REASONS["landlock"]}]


def test_a_relay_that_claims_less_is_a_reason() -> None:
    (reason,) = told([locked(level=Level.REDUCED)])["reasons"]
    assert reason == {"relay": 1, "check": None, "says": words.CLAIMED_LESS}


def test_no_relay_is_a_reason() -> None:
    content = told([])
    assert content["level"] == "none"
    assert content["reasons"] == [{"relay": None, "check": None, "says": words.NO_RELAY}]


def test_the_room_has_the_level_of_its_own_relay() -> None:
    weak = replace(FULL, relay=2, status=None)
    content = told([FULL, weak], replace(CIRCUMSTANCES, room=RoomBinding("hall", 1, 1)))
    assert content["level"] == "none"
    assert content["room"] is not None
    assert (content["room"]["relay"], content["room"]["level"]) == (1, "full")


def test_a_room_on_a_relay_that_was_replaced_has_nothing() -> None:
    content = told([replace(FULL, generation=2)], replace(CIRCUMSTANCES, room=RoomBinding("hall", 1, 1)))
    assert content["room"] is not None
    assert content["room"]["level"] == "none"


def test_of_a_room_that_requires_encryption_the_limit_is_said() -> None:
    required = replace(CIRCUMSTANCES, room=RoomBinding("hall", 1, 1, encryption_required=True))
    content = told(circumstances=required)
    assert content["room"] is not None
    assert content["room"]["encryption_required"]
    assert words.ENCRYPTION_DECLARED in content["does_not_prove"]
    assert words.ENCRYPTION_DECLARED not in told()["does_not_prove"]


def test_digests_are_those_of_the_start() -> None:
    software = told()["software"]
    assert (software["code"], software["extension"]) == (SOFTWARE.code, SOFTWARE.extension)
    assert software["packages"] == [
        {"name": "aiortc", "version": "1.16.0", "digest": SOFTWARE.packages[0].digest}
    ]
    assert (software["read_at"], software["changed_at"]) == ("2023-11-14T22:05:00.000Z", None)


def test_files_that_changed_since_are_told() -> None:
    changed = replace(CIRCUMSTANCES, software=replace(SOFTWARE, changed_at=NOW - 3))
    content = told(circumstances=changed)
    assert content["software"]["changed_at"] == "2023-11-14T22:13:17.000Z"
    assert words.SOFTWARE_CHANGED in content["says"]


@pytest.mark.parametrize("level", Level)
def test_the_words_never_promise_what_cannot_be_held(level: Level) -> None:
    evidence = {Level.FULL: [FULL], Level.REDUCED: [], Level.NONE: []}[level]
    said = " ".join([words.SAYS[level], str(told(evidence))])
    for overclaim in ("impossible", "cannot record", "nobody can", "guaranteed that", "certified", "attest"):
        assert overclaim not in said.lower()
    if level is not Level.NONE:
        assert "blocked on this server" in words.SAYS[level]
        assert "Participants can still record" in words.SAYS[level]
        assert "A modified server could lie" in words.SAYS[level]


def test_what_it_does_not_prove_is_said() -> None:
    limits = " ".join(told()["does_not_prove"])
    for limit in ("participants", "the operator's own claim", "root", "before the lock"):
        assert limit in limits
