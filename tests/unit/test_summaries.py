"""Sessions by room and by person."""

from __future__ import annotations

from contextlib import aclosing

from server.metadata.asking import Asking
from server.metadata.outcome import AttemptCause
from server.metadata.query import Query
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from server.metadata.store import Ledger
from server.metadata.summaries import ParticipantSummary, RoomSummary, people, rooms
from server.metadata.words import Browser, LeaveReason
from tests.unit.ledger import START, Clock


async def _filled(url: str, clock: Clock) -> Ledger:
    """Ada is in the garden from 0 to 100, with Alan from 50 to 150; at 100 comes Grace, who stays. At 200 Ada
    is in the kitchen for ten seconds, until her connection is lost."""
    ledger = await Ledger.open(url, clock=clock)
    begun: dict[str, float] = {}

    def come(at: float, room: str, who: str, browser: Browser = Browser.CHROME) -> None:
        clock.now = START + at
        begun[who] = at
        ledger.record(
            ParticipantJoined(room=room, identity=who, participant=_sid(begun[who]), browser=browser)
        )

    def go(at: float, room: str, who: str, why: LeaveReason = LeaveReason.CLIENT_LEFT) -> None:
        clock.now = START + at
        lasted = round((at - begun[who]) * 1000)
        ledger.record(
            ParticipantLeft(
                room=room, identity=who, participant=_sid(begun[who]), reason=why, milliseconds=lasted
            )
        )

    come(0, "garden", "ada")
    come(50, "garden", "alan")
    come(100, "garden", "grace")
    go(100, "garden", "ada")
    go(150, "garden", "alan")
    come(200, "kitchen", "ada", Browser.FIREFOX)
    go(210, "kitchen", "ada", LeaveReason.CONNECTION_LOST)
    clock.now = START + 300
    await ledger.flush()
    return ledger


def _sid(begun: float) -> str:
    return f"PA_{round(begun):08d}"


async def _rooms(url: str, clock: Clock, query: Query, limit: int = 100) -> list[RoomSummary]:
    async with aclosing(Asking(url, clock=clock)) as asking:
        return list((await rooms(asking, query, size=limit)).found)


async def _people(url: str, clock: Clock, query: Query, limit: int = 100) -> list[ParticipantSummary]:
    async with aclosing(Asking(url, clock=clock)) as asking:
        return list((await people(asking, query, size=limit)).found)


async def test_rooms(url: str) -> None:
    clock = Clock()
    ledger = await _filled(url, clock)
    kitchen, garden = await _rooms(url, clock, Query())
    assert garden == RoomSummary(
        room="garden",
        first=START,
        last=START + 150,
        sessions=3,
        people=3,
        peak=2,  # who leaves at a moment is gone before somebody comes
        connected=1,
        failures=0,
    )
    assert (kitchen.sessions, kitchen.peak, kitchen.connected, kitchen.failures) == (1, 1, 0, 1)
    assert [room.room for room in await _rooms(url, clock, Query(), 1)] == ["kitchen"]
    await ledger.close()


async def test_a_session_counts_where_it_overlaps_the_period(url: str) -> None:
    clock = Clock()
    ledger = await _filled(url, clock)
    [garden] = await _rooms(url, clock, Query(since=START + 120, until=START + 190))
    assert (garden.sessions, garden.peak) == (2, 2)
    assert await _rooms(url, clock, Query(until=START - 1)) == []
    assert await _rooms(url, clock, Query(room="cellar")) == []
    await ledger.close()


async def test_participants(url: str) -> None:
    clock = Clock()
    ledger = await _filled(url, clock)
    ada, grace, alan = await _people(url, clock, Query())
    assert (ada.identity, ada.sessions, ada.seconds, ada.failures) == ("ada", 2, 110.0, 1)
    assert (ada.last_connection.browser, ada.last_connection.outcome) == (
        Browser.FIREFOX,
        AttemptCause.CONNECTION_LOST,
    )
    assert (grace.identity, grace.seconds, grace.connected) == ("grace", 200.0, 1)
    assert (alan.identity, alan.last_connection.outcome) == ("alan", AttemptCause.CLIENT_LEFT)
    assert [one.identity for one in await _people(url, clock, Query(room="kitchen"))] == ["ada"]
    await ledger.close()


async def test_what_has_expired_is_in_no_summary(url: str) -> None:
    clock = Clock()
    ledger = await _filled(url, clock)
    clock.now += 40 * 86_400
    assert await _rooms(url, clock, Query()) == []
    assert await _people(url, clock, Query()) == []
    await ledger.close()
