"""Recording: never blocks, never raises, bounded, complete after close."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import msgspec
import pytest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import postgres, store, writer
from server.metadata.address import LedgerError
from server.metadata.outcome import AttemptCause
from server.metadata.query import Query
from server.metadata.rows.operation import ServerStarted
from server.metadata.rows.sessions import ParticipantActive, ParticipantLeft
from server.metadata.rows.tracks import TrackPublished
from server.metadata.sessions import Listed, Reader
from server.metadata.store import Ledger
from server.metadata.words import LeaveReason, TrackKind, TrackSource
from server.metadata.writing import Entry
from tests.unit.ledger import START, Clock, joined, sessions


async def test_a_session_is_told_from_its_events(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(ServerStarted(version="0.1.0", relays=2))
    ledger.record(joined())
    ledger.record(
        ParticipantActive(room="garden", identity="ada", participant="PA_00000001", join_milliseconds=321)
    )
    ledger.record(
        TrackPublished(
            room="garden",
            identity="ada",
            participant="PA_00000001",
            track="TR_00000001",
            kind=TrackKind.VIDEO,
            source=TrackSource.CAMERA,
        )
    )
    await ledger.flush()
    clock.now += 5
    [connected] = await sessions(url, clock)
    assert (connected.left_at, connected.outcome, connected.seconds(clock.now)) == (None, None, 5.0)

    clock.now += 55
    ledger.record(
        ParticipantLeft(
            room="garden",
            identity="ada",
            participant="PA_00000001",
            reason=LeaveReason.CLIENT_LEFT,
            milliseconds=60_000,
        )
    )
    await ledger.close()
    [session] = await sessions(url, clock)
    assert session == msgspec.structs.replace(
        connected, left_at=START + 60, milliseconds=60_000, outcome=AttemptCause.CLIENT_LEFT
    )
    assert session.join_milliseconds == 321
    async with aclosing(Reader(url, clock=clock)) as reader:
        [listed] = [one async for one in reader.connections(Query())]
    assert listed == Listed(session, (TrackSource.CAMERA,))


async def test_close_writes_what_is_queued(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    for number in range(1200):
        ledger.record(joined(number))
    await ledger.close()
    await ledger.close()
    assert ledger.dropped == 0
    assert len(await sessions(url, clock)) == 1200


async def test_a_full_queue_drops_and_counts(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "QUEUE_EVENTS", 10)
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    for number in range(25):
        ledger.record(joined(number))
    assert ledger.dropped == 15
    await ledger.flush()
    ledger.record(joined(99))
    await ledger.close()
    assert len(await sessions(url, clock)) == 11


async def test_what_may_not_be_kept_is_refused_without_raising(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(identity="x" * 300))
    ledger.record(joined())
    await ledger.close()
    assert (ledger.refused, ledger.dropped) == (1, 0)
    assert len(await sessions(url, clock)) == 1
    assert "ParticipantJoined" in caplog.text
    assert "xxx" not in caplog.text


async def test_after_close_an_event_is_counted_as_lost(url: str) -> None:
    ledger = await Ledger.open(url)
    await ledger.close()
    ledger.record(joined())
    assert ledger.dropped == 1


async def test_a_busy_database_delays_but_loses_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "RETRY_SECONDS", 0.01)
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    failing = asyncio.Event()
    real = writer._insert_rows

    async def fail_once(*arguments: object) -> None:
        if not failing.is_set():
            failing.set()
            raise SQLAlchemyError("busy")
        await real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "_insert_rows", fail_once)
    ledger.record(joined())
    await ledger.close()
    assert failing.is_set()
    assert len(await sessions(url, clock)) == 1


async def test_events_of_a_moment_are_written_together(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    real = writer._insert_rows

    async def counted(engine: AsyncEngine, batch: list[Entry], name: str) -> None:
        batches.append(len(batch))
        await real(engine, batch, name)

    monkeypatch.setattr(writer, "_insert_rows", counted)
    ledger = await Ledger.open(url)
    ledger.record(joined(1))
    await asyncio.sleep(0)  # the writer has seen the first
    ledger.record(joined(2))
    await ledger.written.wait()
    assert batches == [2]
    await ledger.close()


async def test_who_waits_for_what_was_recorded_does_not_wait_for_more(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "GATHER_SECONDS", 3_600.0)
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1))
    await asyncio.sleep(0)
    await ledger.flush()
    assert len(await sessions(url, clock)) == 1
    ledger.record(joined(2))
    await ledger.close()
    assert len(await sessions(url, clock)) == 2


async def test_one_server_per_ledger(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "CLAIM_SECONDS", 0.1)
    ledger = await Ledger.open(url)
    with pytest.raises(LedgerError, match="another server"):
        await Ledger.open(url)
    await ledger.close()
    await (await Ledger.open(url)).close()
