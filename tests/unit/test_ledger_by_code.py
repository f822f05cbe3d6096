"""A support code finds every row of its attempt and of the session that came of it, and nobody else's."""

from __future__ import annotations

import pytest

from server.metadata.event import Event, name_of
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.query import Query
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.sessions import Reader
from server.metadata.store import Ledger
from server.metadata.words import LeaveReason
from tests.unit.ledger import START, Clock

MINE, OTHER, REFUSED, SHARED = "ABCD-EFGH", "ABCD-EFGJ", "0000-0001", "0000-0002"


async def rows(url: str, clock: Clock, query: Query) -> list[Event]:
    reader = Reader(url, clock=clock)
    try:
        return [row.event async for row in reader.events(query)]
    finally:
        await reader.aclose()


def joined(number: int, code: str) -> ParticipantJoined:
    return ParticipantJoined(room="garden", identity="ada", participant=f"PA_{number:08d}", code=code)


def active(number: int) -> ParticipantActive:
    return ParticipantActive(
        room="garden", identity="ada", participant=f"PA_{number:08d}", join_milliseconds=700
    )


def decided(code: str, stage: Stage, cause: AttemptCause, participant: str = "") -> AttemptEnded:
    return AttemptEnded(
        room="garden",
        identity="ada",
        code=code,
        stage=stage,
        cause=cause,
        milliseconds=700,
        participant=participant,
    )


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (MINE, ["participant_joined", "participant_active", "attempt_ended"]),
        (REFUSED, ["attempt_ended"]),
        (SHARED, ["attempts_refused"]),
        ("ABCD-EFGK", []),
        ("ABCD-%", []),
    ],
)
async def test_what_a_code_finds(url: str, code: str, found: list[str]) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    for event in (
        decided(REFUSED, Stage.TOKEN, AttemptCause.ROOM_FULL),
        AttemptsRefused(code=SHARED, cause=AttemptCause.EXPIRED, count=3),
        joined(1, MINE),
        joined(2, OTHER),
        active(1),
        active(2),
        decided(MINE, Stage.MEDIA, AttemptCause.NONE, "PA_00000001"),
        decided(OTHER, Stage.READY, AttemptCause.NONE, "PA_00000002"),
    ):
        ledger.record(event)
    await ledger.flush()
    assert [name_of(event) for event in await rows(url, clock, Query(code=code))] == found
    await ledger.close()


async def test_a_crash_leaves_no_attempt_without_an_end(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1, MINE))
    ledger.record(joined(2, OTHER))
    ledger.record(joined(3, REFUSED))
    clock.now += 2
    ledger.record(active(2))
    ledger.record(active(3))
    ledger.record(decided(REFUSED, Stage.MEDIA, AttemptCause.NONE, "PA_00000003"))
    clock.now += 3
    await ledger._stay_alive()
    await ledger.close()
    for _ in range(2):  # the second start finds nothing to end
        await (await Ledger.open(url, clock=clock)).close()

    kept = await rows(url, clock, Query(since=START))
    ends = {event.code: event for event in kept if isinstance(event, AttemptEnded)}
    assert len([event for event in kept if isinstance(event, AttemptEnded)]) == len(ends) == 3
    assert (ends[MINE].stage, ends[MINE].cause) == (Stage.WEBSOCKET, AttemptCause.SERVER_CRASH)
    assert ends[MINE].milliseconds == 5000
    assert (ends[OTHER].stage, ends[OTHER].cause) == (Stage.READY, AttemptCause.NONE)
    assert ends[OTHER].milliseconds == 2000
    assert ends[REFUSED].stage is Stage.MEDIA
    reasons = [event.reason for event in kept if isinstance(event, ParticipantLeft)]
    assert reasons == [LeaveReason.SERVER_CRASH] * 3
