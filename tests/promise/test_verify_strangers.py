"""`offrecord verify` lets a locked process send to a stranger: heard only where the host measure is off."""

from __future__ import annotations

import pytest

from server import _native
from server.control.messages import Level
from server.relay.birth import LEAST_LANDLOCK_ABI
from server.verify import run as verify
from server.verify.report import Report, summarise
from server.verify.strangers.attempts import ATTEMPTS
from server.verify.strangers.wire import Attempted
from server.verify.wire import Outcome
from tests.private_network import needs_root

pytestmark = [
    pytest.mark.promise,
    pytest.mark.timeout(60),
    pytest.mark.skipif(_native.landlock_abi() < LEAST_LANDLOCK_ABI, reason="this kernel has no full lock"),
]
NAMES = tuple(attempt.name for attempt in ATTEMPTS)
WORKED = Outcome(True, "worked", Level.FULL)
FAILED = Outcome(False, "no effect", Level.FULL)


@needs_root
async def test_each_attempt_works_without_it_and_fails_with_it() -> None:
    tried = await verify.attempt(verify.Wanted(NAMES))
    assert [one.attempt for one in tried] == list(NAMES)
    assert {"recorder_on_this_machine", "recorder_on_another_host"} <= set(NAMES)
    for one in tried:
        assert (one.skipped, one.participant_reached) == ("", True)
        assert (one.control, one.guarded.worked) == (WORKED, False)
        assert one.guarded.level == Level.FULL


def _report(*tried: Attempted) -> Report:
    return summarise(Level.FULL, [], (), strangers=tried)


def test_a_stranger_who_is_reached_in_spite_of_it_fails_the_verification() -> None:
    held = Attempted("a", "to a recorder", WORKED, FAILED, participant_reached=True)
    through = Attempted("b", "to a recorder", WORKED, WORKED, participant_reached=True)
    assert _report(held).holds
    assert not _report(held, through).holds
    assert [one.reached for one in _report(held, through).strangers] == [False, True]


def test_what_could_not_be_tried_is_said_and_counts_for_nothing() -> None:
    report = _report(Attempted("a", "to a recorder", skipped="needs root"))
    assert (report.strangers, report.holds) == ([], True)
    assert [(one.subject, one.reason) for one in report.untested] == [
        ("with the host measure: to a recorder", "needs root")
    ]
