"""How much the ledger holds is counted by kind, without what has expired, on either store."""

from __future__ import annotations

from contextlib import aclosing

from server.metadata.asking import Asking
from server.metadata.holdings import Holdings, holdings
from server.metadata.migrations import MIGRATIONS
from server.metadata.retention import DAY, Retention
from server.metadata.rows.rights import SubjectRequest
from server.metadata.store import Ledger
from server.metadata.words import Answer, RequestReason, Right
from tests.unit.ledger import START, Clock, joined, published


async def _held(url: str, clock: Clock) -> Holdings:
    async with aclosing(Asking(url, clock=clock)) as asking:
        return await holdings(asking)


async def test_rows_are_counted_by_kind_with_the_oldest(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1))
    clock.now += 100
    ledger.record(joined(2))
    ledger.record(published(2))
    await ledger.flush()
    held = await _held(url, clock)
    assert (held.kinds["participant_joined"].rows, held.kinds["participant_joined"].oldest) == (2, START)
    assert (held.kinds["track_published"].rows, held.kinds["track_published"].oldest) == (1, START + 100)
    assert "participant_left" not in held.kinds
    assert held.oldest == START
    assert held.next_expiry == START + 100 + 7 * DAY, "of what was sent"
    assert (held.connected, held.version) == (2, len(MIGRATIONS))
    assert held.size > 50_000
    await ledger.close()


async def test_what_has_expired_is_not_counted(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, Retention(session_days=2, detail_days=1), clock=clock)
    ledger.record(joined(1))
    ledger.record(published(1))
    await ledger.flush()
    clock.now += DAY
    held = await _held(url, clock)
    assert set(held.kinds) == {"participant_joined"}
    ledger.record(published(1))
    await ledger.flush()
    held = await _held(url, clock)
    assert held.kinds["track_published"].rows == 1, "of two, one has expired"
    await ledger.close()


async def test_requests_are_counted_by_month(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    for right, answer, days in (
        (Right.ERASE, Answer.DONE, 0),
        (Right.ERASE, Answer.DONE, 1),
        (Right.EXPORT, Answer.EXCESSIVE, 40),
    ):
        clock.now = START + days * DAY
        ledger.record(SubjectRequest(right=right, reason=RequestReason.OWN_REQUEST, rows=3, answer=answer))
    await ledger.flush()
    held = await _held(url, clock)
    assert {month: dict(asked) for month, asked in held.requests.items()} == {
        "2023-11": {(Right.ERASE, Answer.DONE): 2},
        "2023-12": {(Right.EXPORT, Answer.EXCESSIVE): 1},
    }
    clock.now = START + Retention().operation_days * DAY + 60
    held = await _held(url, clock)
    assert held.requests["2023-11"] == {(Right.ERASE, Answer.DONE): 1}, "the first has expired"
    await ledger.close()
