"""What has expired is not shown, is deleted, and leaves nothing where the ledger is kept."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import retention, store
from server.metadata.event import ServerStarted
from server.metadata.retention import DAY, Retention
from server.metadata.store import Ledger
from tests.postgres import Cluster
from tests.unit.ledger import START, Clock, Kept, KeptInDatabase, joined, sessions


async def identities(url: str, clock: Clock) -> list[str]:
    return [session.identity for session in await sessions(url, clock)]


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
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.flush()
    clock.now += 31 * DAY
    real = retention._rewrite
    done: list[AsyncEngine] = []

    async def cut_off(engine: AsyncEngine) -> None:
        raise SQLAlchemyError("busy")

    async def counted(engine: AsyncEngine) -> None:
        await real(engine)
        done.append(engine)

    monkeypatch.setattr(retention, "_rewrite", cut_off)
    with pytest.raises(SQLAlchemyError):
        await ledger.sweep()
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
