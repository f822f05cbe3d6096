"""Questions to a large ledger are answered by its indexes: what SQLite plans for the very statements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import sessions
from server.metadata.failures import failures
from server.metadata.holdings import holdings
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.query import Place, Query
from server.metadata.search import count, course, search
from server.metadata.sessions import Reader
from server.metadata.stats import Period, stats
from server.metadata.store import Ledger
from server.metadata.summaries import people, rooms
from server.metadata.words import Browser, Sdk
from tests.unit.ledger import START, Clock, joined

Ask = Callable[[Reader], Awaitable[object]]
SINCE, UNTIL = START - 86_400, START + 86_400
DAY = Query(since=SINCE, until=UNTIL)


def _all(rows: Callable[[Reader], AsyncIterator[object]]) -> Ask:
    async def ask(reader: Reader) -> None:
        async for _ in rows(reader):
            pass

    return ask


async def _follow(reader: Reader) -> None:
    await reader.numbered(await reader.last_number() - 1)


async def _asked(reader: Reader, ask: Ask) -> list[tuple[str, Any]]:
    """Every statement that goes to the database, with its parameters."""
    found: list[tuple[str, Any]] = []

    def note(*what: Any) -> None:
        found.append((what[2], what[3]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await ask(reader)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return [(statement, values) for statement, values in found if statement.startswith("SELECT")]


async def _plan(engine: AsyncEngine, statement: str, values: Any) -> list[str]:
    async with engine.connect() as connection:
        steps = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return [str(step._mapping["detail"]) for step in steps]


async def _plans(directory: Path, ask: Ask) -> list[tuple[str, list[str]]]:
    """What is planned for each statement, in a ledger of five who are connected."""
    clock = Clock()
    url = f"sqlite:///{directory}/ledger.db"
    ledger = await Ledger.open(url, clock=clock)
    for number in range(5):
        ledger.record(joined(number, f"person {number}"))
    await ledger.flush()
    try:
        async with aclosing(Reader(url, clock=clock)) as reader:
            asked = await _asked(reader, ask)
            assert asked
            return [(one, await _plan(ledger._engine, one, values)) for one, values in asked]
    finally:
        await ledger.close()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Query(), "INDEX connections_by_time"),
        (Query(until=UNTIL), "connections_by_time"),
        (Query(room="garden"), "connections_by_room (room=?)"),
        (Query(identity="ada", failed=True), "connections_by_identity (identity=?)"),
        (Query(room="garden", identity="ada", site="Lyon"), "connections_by_identity (identity=?)"),
        (Query(code="ABCD-EFGH", room="garden"), "connections_by_code (code=?)"),
        (Query(participant="PA_00000001"), "connections_by_participant (participant=?)"),
        (Query(site="Lyon", client=Browser.CHROME), "connections_by_site (site=?)"),
        (Query(client=Browser.OPERA), "connections_by_browser (browser=?)"),
        (Query(client=Sdk.PYTHON), "connections_by_sdk (sdk=?)"),
        (Query(client=Sdk.JS), "INDEX connections_by_time"),
        (Query(outcome=AttemptCause.REMOVED, site="Lyon"), "connections_by_outcome (outcome=?)"),
        (Query(outcome=AttemptCause.CLIENT_LEFT), "INDEX connections_by_time"),
        (Query(outcome=AttemptCause.CLIENT_LEFT, site="Lyon"), "connections_by_site (site=?)"),
        (Query(stage=Stage.ICE, failed=True), "connections_by_stage (stage=?)"),
        (Query(failed=True, client=Sdk.JS), "connections_failed"),
        (Query(failed=True, let_in=True, stage=Stage.MEDIA), "connections_failed"),
    ],
)
async def test_a_search_is_led_by_what_is_rarest_and_sorts_nothing(
    tmp_path: Path, query: Query, index: str
) -> None:
    place = Place(START, 3)
    for ask in (
        partial(search, query=query),
        partial(search, query=query, older=place),
        partial(search, query=query, newer=place),
        partial(count, query=query),
    ):
        for statement, steps in await _plans(tmp_path, lambda reader, ask=ask: ask(reader)):  # type: ignore[misc]
            if "SELECT connections.number AS number" in statement:
                continue  # how much each of them would find
            assert any(index.rstrip(")") in step for step in steps), (statement, steps)
            sorts = any("TEMP B-TREE" in step for step in steps)
            assert not sorts or query.participant is not None, (statement, steps)


@pytest.mark.parametrize(
    "query",
    [DAY, Query(since=SINCE, failed=True), Query(since=SINCE, site="Lyon", client=Browser.OPERA)],
)
async def test_who_was_there_already_is_found_by_the_end(tmp_path: Path, query: Query) -> None:
    """And not by looking at everybody who ever came before."""
    *_, (statement, steps) = await _plans(tmp_path, partial(search, query=query))
    searched = [step for step in steps if step.startswith(("SEARCH", "SCAN"))]
    assert searched, statement
    assert all("by_end (left_at" in step for step in searched), (statement, steps)


@pytest.mark.parametrize(
    "ask",
    [
        _all(lambda reader: reader.connections(Query())),
        _all(lambda reader: reader.connections(Query(), newest=2)),
        _all(lambda reader: reader.connections(DAY)),
        _all(lambda reader: reader.connections(Query(identity="ada"), newest=2)),
        _all(lambda reader: reader.events(Query())),
        _all(lambda reader: reader.events(DAY, newest=2)),
        _all(lambda reader: reader.events(Query(code="ABCD-EFGH"))),
        _follow,
        partial(course, number=1),
        partial(rooms, query=DAY),
        partial(rooms, query=Query(), older=Place(START, 3)),
        partial(people, query=DAY),
        partial(people, query=Query(room="garden")),
        partial(failures, since=SINCE, until=UNTIL),
        partial(stats, period=Period(SINCE, UNTIL), least=2),
        partial(stats, period=Period(room="garden"), least=2),
        holdings,
    ],
)
async def test_no_question_reads_a_whole_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    monkeypatch.setattr(sessions, "PAGE_CONNECTIONS", 2)
    monkeypatch.setattr(sessions, "PAGE_EVENTS", 2)
    for statement, steps in await _plans(tmp_path, ask):
        for step in steps:
            if step.startswith(("SCAN events", "SCAN connections", "SCAN later")):
                # In order of time and up to the end of a page: that reads no more than it gives.
                assert "INDEX events_by_moment" in step or "INDEX connections_by_time" in step
                assert "LIMIT" in statement, step
            # What is later is looked up by its room or person, and by nothing else.
            if step.startswith("SEARCH later"):
                assert "later USING INDEX connections_by_" in step, step
                assert "=? AND joined_at>?" in step, step
