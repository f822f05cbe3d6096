"""Questions to a large ledger are answered by its indexes: what SQLite plans for the very statements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import sessions
from server.metadata.sessions import Query, Reader
from server.metadata.stats import Counter, Period
from server.metadata.store import Ledger
from server.metadata.summaries import Summaries
from server.metadata.words import LeaveReason, Sdk
from tests.unit.ledger import START, Clock, joined

Ask = Callable[[str, Clock], Awaitable[object]]
DAY = Query(since=START - 86_400, until=START + 86_400)


async def _all(rows: AsyncIterator[object]) -> None:
    async for _ in rows:
        pass


def _sessions(query: Query, newest: int | None = None) -> Ask:
    async def ask(url: str, clock: Clock) -> None:
        async with aclosing(Reader(url, clock=clock)) as reader:
            await _all(reader.sessions(query, newest=newest))

    return ask


def _rows(query: Query, newest: int | None = None) -> Ask:
    async def ask(url: str, clock: Clock) -> None:
        async with aclosing(Reader(url, clock=clock)) as reader:
            await _all(reader.events(query, newest=newest))

    return ask


async def _rooms(url: str, clock: Clock) -> None:
    async with aclosing(Summaries(url, clock=clock)) as summaries:
        await summaries.rooms(DAY, 10)


async def _participants(url: str, clock: Clock) -> None:
    async with aclosing(Summaries(url, clock=clock)) as summaries:
        await summaries.participants(DAY, 10)


async def _stats(url: str, clock: Clock) -> None:
    async with aclosing(Counter(url, clock=clock)) as counter:
        await counter.stats(Period(DAY.since, DAY.until), 2)


async def _follow(url: str, clock: Clock) -> None:
    async with aclosing(Reader(url, clock=clock)) as reader:
        await reader.numbered(await reader.last_number() - 1)


async def _asked(url: str, clock: Clock, ask: Ask) -> list[tuple[str, Any]]:
    """Every statement that goes to the database, with its parameters."""
    found: list[tuple[str, Any]] = []

    def note(*what: Any) -> None:
        found.append((what[2], what[3]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await ask(url, clock)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return [(statement, values) for statement, values in found if statement.startswith("SELECT")]


async def _plan(engine: AsyncEngine, statement: str, values: Any) -> list[str]:
    async with engine.connect() as connection:
        steps = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return [str(step._mapping["detail"]) for step in steps]


@pytest.mark.parametrize(
    ("ask", "sorts"),
    [
        (_sessions(Query()), False),
        (_sessions(Query(), 2), False),
        (_sessions(DAY), False),
        (_sessions(DAY, 2), False),
        (_sessions(Query(outcome=LeaveReason.NEVER_READY), 2), False),
        (_sessions(Query(client=Sdk.PYTHON), 2), False),
        (_sessions(Query(room="garden")), False),
        (_sessions(Query(identity="ada"), 2), False),
        (_rows(Query()), False),
        (_rows(DAY, 2), False),
        (_follow, False),
        (_rooms, True),
        (_participants, True),
        (_stats, True),
    ],
)
async def test_no_question_reads_the_whole_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask, sorts: bool
) -> None:
    monkeypatch.setattr(sessions, "PAGE_SESSIONS", 2)
    monkeypatch.setattr(sessions, "PAGE_EVENTS", 2)
    clock = Clock()
    url = f"sqlite:///{tmp_path}/ledger.db"
    ledger = await Ledger.open(url, clock=clock)
    for number in range(5):
        ledger.record(joined(number, f"person {number}"))
    await ledger.flush()
    try:
        asked = await _asked(url, clock, ask)
        assert asked
        for statement, values in asked:
            _check(statement, await _plan(ledger._engine, statement, values), sorts)
    finally:
        await ledger.close()


def _check(statement: str, steps: list[str], sorts: bool) -> None:
    for step in steps:
        # In order of time and up to the end of a page: that reads no more than it gives.
        in_order = step == "SCAN events USING INDEX events_by_moment" and "LIMIT" in statement
        assert in_order or not step.startswith("SCAN events"), f"{step}: {statement}"
        # An end is looked up by its session: by time, each session would read all ends before it.
        if step.startswith("SEARCH events_"):
            assert "events_by_participant (participant=?" in step or "PRIMARY KEY" in step, step
    details = " IN (" in statement and "ORDER BY" in statement
    if not sorts and not details:
        assert not any("ORDER BY" in step for step in steps), statement
