"""A question that takes too long, or that nobody waits for any more, holds the ledger no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.metadata import asking as asking_module
from server.metadata.asking import Asking, TooSlowError
from server.metadata.database import connections
from server.metadata.store import Ledger
from tests.unit.ledger import joined

ENDLESS = text(
    "WITH RECURSIVE counted(steps) AS "
    "(SELECT 1 UNION ALL SELECT steps + 1 FROM counted, connections WHERE steps > 0) "
    "SELECT count(*) FROM counted"
)
"""Reads the ledger for ever."""
HOW_MANY = select(func.count()).select_from(connections)


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[Ledger]:
    ledger = await Ledger.open(url)
    ledger.record(joined(1))
    await ledger.flush()
    yield ledger
    await ledger.close()


async def _goes_on(asking: Asking, ledger: Ledger) -> None:
    """What is recorded is written at once, and the next question is answered."""
    before = await asking.value(HOW_MANY)
    ledger.record(joined(2))
    async with asyncio.timeout(3):
        await ledger.flush()
    assert await asking.value(HOW_MANY) == before + 1
    assert ledger.dropped == 0


async def test_a_question_that_takes_too_long_is_given_up(url: str, ledger: Ledger) -> None:
    async with aclosing(Asking(url)) as asking:
        with pytest.raises(TooSlowError, match="ask about a shorter period"):
            await asking.rows(ENDLESS, 0.1)
        await _goes_on(asking, ledger)


async def test_there_is_a_limit_where_none_is_asked_for(
    url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_module, "STATEMENT_SECONDS", 0.1)
    async with aclosing(Asking(url)) as asking:
        with pytest.raises(TooSlowError):
            await asking.value(ENDLESS)


async def test_a_question_that_nobody_waits_for_is_stopped(
    url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()
    real = AsyncConnection.execute

    async def execute(connection: AsyncConnection, *arguments: object, **options: object) -> object:
        if arguments == (ENDLESS,):
            asyncio.get_running_loop().call_later(0.05, begun.set)
        return await real(connection, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(AsyncConnection, "execute", execute)
    async with aclosing(Asking(url)) as asking:
        question = asyncio.create_task(asking.rows(ENDLESS))
        await begun.wait()
        question.cancel()
        with suppress(asyncio.CancelledError):
            await question
        assert question.cancelled()
        await _goes_on(asking, ledger)


async def test_a_question_cannot_write(url: str, ledger: Ledger) -> None:
    async with aclosing(Asking(url)) as asking:
        with pytest.raises(Exception, match="cannot be read"):
            await asking.rows(text("DELETE FROM connections"))
        assert await asking.value(HOW_MANY) == 1
