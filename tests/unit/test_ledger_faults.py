"""An error that nobody foresaw does not end the writing of the ledger: it is told; nothing else is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import store, writer
from server.metadata.store import Ledger
from server.metadata.writing import Entry
from tests.unit.ledger import Clock, joined, sessions

Write = Callable[[AsyncEngine, list[Entry], str], object]


class Unforeseen(Exception):
    """Of none of the kinds that a database fails of."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "RETRY_SECONDS", 0.01)


@pytest.fixture
async def ledger(url: str) -> Ledger:
    return await Ledger.open(url, clock=Clock())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


async def found(url: str) -> list[str | None]:
    return [session.participant for session in await sessions(url, Clock())]


async def test_an_event_that_cannot_be_written_is_left_out_and_no_other(
    url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = writer._insert_rows

    async def insert(engine: AsyncEngine, batch: list[Entry], name: str) -> None:
        if any(one.row["participant"] == "PA_00000004" for one in batch):
            raise Unforeseen("somebody's name")
        await real(engine, batch, name)

    monkeypatch.setattr(writer, "_insert_rows", insert)
    for number in range(1, 8):
        ledger.record(joined(number))
    await ledger.flush()
    assert (ledger.refused, ledger.dropped, ledger.waiting) == (1, 0, 0)
    assert ledger.faults == 1 + writer.ATTEMPTS, "in the batch, and by itself"
    assert ledger.accepts
    assert "an event cannot be written, and is left out: <class" in caplog.text
    ledger.record(joined(8))
    await ledger.close()
    assert await found(url) == [f"PA_{number:08d}" for number in (1, 2, 3, 5, 6, 7, 8)]


async def test_while_nothing_can_be_written_all_of_it_waits_and_that_is_told(
    url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, works = writer._insert_rows, asyncio.Event()
    real_look = writer._came_last

    async def insert(engine: AsyncEngine, batch: list[Entry], name: str) -> None:
        if not works.is_set():
            raise Unforeseen
        await real(engine, batch, name)

    async def look(engine: AsyncEngine, name: str) -> bool:
        if not works.is_set():
            raise Unforeseen
        return await real_look(engine, name)

    monkeypatch.setattr(writer, "_insert_rows", insert)
    monkeypatch.setattr(writer, "_came_last", look)
    for number in range(1, 4):
        ledger.record(joined(number))
    await until(lambda: ledger.faults > 3 * writer.ATTEMPTS)
    assert (ledger.waiting, ledger.refused, ledger.dropped) == (3, 0, 0)
    assert not ledger.accepts, "/readyz tells"
    assert caplog.text.count("the ledger's writer found a fault") == 1, "once, not at every attempt"
    ledger.record(joined(4))
    works.set()
    await ledger.flush()
    assert ledger.accepts
    await ledger.close()
    assert await found(url) == [f"PA_{number:08d}" for number in range(1, 5)]


async def test_what_was_written_before_the_fault_is_not_written_twice(
    url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = writer._insert_rows

    async def insert(engine: AsyncEngine, batch: list[Entry], name: str) -> None:
        await real(engine, batch, name)
        raise Unforeseen

    monkeypatch.setattr(writer, "_insert_rows", insert)
    ledger.record(joined(1))
    ledger.record(joined(2))
    await ledger.close()
    assert (ledger.faults, ledger.refused, ledger.dropped) == (1, 0, 0)
    assert await found(url) == ["PA_00000001", "PA_00000002"]


async def test_a_fault_does_not_end_upkeep(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store, "ALIVE_SECONDS", 0.01)
    calls, real = 0, store._mark_alive

    async def mark(engine: AsyncEngine, now: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:  # the first is of the start
            raise Unforeseen
        await real(engine, now)

    monkeypatch.setattr(store, "_mark_alive", mark)
    ledger = await Ledger.open(url, clock=Clock())
    await until(lambda: calls > 3)
    assert ledger.faults == 1
    assert [one.message for one in caplog.records if one.levelno >= logging.ERROR] == [
        "the ledger's upkeep found a fault"
    ]
    await ledger.close()
