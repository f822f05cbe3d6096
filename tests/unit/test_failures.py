"""Failures of a period, by cause and stage, and within by site and client; the nameless are counted in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from server.metadata.asking import Asking
from server.metadata.failures import Failure, Part, failures
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.store import Ledger
from server.metadata.words import Browser, LeaveReason, Sdk
from tests.unit.ledger import START, Clock


def _session(
    ledger: Ledger,
    number: int,
    who: str,
    stage: Stage,
    reason: LeaveReason | None,
    *,
    site: str = "",
    **client: Any,
) -> None:
    names: dict[str, Any] = {"room": "garden", "identity": who, "participant": f"PA_{number:08d}"}
    ledger.record(ParticipantJoined(**names, site=site, **client))
    ready = stage in (Stage.READY, Stage.MEDIA)
    if ready:
        ledger.record(ParticipantActive(**names, join_milliseconds=500))
    cause = AttemptCause.NONE if ready or reason is None else AttemptCause(reason.value)
    ledger.record(AttemptEnded(**names, code="", stage=stage, cause=cause, milliseconds=1, site=site))
    if reason is not None:
        ledger.record(ParticipantLeft(**names, reason=reason, milliseconds=1))


@pytest.fixture
async def asking(url: str) -> AsyncIterator[Asking]:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    never, lost, gone = LeaveReason.NEVER_READY, LeaveReason.CONNECTION_LOST, LeaveReason.CLIENT_LEFT
    _session(ledger, 1, "ada", Stage.ICE, never, site="Lyon", browser=Browser.FIREFOX)
    clock.now += 10
    _session(ledger, 2, "ada", Stage.ICE, never, site="Lyon", browser=Browser.FIREFOX)
    clock.now += 10
    _session(ledger, 3, "alan", Stage.ICE, never, sdk=Sdk.PYTHON)
    _session(ledger, 4, "alan", Stage.MEDIA, lost)
    _session(ledger, 5, "grace", Stage.MEDIA, gone)  # no failure
    _session(ledger, 6, "hedy", Stage.MEDIA, None)  # nor that
    ledger.record(AttemptsRefused(code="", cause=AttemptCause.EXPIRED, count=9, site="Turin"))
    clock.now += 10
    ledger.record(AttemptsRefused(code="", cause=AttemptCause.EXPIRED, count=1))
    await ledger.flush()
    async with aclosing(Asking(url, clock=clock)) as opened:
        yield opened
    await ledger.close()


async def test_by_cause_and_stage_then_site_and_client(asking: Asking) -> None:
    expired, never, lost = await failures(asking)
    assert never == Failure(
        cause=AttemptCause.NEVER_READY,
        stage=Stage.ICE,
        count=3,
        people=2,
        last=START + 20,
        sites=(("Lyon", Part(2, START + 10)), ("", Part(1, START + 20))),
        clients=((Browser.FIREFOX, Part(2, START + 10)), (Sdk.PYTHON, Part(1, START + 20))),
    )
    assert (lost.cause, lost.stage, lost.count) == (AttemptCause.CONNECTION_LOST, Stage.MEDIA, 1)
    assert (expired.cause, expired.stage, expired.count, expired.people) == (
        AttemptCause.EXPIRED,
        None,
        10,
        0,
    )
    assert expired.sites == (("Turin", Part(9, START + 20)), ("", Part(1, START + 30)))
    assert expired.clients == ((None, Part(10, START + 30)),)


async def test_of_a_period_and_a_site(asking: Asking) -> None:
    """A failure is of when it happened."""
    assert [one.count for one in await failures(asking, START + 25)] == [1]
    assert [one.count for one in await failures(asking, START + 5, START + 15)] == [1]
    assert [one.count for one in await failures(asking, site="Lyon")] == [2]
    assert await failures(asking, site="Oslo") == []


async def test_what_has_expired_is_no_failure(asking: Asking) -> None:
    asking.now = lambda: START + 40 * 86_400
    assert await failures(asking) == []


def test_no_word_is_a_browsers_and_an_sdks() -> None:
    assert not {one.value for one in Browser} & {one.value for one in Sdk}
