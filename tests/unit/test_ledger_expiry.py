"""What has expired is not shown, is deleted, and leaves nothing where the ledger is kept."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import postgres as database_of_postgres
from server.metadata import retention, store
from server.metadata.database import upkeep
from server.metadata.outcome import QualityStep
from server.metadata.retention import DAY, Retention
from server.metadata.rows.operation import ServerStarted
from server.metadata.rows.sessions import ParticipantResumed
from server.metadata.rows.tracks import TrackUnpublished
from server.metadata.rows.transports import QualityChanged, TransportEnded
from server.metadata.store import Ledger
from server.metadata.transport_words import Direction, TransportEnd
from tests.postgres import Cluster
from tests.unit.ledger import START, Clock, Kept, KeptInDatabase, joined, published, sessions


async def identities(url: str, clock: Clock) -> list[str]:
    return [session.identity or "" for session in await sessions(url, clock)]


@asynccontextmanager
async def older_transaction(kept: KeptInDatabase, question: str) -> AsyncIterator[None]:
    """As a dump reads: what it sees is as it was when it asked `question`, until it is over."""
    connection = await asyncpg.connect(kept.url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.fetch(question)
            yield
    finally:
        await connection.close()


async def test_a_session_is_gone_after_its_days(kept: Kept) -> None:
    clock = Clock()
    ledger = await Ledger.open(kept.url, Retention(session_days=30), clock=clock)
    ledger.record(ServerStarted(version="0.1.0", relays=1))
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.flush()
    clock.now = START + 30 * DAY - 1
    assert await ledger.sweep() == 0
    assert await identities(kept.url, clock) == ["ada-lovelace"]
    assert b"ada-lovelace" in kept.on_disk()

    clock.now = START + 30 * DAY
    assert await identities(kept.url, clock) == [], "expired, though not swept yet"
    assert await ledger.sweep() == 1
    assert b"ada-lovelace" not in kept.on_disk()
    assert b"server_started" in kept.on_disk(), "what names nobody is kept longer"
    await ledger.close()


async def test_what_somebody_did_moment_by_moment_is_gone_sooner(kept: Kept) -> None:
    clock = Clock()
    ledger = await Ledger.open(kept.url, Retention(session_days=30, detail_days=7), clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    ledger.record(published(1, "ada-lovelace"))
    await ledger.flush()
    clock.now = START + 7 * DAY
    assert await ledger.sweep() == 1
    assert b"track_published" not in kept.on_disk()
    assert await identities(kept.url, clock) == ["ada-lovelace"]
    await ledger.close()


async def test_what_is_switched_off_is_not_written_and_what_was_there_goes(kept: Kept) -> None:
    clock = Clock()
    ledger = await Ledger.open(kept.url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    ledger.record(published(1, "ada-lovelace"))
    who: dict[str, Any] = {"room": "garden", "identity": "ada-lovelace", "participant": "PA_00000001"}
    step = QualityChanged(**who, quality=QualityStep.POOR)
    ledger.record(step)
    await ledger.close()
    ledger = await Ledger.open(kept.url, Retention(details=False), clock=clock)
    ledger.record(published(1, "ada-lovelace"))
    ledger.record(step)
    ledger.record(ParticipantResumed(**who, milliseconds=5))
    ledger.record(TrackUnpublished(**who, track="TR_00000001", milliseconds=5))
    way, end = Direction.PUBLISHER, TransportEnd.CLOSED
    ledger.record(TransportEnded(**who, direction=way, end=end, milliseconds=5))
    await ledger.close()
    written = kept.on_disk()
    details = (b"track_published", b"track_unpublished", b"quality_changed", b"participant_resumed")
    assert not [kind for kind in details if kind in written]
    assert b"transport_ended" in written
    assert await identities(kept.url, clock) == ["ada-lovelace"]
    assert (ledger.dropped, ledger.refused) == (0, 0)


async def test_nothing_of_any_expired_row_is_left_among_those_kept(kept: Kept) -> None:
    """Rows of many sizes, deleted in scattered order: pages are rebalanced, and slack must not remember."""
    random.seed(7)
    clock = Clock()
    ledger = await Ledger.open(kept.url, Retention(session_days=1), clock=clock)
    born: dict[str, float] = {}
    for hour in range(40):
        clock.now = START + hour * 3600
        for number in range(30):
            name = f"guest-{hour:02d}{number:02d}"
            clock.now = START + hour * 3600 + random.randrange(-40_000, 1)
            born[name] = clock.now
            ledger.record(joined(hour * 100 + number, f"{name}-{'x' * random.randrange(200)}"))
        await ledger.flush()
        clock.now = START + hour * 3600
        await ledger.sweep()
    await ledger.close()
    left = kept.on_disk()
    for name, at in born.items():
        assert (name.encode() in left) == (at + DAY > clock.now), name


async def test_what_expired_while_the_server_was_down_is_gone_at_its_start(kept: Kept) -> None:
    clock = Clock()
    ledger = await Ledger.open(kept.url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.close()
    clock.now += 31 * DAY
    ledger = await Ledger.open(kept.url, clock=clock)
    assert b"ada-lovelace" not in kept.on_disk()
    await ledger.close()


async def test_a_sweep_that_was_cut_off_is_finished_by_the_next(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.flush()
    clock.now += 31 * DAY
    real = retention._rewrite
    done: list[AsyncEngine] = []

    async def cut_off(engine: AsyncEngine, due: int) -> None:
        raise SQLAlchemyError("busy")

    async def counted(engine: AsyncEngine, due: int) -> None:
        await real(engine, due)
        done.append(engine)

    monkeypatch.setattr(retention, "_rewrite", cut_off)
    assert await ledger.sweep() == 1
    assert "overwritten at the next sweep" in caplog.text
    await ledger.close()
    monkeypatch.setattr(retention, "_rewrite", counted)
    ledger = await Ledger.open(url, clock=clock)
    assert len(done) == 1
    await ledger.sweep()
    assert len(done) == 1, "nothing was deleted since"
    await ledger.close()


async def test_the_server_sweeps_by_itself(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SWEEP_SECONDS", 0.01)
    clock = Clock()
    ledger = await Ledger.open(kept.url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.flush()
    clock.now += 31 * DAY
    while b"ada-lovelace" in kept.on_disk():
        await asyncio.sleep(0.01)
    await ledger.close()


async def test_a_shorter_period_applies_to_what_is_kept_already(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, Retention(session_days=30), clock=clock)
    ledger.record(joined(1, "ada"))
    await ledger.close()
    clock.now += 3 * DAY
    ledger = await Ledger.open(url, Retention(session_days=2), clock=clock)
    await ledger.close()
    assert await identities(url, clock) == []


async def test_a_longer_period_does_not_lengthen_a_promise_made(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, Retention(session_days=2), clock=clock)
    ledger.record(joined(1, "ada"))
    await ledger.close()
    ledger = await Ledger.open(url, Retention(session_days=30), clock=clock)
    await ledger.close()
    clock.now += 3 * DAY
    assert await identities(url, clock) == []


async def test_statistics_of_the_database_remember_no_name(postgres: Cluster) -> None:
    """PostgreSQL keeps samples of values to plan queries by, which no deletion reaches."""
    kept, clock = KeptInDatabase(postgres), Clock()
    ledger = await Ledger.open(kept.url, clock=clock)
    for number in range(300):
        ledger.record(joined(number, "ada-lovelace"))
    await ledger.flush()
    await asyncio.to_thread(kept.sql, "ANALYZE")
    clock.now += 31 * DAY
    assert await ledger.sweep() == 300
    await ledger.close()
    assert b"ada-lovelace" not in kept.on_disk()


async def test_what_is_erased_during_a_rewrite_is_rewritten_too(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    ledger = await Ledger.open(kept.url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    ledger.record(ServerStarted(version="0.1.0", relays=1))
    await ledger.flush()
    clock.now += 31 * DAY
    real = retention._rewrite

    async def late(engine: AsyncEngine, due: int) -> None:
        async with engine.begin() as connection:
            await connection.execute(update(upkeep).values(rewrite_due=upkeep.c.rewrite_due + 1))
        await real(engine, due)

    monkeypatch.setattr(retention, "_rewrite", late)
    await ledger.sweep()
    async with ledger._engine.connect() as connection:
        assert await connection.scalar(select(upkeep.c.rewrite_due)) == 2
    monkeypatch.setattr(retention, "_rewrite", real)
    await ledger.sweep()
    async with ledger._engine.connect() as connection:
        assert await connection.scalar(select(upkeep.c.rewrite_due)) == 0
    await ledger.close()


async def test_a_dump_of_the_database_delays_only_the_overwriting(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even at a start: rows are deleted at once, the table is written anew when the dump is through."""
    monkeypatch.setitem(database_of_postgres._WRITING, "lock_timeout", "100ms")
    kept, clock = KeptInDatabase(postgres), Clock()
    ledger = await Ledger.open(kept.url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.close()
    clock.now += 31 * DAY
    async with older_transaction(kept, "SELECT 1 FROM events"):
        ledger = await Ledger.open(kept.url, clock=clock)
        assert await identities(kept.url, clock) == []
        assert b"ada-lovelace" in kept.on_disk()
    assert await ledger.sweep() == 0
    assert b"ada-lovelace" not in kept.on_disk()
    await ledger.close()


async def test_what_an_older_transaction_still_sees_is_overwritten_once_it_is_over(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It need not have looked at the table, so that no lock is in the way of writing it anew."""
    monkeypatch.setattr(database_of_postgres, "UNSEEN_SECONDS", 0.1)
    kept, clock = KeptInDatabase(postgres), Clock()
    ledger = await Ledger.open(kept.url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.flush()
    async with older_transaction(kept, "SELECT 1"):
        clock.now += 31 * DAY
        assert await ledger.sweep() == 1
        assert "overwritten at the next sweep" in caplog.text
        assert b"ada-lovelace" in kept.on_disk()
    assert await ledger.sweep() == 0
    assert b"ada-lovelace" not in kept.on_disk()
    await ledger.close()


async def test_a_sweep_waits_for_a_short_transaction_that_still_sees_what_expired(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_of_postgres, "UNSEEN_SECONDS", 20.0)
    kept, clock = KeptInDatabase(postgres), Clock()
    ledger = await Ledger.open(kept.url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.flush()
    async with older_transaction(kept, "SELECT 1"):
        clock.now += 31 * DAY
        sweeping = asyncio.ensure_future(ledger.sweep())
        while await asyncio.to_thread(kept.sql, "SELECT count(*) FROM events") != "0":
            await asyncio.sleep(0.01)
        assert not sweeping.done()
    assert await sweeping == 1
    assert b"ada-lovelace" not in kept.on_disk()
    await ledger.close()
