"""A legal hold keeps what it is about beyond its time, shows it nowhere else, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from server.errors import OperatorError
from server.metadata import database
from server.metadata.holding import Holding
from server.metadata.holds import Criteria
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.query import Query
from server.metadata.retention import DAY, Retention
from server.metadata.rows.attempts import AttemptEnded
from server.metadata.rows.holds import HoldLifted, HoldPlaced
from server.metadata.rows.sessions import ParticipantLeft
from server.metadata.scrutiny import Scrutiny
from server.metadata.sessions import KeptEvent, Reader
from server.metadata.store import Ledger
from server.metadata.subject import Subjects
from server.metadata.words import HoldReason, HoldStep, LeaveReason
from tests.unit.ledger import START, Clock, Kept, joined, published, sessions
from tests.unit.test_rights import been

RETENTION = Retention(session_days=30, detail_days=7)


class Place:
    """A ledger with a server that writes it, and holds beside it; the clock is moved by hand."""

    def __init__(self, kept: Kept, ledger: Ledger, clock: Clock) -> None:
        self.kept = kept
        self.ledger = ledger
        self.clock = clock
        self.holding = Holding(kept.url, RETENTION, clock)

    async def rows(self, query: Query | None = None) -> list[KeptEvent]:
        """What the readers show."""
        await self.ledger.flush()
        reader = Reader(self.kept.url, clock=self.clock)
        try:
            return [one async for one in reader.events(query or Query())]
        finally:
            await reader.aclose()

    async def exported(self, number: int) -> list[KeptEvent]:
        return [one async for one in self.holding.export(number)]

    async def names(self, number: int) -> list[str]:
        """Of what a hold keeps; the server's own rows have none."""
        names = [getattr(one.event, "identity", "") for one in await self.exported(number)]
        return [name for name in names if name]

    async def restart(self, retention: Retention = RETENTION) -> None:
        await self.ledger.close()
        self.ledger = await Ledger.open(self.kept.url, retention, clock=self.clock)

    async def sql(self, statement: str) -> Any:
        engine = database.tending_engine(self.kept.url)
        async with engine.begin() as connection:
            done = await connection.execute(text(statement))
            found = done.all() if done.returns_rows else []
        await engine.dispose()
        return found


@pytest.fixture
async def place(kept: Kept) -> AsyncIterator[Place]:
    clock = Clock()
    ledger = await Ledger.open(kept.url, RETENTION, clock=clock)
    made = Place(kept, ledger, clock)
    yield made
    await made.holding.__aexit__(None, None, None)
    await made.ledger.close()


async def test_what_is_held_stays_beyond_its_time_and_is_shown_nowhere_but_in_the_hold(place: Place) -> None:
    been(place.ledger, 1, "ada-lovelace")
    been(place.ledger, 2, "bob")
    await place.ledger.flush()
    hold = await place.holding.place(Criteria(identity="ada-lovelace"), HoldReason.CLAIM, 90)
    assert (hold.rows, hold.expired) == (2, 0)
    shown = await place.rows(Query(identity="ada-lovelace"))
    assert [one.gone_at for one in shown] == [START + 90 * DAY] * 2
    place.clock.now += 40 * DAY
    assert await place.ledger.sweep() == 2, "bob's"
    assert await place.rows(Query(identity="ada-lovelace")) == []
    assert await sessions(place.kept.url, place.clock) == []
    assert await place.names(hold.number) == ["ada-lovelace"] * 2
    [listed] = await place.holding.active()
    assert (listed.rows, listed.expired, listed.ends_at) == (2, 2, START + 90 * DAY)
    assert b"bob" not in place.kept.on_disk()


@pytest.mark.parametrize("how", ["lifted", "ended"])
async def test_when_it_is_over_the_next_sweep_takes_what_is_overdue_and_what_the_hold_said(
    place: Place, how: str
) -> None:
    been(place.ledger, 1, "ada-lovelace", "secret-garden")
    await place.ledger.flush()
    criteria = Criteria(room="secret-garden", identity="ada-lovelace")
    hold = await place.holding.place(criteria, HoldReason.LEGAL_ORDER, 60)
    place.clock.now += 40 * DAY
    assert await place.ledger.sweep() == 0
    if how == "lifted":
        await place.holding.lift(hold.number)
    else:
        place.clock.now += 20 * DAY
    assert await place.holding.active() == []
    with pytest.raises(OperatorError, match="there is no hold"):
        await place.exported(hold.number)
    assert await place.ledger.sweep() == 2
    over = [one.event for one in await place.rows() if isinstance(one.event, HoldLifted)]
    assert over == [HoldLifted(hold=hold.number, reason=HoldReason.LEGAL_ORDER, step=HoldStep(how))]
    await place.ledger.close()
    disk = place.kept.on_disk()
    assert b"ada-lovelace" not in disk
    assert b"secret-garden" not in disk


async def test_that_it_was_placed_is_kept_without_whom_it_is_about(place: Place) -> None:
    been(place.ledger, 1, "ada")
    await place.ledger.flush()
    hold = await place.holding.place(Criteria(identity="ada"), HoldReason.INVESTIGATION, 10)
    await place.holding.renew(hold.number, 30)
    [placed, renewed] = [one.event for one in await place.rows() if isinstance(one.event, HoldPlaced)]
    assert placed == HoldPlaced(hold=hold.number, reason=HoldReason.INVESTIGATION, days=10, rows=2)
    assert renewed == HoldPlaced(
        hold=hold.number, reason=HoldReason.INVESTIGATION, days=30, rows=2, step=HoldStep.RENEWED
    )


async def test_it_lasts_as_long_as_it_was_renewed_for(place: Place) -> None:
    been(place.ledger, 1, "ada")
    await place.ledger.flush()
    hold = await place.holding.place(Criteria(identity="ada"), HoldReason.CLAIM, 40)
    place.clock.now += 39 * DAY
    await place.holding.renew(hold.number, 40)
    place.clock.now += 39 * DAY
    assert await place.ledger.sweep() == 0
    place.clock.now += DAY
    assert await place.ledger.sweep() == 2


async def test_what_comes_later_is_held_as_well(place: Place) -> None:
    hold = await place.holding.place(Criteria(room="garden"), HoldReason.CLAIM, 90)
    been(place.ledger, 1, "ada")
    await place.ledger.flush()
    place.clock.now += 40 * DAY
    assert await place.ledger.sweep() == 0
    assert await place.names(hold.number) == ["ada"] * 2


async def test_of_a_period_whole_sessions_are_held_and_no_others(place: Place) -> None:
    """Ada's overlaps the period, Bob's was over before, Carol's began after."""
    for number, (who, begins, ends) in enumerate([("ada", 0, 50), ("bob", 0, 5), ("carol", 30, 40)]):
        place.clock.now = START + begins * 3600
        place.ledger.record(joined(number, who))
        place.clock.now = START + ends * 3600
        place.ledger.record(_left(number, who))
    await place.ledger.flush()
    period = Criteria(since=START + 10 * 3600, until=START + 20 * 3600)
    hold = await place.holding.place(period, HoldReason.INVESTIGATION, 90)
    assert await place.names(hold.number) == ["ada"] * 2
    place.clock.now = START + 40 * DAY
    assert await place.ledger.sweep() == 4


async def test_attempts_without_a_session_are_not_taken_for_one(place: Place) -> None:
    for number, day in enumerate([0, 2]):
        place.clock.now = START + day * DAY
        place.ledger.record(_refused(f"ABCD-EFG{number}", f"guest-{number}"))
    await place.ledger.flush()
    period = Criteria(since=START + DAY, until=START + 3 * DAY)
    hold = await place.holding.place(period, HoldReason.INVESTIGATION, 90)
    assert await place.names(hold.number) == ["guest-1"]


async def test_periods_that_become_shorter_reach_what_was_held_when_it_no_longer_is(place: Place) -> None:
    been(place.ledger, 1, "ada")
    been(place.ledger, 2, "bob")
    await place.ledger.flush()
    hold = await place.holding.place(Criteria(identity="ada"), HoldReason.CLAIM, 90)
    shorter = Retention(session_days=2)
    await place.restart(shorter)
    expiry = {getattr(one.event, "identity", ""): one.expires_at for one in await place.rows()}
    assert (expiry["ada"], expiry["bob"]) == (START + 30 * DAY, START + 2 * DAY)
    place.clock.now += 5 * DAY
    assert await place.ledger.sweep() == 2
    await place.holding.lift(hold.number)
    assert await place.ledger.sweep() == 2


async def test_details_that_are_no_longer_kept_stay_while_they_are_held(place: Place) -> None:
    place.ledger.record(joined(1))
    place.ledger.record(published(1))
    place.ledger.record(_left(1, "ada"))
    await place.ledger.flush()
    hold = await place.holding.place(Criteria(identity="ada"), HoldReason.CLAIM, 90)
    await place.restart(Retention(details=False))
    assert len(await place.exported(hold.number)) == 3
    await place.holding.lift(hold.number)
    assert await place.ledger.sweep() == 1


async def test_a_session_that_is_held_is_not_ended_anew_by_every_start(place: Place) -> None:
    been(place.ledger, 1, "ada")
    await place.ledger.flush()
    hold = await place.holding.place(Criteria(identity="ada"), HoldReason.CLAIM, 365)
    for _ in range(3):
        place.clock.now += 40 * DAY
        await place.restart()
    assert len(await place.exported(hold.number)) == 2


@pytest.mark.parametrize(
    ("criteria", "says"),
    [
        (Criteria(), "about something"),
        (Criteria(since=START), "about something"),
        (Criteria(until=START), "about something"),
        (Criteria(since=START, until=START - 1), "before --since"),
    ],
)
async def test_nobody_holds_everything_or_nothing(place: Place, criteria: Criteria, says: str) -> None:
    with pytest.raises(OperatorError, match=says):
        await place.holding.place(criteria, HoldReason.CLAIM, 90)
    assert await place.holding.active() == []
    assert await place.rows() == []


@pytest.mark.parametrize("days", [0, -1, 366])
async def test_nobody_holds_for_ever(place: Place, days: int) -> None:
    with pytest.raises(OperatorError, match="1 to 365 days"):
        await place.holding.place(Criteria(room="garden"), HoldReason.CLAIM, days)
    hold = await place.holding.place(Criteria(room="garden"), HoldReason.CLAIM, 365)
    with pytest.raises(OperatorError, match="1 to 365 days"):
        await place.holding.renew(hold.number, days)


@pytest.mark.parametrize("act", ["renew", "lift"])
async def test_a_hold_that_is_not_there(place: Place, act: str) -> None:
    words = (7, 30) if act == "renew" else (7,)
    with pytest.raises(OperatorError, match="there is no hold 7"):
        await getattr(place.holding, act)(*words)


async def test_a_receipt_says_what_stays_and_until_when(place: Place) -> None:
    been(place.ledger, 1, "ada")
    subjects = Subjects(place.ledger, place.kept.url, place.clock)
    assert (await subjects.kept_about("garden", "ada")).held is None
    await place.holding.place(Criteria(identity="ada"), HoldReason.CLAIM, 90)
    await place.holding.place(Criteria(room="garden"), HoldReason.CLAIM, 50)
    found = await subjects.kept_about("garden", "ada")
    assert found.held is not None
    assert (found.held.rows, found.held.expired, found.held.until) == (2, 0, START + 90 * DAY)
    place.clock.now += 40 * DAY
    found = await subjects.kept_about("garden", "ada")
    assert found.held is not None
    assert (found.rows, found.held.rows, found.held.expired) == ([], 2, 2)
    place.clock.now += 50 * DAY
    assert (await subjects.kept_about("garden", "ada")).held is None
    await subjects.aclose()


async def test_what_is_held_is_not_overdue_until_an_hour_after_it_no_longer_is(place: Place) -> None:
    async def overdue() -> int:
        return await Scrutiny(place.kept.url, RETENTION, clock=place.clock).overdue(7200)

    been(place.ledger, 1, "ada")
    await place.ledger.flush()
    hold = await place.holding.place(Criteria(identity="ada"), HoldReason.CLAIM, 90)
    place.clock.now += 40 * DAY
    await place.ledger.sweep()
    assert await overdue() == 0
    await place.holding.lift(hold.number)
    assert await overdue() == 0
    place.clock.now += 7201
    assert await overdue() == 3, "two rows and the hold"
    await place.ledger.sweep()
    assert await overdue() == 0


@pytest.mark.parametrize(
    ("change", "strange", "overdue"),
    [("ends_at = ends_at + 300 * 86400", 0, 1), ("reason = 'curiosity'", 1, 0), ("identity = NULL", 1, 0)],
)
async def test_a_hold_that_no_command_can_have_placed_is_found(
    place: Place, change: str, strange: int, overdue: int
) -> None:
    await place.holding.place(Criteria(identity="ada"), HoldReason.CLAIM, 90)
    await place.sql(f"UPDATE holds SET {change}")
    scrutiny = Scrutiny(place.kept.url, RETENTION, clock=place.clock)
    assert (await scrutiny.strange_rows(), await scrutiny.overdue(7200)) == (strange, overdue)


def _left(number: int, who: str) -> ParticipantLeft:
    return ParticipantLeft(
        room="garden",
        identity=who,
        participant=f"PA_{number:08d}",
        reason=LeaveReason.CLIENT_LEFT,
        milliseconds=1,
    )


def _refused(code: str, who: str) -> AttemptEnded:
    return AttemptEnded(
        room="garden",
        identity=who,
        code=code,
        stage=Stage.TOKEN,
        cause=AttemptCause.ROOM_FULL,
        milliseconds=1,
    )
