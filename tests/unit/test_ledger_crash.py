"""Sessions that a crash cut off are ended at the next start, dated when the server last was alive."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import store
from server.metadata.outcome import AttemptCause
from server.metadata.rows.sessions import ParticipantLeft
from server.metadata.store import Ledger
from server.metadata.words import LeaveReason
from tests.unit.ledger import START, Clock, joined, sessions

ROOT = Path(__file__).parents[2]


def left(number: int) -> ParticipantLeft:
    return ParticipantLeft(
        room="garden",
        identity="ada",
        participant=f"PA_{number:08d}",
        reason=LeaveReason.CLIENT_LEFT,
        milliseconds=1000,
    )


async def crash(ledger: Ledger) -> None:
    """As if the process were killed once its queue was written."""
    await ledger.flush()
    await ledger.close()


async def test_a_session_without_an_end_is_ended_as_crashed(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1))
    ledger.record(joined(2))
    clock.now += 1
    ledger.record(left(1))
    clock.now += 40
    await ledger._stay_alive()
    await crash(ledger)

    clock.now += 7200
    ledger = await Ledger.open(url, clock=clock)
    await ledger.close()
    first, second = await sessions(url, clock)
    assert (first.outcome, first.seconds(clock.now)) == (AttemptCause.CLIENT_LEFT, 1.0)
    assert (second.outcome, second.seconds(clock.now)) == (AttemptCause.SERVER_CRASH, 41.0)
    assert second.left_at == START + 41


async def test_a_server_that_is_killed(url: str) -> None:
    """A process that ends between two instructions: what it had written is there, the claim is not."""
    program = f"""
import asyncio
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.store import Ledger

async def main():
    ledger = await Ledger.open({url!r})
    ledger.record(ParticipantJoined(room="garden", identity="ada", participant="PA_00000001"))
    await ledger.flush()
    print("written", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    assert await server.stdout.readline() == b"written\n"
    server.kill()
    await server.wait()

    await (await Ledger.open(url)).close()
    [session] = await sessions(url, time.time)
    assert session.outcome is AttemptCause.SERVER_CRASH


async def test_it_is_ended_once(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1))
    await crash(ledger)
    for _ in range(3):
        clock.now += 60
        await (await Ledger.open(url, clock=clock)).close()
    [session] = await sessions(url, clock)
    assert (session.outcome, session.left_at) == (AttemptCause.SERVER_CRASH, START)


async def test_a_clock_that_went_back_makes_no_negative_time(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1))
    await crash(ledger)
    clock.now -= 500
    await (await Ledger.open(url, clock=clock)).close()
    [session] = await sessions(url, clock)
    assert session.seconds(clock.now) == 0.0


async def test_a_running_server_says_that_it_is_alive(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ALIVE_SECONDS", 0.01)
    told = asyncio.Event()
    real = store._mark_alive

    async def mark(engine: AsyncEngine, now: float) -> None:
        await real(engine, now)
        if now > START:
            told.set()

    monkeypatch.setattr(store, "_mark_alive", mark)
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    clock.now += 10
    await told.wait()
    await ledger.close()
