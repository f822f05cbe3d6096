"""Following the ledger: each row once, in the order of writing, whatever the clock and erasure do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from server.metadata import database, following, sessions
from server.metadata.database import events
from server.metadata.following import Follower, follow
from server.metadata.query import Query
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.sessions import KeptEvent, Reader
from server.metadata.store import Ledger
from tests.unit.ledger import Clock, joined

End = Callable[[], Awaitable[None]]


class Row(NamedTuple):
    id: int
    at: float


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("write"), st.integers(1, 9)),
            st.tuples(st.just("erase"), st.integers(1, 9)),
            st.tuples(st.just("look"), st.integers(1, 4)),
        ),
        max_size=60,
    )
)
def test_each_row_is_new_once_although_numbers_come_again(steps: list[tuple[str, int]]) -> None:
    """As SQLite numbers: one more than the highest that is kept. Nothing is erased that was not looked at."""
    ticks = count(1)
    kept: list[Row] = []
    written: list[Row] = []
    shown: list[Row] = []
    follower = Follower([], 0)

    def look(page: int | None) -> None:
        found = [row for row in kept if row.id > follower.floor][:page]
        follower.erased_above(kept[-1].id if kept else 0)
        shown.extend(row for row in found if follower.take(row))

    for what, number in steps:
        if what == "write":
            for _ in range(number):
                row = Row(kept[-1].id + 1 if kept else 1, float(next(ticks)))
                kept.append(row)
                written.append(row)
        elif what == "erase":
            look(None)
            del kept[-number:]
        else:
            look(None)
    look(None)
    assert shown == written


class Looks:
    """Stands for the time between two looks; what is to happen then is put in `between`."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self) -> None:
        self.asked.set()
        await self.go.wait()
        self.go.clear()

    async def until_caught_up(self) -> None:
        self.asked.clear()
        self.go.set()
        await self.asked.wait()


async def _collect(rows: AsyncIterator[KeptEvent], into: list[str]) -> None:
    async for kept in rows:
        assert isinstance(kept.event, ParticipantJoined)
        into.append(kept.event.participant)


async def _following(url: str, clock: Clock, query: Query, newest: int) -> tuple[list[str], Looks, End]:
    reader, looks, found = Reader(url, clock=clock), Looks(), list[str]()
    task = asyncio.create_task(_collect(follow(reader, query, newest, looks), found))
    await looks.asked.wait()

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await reader.aclose()

    return found, looks, end


async def test_rows_of_one_moment_come_once_and_in_order_over_pages(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "PAGE_EVENTS", 7)
    monkeypatch.setattr(following, "REMEMBERED", 5)
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    for number in range(30):
        ledger.record(joined(number))
    await ledger.flush()
    found, looks, end = await _following(url, clock, Query(), 3)
    for number in range(30, 60):
        ledger.record(joined(number))
    clock.now -= 3600  # an end that a start finds late is dated back
    for number in range(60, 75):
        ledger.record(joined(number))
    await ledger.flush()
    await looks.until_caught_up()
    assert found == [f"PA_{number:08d}" for number in range(27, 75)]
    await end()
    await ledger.close()


async def test_only_the_room_and_person_that_are_asked_for(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1))
    ledger.record(joined(2, "alan"))
    await ledger.flush()
    found, looks, end = await _following(url, clock, Query(identity="ada", room="garden"), 10)
    ledger.record(joined(3, room="kitchen"))
    ledger.record(joined(4, "alan"))
    ledger.record(joined(5))
    await ledger.flush()
    await looks.until_caught_up()
    assert found == ["PA_00000001", "PA_00000005"]
    await end()
    await ledger.close()


async def test_what_is_written_after_an_erasure_is_shown(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    for number in range(5):
        ledger.record(joined(number))
    await ledger.flush()
    found, looks, end = await _following(url, clock, Query(), 0)
    engine = database.tending_engine(url)
    async with engine.begin() as connection:
        highest = await connection.scalar(select(func.max(events.c.id)))
        await connection.execute(delete(events).where(events.c.id > highest - 3))
    await engine.dispose()
    clock.now += 1
    for number in range(5, 9):
        ledger.record(joined(number))
    await ledger.flush()
    await looks.until_caught_up()
    assert found == [f"PA_{number:08d}" for number in range(5, 9)]
    await end()
    await ledger.close()
