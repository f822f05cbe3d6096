"""The ledger: events per second that it takes in, and how long questions take at a million sessions.

The million is made once, in a temporary directory of about 2 GB, in a minute or two. It is read as the
commands read it. Writing is measured on a store of its own, in this process.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

from bench.figure import show
from server.metadata.event import Event, encode, name_of
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.sessions import PAGE_SESSIONS, Query, Reader
from server.metadata.stats import Counter, Period
from server.metadata.store import QUEUE_EVENTS, Ledger
from server.metadata.summaries import Summaries
from server.metadata.words import Browser, LeaveReason, Sdk, System

SESSIONS = 1_000_000
DAYS = 29
DAY_SECONDS = 86_400.0
ROOMS = 20_000
PEOPLE = 100_000
WRITTEN = 50_000
_CLIENTS = [Browser.CHROME] * 6 + [Browser.FIREFOX, Browser.SAFARI]
_ENDS = [LeaveReason.CLIENT_LEFT] * 200 + [LeaveReason.CONNECTION_LOST] * 4 + [LeaveReason.NEVER_READY]
_COLUMNS = "at, expires_at, event, room, identity, participant, body"


def _session(chance: random.Random, number: int, at: float) -> Iterator[tuple[float, Event]]:
    names: dict[str, Any] = {
        "room": f"room-{chance.randrange(ROOMS)}",
        "identity": f"person-{chance.randrange(PEOPLE)}",
        "participant": f"PA_{number:010d}",
    }
    seconds = chance.randrange(5, 3600)
    yield (
        at,
        ParticipantJoined(
            **names,
            sdk=Sdk.JS,
            sdk_version="2.15.6",
            browser=chance.choice(_CLIENTS),
            browser_version=140,
            system=System.WINDOWS,
        ),
    )
    yield at + 0.5, ParticipantActive(**names, join_milliseconds=chance.randrange(200, 3000))
    left = ParticipantLeft(**names, reason=chance.choice(_ENDS), milliseconds=seconds * 1000)
    yield at + seconds, left


def _rows(now: float) -> Iterator[tuple[object, ...]]:
    chance = random.Random(1)
    for number in range(SESSIONS):
        joined_at = now - DAYS * DAY_SECONDS * (1 - number / SESSIONS)
        for at, event in _session(chance, number, joined_at):
            names = (event.room, event.identity, event.participant)  # type: ignore[union-attr]
            yield at, at + 31 * DAY_SECONDS, name_of(event), *names, encode(event).decode()


def _fill(path: Path, now: float) -> None:
    """Indexes are put back afterwards: that is three times as fast."""
    with closing(sqlite3.connect(path)) as ledger:
        ledger.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000"
        )
        found = ledger.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")
        indexes = found.fetchall()
        for name, _ in indexes:
            ledger.execute(f"DROP INDEX {name}")
        ledger.execute("BEGIN")
        ledger.executemany(f"INSERT INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", _rows(now))
        for _, statement in indexes:
            ledger.execute(statement)
        ledger.commit()


async def _writing(directory: Path) -> None:
    ledger = await Ledger.open(f"sqlite:///{directory}/written.db")
    chance, given = random.Random(2), 0
    cpu, started = time.process_time(), time.monotonic()
    for number in range(WRITTEN // 3):
        if QUEUE_EVENTS - ledger.waiting < 3:
            await ledger.flush()
        for _, event in _session(chance, number, 0.0):
            ledger.record(event)
            given += 1
    await ledger.flush()
    taken, spent = time.monotonic() - started, time.process_time() - cpu
    await ledger.close()
    show(
        "ledger_events_per_second",
        given / taken,
        "events/s",
        store="sqlite",
        events=given,
        dropped=ledger.dropped,
        cpu_seconds=round(spent, 2),
    )


async def _timed(question: str, ask: Callable[[], Awaitable[int]]) -> None:
    started = time.monotonic()
    rows = await ask()
    seconds = time.monotonic() - started
    show("ledger_query_milliseconds", seconds * 1000, "ms", question=question, sessions=SESSIONS, rows=rows)


async def _reading(url: str, now: float) -> None:
    day = Query(since=now - DAY_SECONDS)
    async with (
        aclosing(Reader(url)) as reader,
        aclosing(Summaries(url)) as sums,
        aclosing(Counter(url)) as counter,
    ):

        async def newest(query: Query) -> int:
            return len([one async for one in reader.sessions(query, newest=PAGE_SESSIONS)])

        async def rooms(query: Query) -> int:
            return len(await sums.rooms(query, 100))

        async def people(query: Query) -> int:
            return len(await sums.participants(query, 100))

        async def stats(period: Period) -> int:
            return (await counter.stats(period)).joins or 0

        await _timed("logs: the newest page", lambda: newest(Query()))
        await _timed("logs of a person", lambda: newest(Query(identity="person-7")))
        await _timed("logs of a room", lambda: newest(Query(room="room-7")))
        await _timed("logs by a rare outcome", lambda: newest(Query(outcome=LeaveReason.NEVER_READY)))
        await _timed("logs since yesterday", lambda: newest(day))
        await _timed("rooms since yesterday", lambda: rooms(day))
        await _timed("participants since yesterday", lambda: people(day))
        await _timed("stats since yesterday", lambda: stats(Period(since=day.since)))
        await _timed("rooms, everything", lambda: rooms(Query()))
        await _timed("participants, everything", lambda: people(Query()))
        await _timed("stats, everything", lambda: stats(Period()))


async def run() -> None:
    with tempfile.TemporaryDirectory(prefix="offrecord-ledger-") as name:
        directory = Path(name)
        await _writing(directory)
        path = directory / "million.db"
        url = f"sqlite:///{path}"
        await (await Ledger.open(url)).close()
        now = time.time()
        started = time.monotonic()
        await asyncio.to_thread(_fill, path, now)
        show(
            "ledger_size",
            os.path.getsize(path) / 1e6,
            "MB",
            sessions=SESSIONS,
            seconds_to_make=round(time.monotonic() - started),
        )
        await _reading(url, now)
