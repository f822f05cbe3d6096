"""A database that goes away, hangs or is taken over delays the writing, loses nothing, repeats nothing."""

from __future__ import annotations

import asyncio
import os
import signal

import asyncpg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from server.metadata import store, writer
from server.metadata.store import Ledger
from tests.postgres import Cluster
from tests.unit.ledger import Clock, joined, sessions


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "RETRY_SECONDS", 0.02)


async def until_it_is_told(caplog: pytest.LogCaptureFixture, words: str) -> None:
    async with asyncio.timeout(20):
        while words not in caplog.text:
            await asyncio.sleep(0.01)


async def process_of(ledger: Ledger) -> int:
    """The process of the database that writes for the ledger."""
    async with ledger._engine.connect() as connection:
        return int((await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one())


async def test_a_database_that_stops_and_starts_again(
    postgres: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    url, clock = postgres.database(), Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1))
    await ledger.flush()
    await asyncio.to_thread(postgres.stop)
    try:
        for number in range(2, 1202):
            ledger.record(joined(number))
        await until_it_is_told(caplog, "the ledger cannot be written")
        assert ledger.dropped == 0
    finally:
        await asyncio.to_thread(postgres.start)
    await ledger.flush()
    await ledger.close()
    found = [session.participant for session in await sessions(url, clock)]
    assert found == [f"PA_{number:08d}" for number in range(1, 1202)]
    assert caplog.text.count("the ledger cannot be written") == 1, "told once, not at every attempt"
    assert "the ledger is written again" in caplog.text


async def test_a_database_that_stays_away_does_not_hold_up_a_stop(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CLOSE_SECONDS", 0.1)
    ledger = await Ledger.open(postgres.database())
    await asyncio.to_thread(postgres.stop)
    try:
        ledger.record(joined(1))
        await ledger.close()
        assert ledger.dropped == 1
    finally:
        await asyncio.to_thread(postgres.start)


async def test_a_connection_that_hangs_is_given_up(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "WRITE_SECONDS", 0.3)
    url, clock = postgres.database(), Clock()
    ledger = await Ledger.open(url, clock=clock)
    stuck = await process_of(ledger)
    os.kill(stuck, signal.SIGSTOP)
    try:
        ledger.record(joined(1))
        await until_it_is_told(caplog, "TimeoutError")
    finally:
        monkeypatch.setattr(writer, "WRITE_SECONDS", 30.0)
        os.kill(stuck, signal.SIGCONT)
    await ledger.flush()
    await ledger.close()
    assert ledger.dropped == 0
    assert len(await sessions(url, clock)) == 1


async def test_who_lost_the_claim_does_not_write(postgres: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """Cut off from the database while another server came: its sessions are not touched meanwhile."""
    url, clock = postgres.database(), Clock()
    ledger = await Ledger.open(url, clock=clock)
    other = await asyncpg.connect(url)
    claiming = asyncio.create_task(
        other.execute("SELECT pg_advisory_lock(hashtext('offrecord.ledger'), hashtext('public'))")
    )
    await other_waits(url)
    await asyncio.to_thread(
        postgres.sql, f"SELECT pg_terminate_backend({await process_of(ledger)})", "postgres"
    )
    await claiming
    ledger.record(joined(1))
    await until_it_is_told(caplog, "the ledger cannot be written")
    assert await sessions(url, clock) == []
    await other.close()
    await ledger.close()
    assert len(await sessions(url, clock)) == 1


async def other_waits(url: str) -> None:
    watching = await asyncpg.connect(url)
    try:
        while not await watching.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
    finally:
        await watching.close()


async def test_a_confirmation_that_was_lost_repeats_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    real, attempts = writer._insert_rows, 0

    async def written_but_not_heard(*arguments: object) -> None:
        nonlocal attempts
        attempts += 1
        await real(*arguments)  # type: ignore[arg-type]
        if attempts == 1:
            raise SQLAlchemyError("the connection broke")

    monkeypatch.setattr(writer, "_insert_rows", written_but_not_heard)
    ledger.record(joined(1))
    await ledger.flush()
    ledger.record(joined(2))
    await ledger.close()
    assert attempts == 3
    assert len(await sessions(url, clock)) == 2
