"""What has expired is not shown, is deleted, and leaves nothing in the file or beside it."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import retention, store
from server.metadata.event import ServerStarted
from server.metadata.retention import DAY, Retention
from server.metadata.store import Ledger
from tests.unit.ledger import START, Clock, joined, sessions


async def identities(url: str, clock: Clock) -> list[str]:
    return [session.identity for session in await sessions(url, clock)]


def on_disk(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.iterdir())


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


async def test_a_session_is_gone_after_its_days(url: str, tmp_path: Path) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, Retention(session_days=30), clock=clock)
    ledger.record(ServerStarted(version="0.1.0", relays=1))
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.flush()
    clock.now = START + 30 * DAY - 1
    assert await ledger.sweep() == 0
    assert await identities(url, clock) == ["ada-lovelace"]
    assert b"ada-lovelace" in on_disk(tmp_path)

    clock.now = START + 30 * DAY
    assert await identities(url, clock) == [], "expired, though not swept yet"
    assert await ledger.sweep() == 1
    assert b"ada-lovelace" not in on_disk(tmp_path)
    assert b"server_started" in on_disk(tmp_path), "what names nobody is kept longer"
    await ledger.close()


async def test_nothing_of_any_expired_row_is_left_among_those_kept(url: str, tmp_path: Path) -> None:
    """Rows of many sizes, deleted in scattered order: pages are rebalanced, and slack must not remember."""
    random.seed(7)
    clock = Clock()
    ledger = await Ledger.open(url, Retention(session_days=1), clock=clock)
    born: dict[str, float] = {}
    for hour in range(60):
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
    kept = on_disk(tmp_path)
    for name, at in born.items():
        assert (name.encode() in kept) == (at + DAY > clock.now), name


async def test_what_expired_while_the_server_was_down_is_gone_at_its_start(url: str, tmp_path: Path) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.close()
    clock.now += 31 * DAY
    ledger = await Ledger.open(url, clock=clock)
    assert b"ada-lovelace" not in on_disk(tmp_path)
    await ledger.close()


async def test_a_sweep_that_was_cut_off_is_finished_by_the_next(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.flush()
    clock.now += 31 * DAY
    real = retention._vacuum
    done: list[AsyncEngine] = []

    async def cut_off(engine: AsyncEngine) -> None:
        raise SQLAlchemyError("busy")

    async def counted(engine: AsyncEngine) -> None:
        await real(engine)
        done.append(engine)

    monkeypatch.setattr(retention, "_vacuum", cut_off)
    with pytest.raises(SQLAlchemyError):
        await ledger.sweep()
    await ledger.close()
    monkeypatch.setattr(retention, "_vacuum", counted)
    ledger = await Ledger.open(url, clock=clock)
    assert len(done) == 1
    await ledger.sweep()
    assert len(done) == 1, "nothing was deleted since"
    await ledger.close()


async def test_the_server_sweeps_by_itself(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SWEEP_SECONDS", 0.01)
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.flush()
    clock.now += 31 * DAY
    while b"ada-lovelace" in on_disk(tmp_path):
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
