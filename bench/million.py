"""A ledger of a million sessions, as a server of the version before the projection would have left it."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

import asyncpg

from server.metadata import database
from server.metadata.address import File, parse
from server.metadata.event import Event, encode, name_of
from server.metadata.migrations import MIGRATIONS
from server.metadata.migrations.run import migrate
from server.metadata.outcome import AttemptCause, QualityStep, Stage
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.words import Browser, LeaveReason, Sdk, System

SESSIONS = 1_000_000
DAYS = 29
DAY_SECONDS = 86_400.0
ROOMS = 20_000
PEOPLE = 100_000
BEFORE = 3
"""The version of its tables."""
_SITES = ["", "Lyon", "Lyon", "Turin", "Oslo (harbour)"]
_BROWSERS = [Browser.CHROME] * 12 + [Browser.FIREFOX] * 2 + [Browser.SAFARI] * 2
_ENDS = [LeaveReason.CLIENT_LEFT] * 200 + [LeaveReason.CONNECTION_LOST] * 4 + [LeaveReason.REMOVED]
_STOPPED_AT = [Stage.WEBSOCKET, Stage.NEGOTIATION, Stage.ICE, Stage.ICE, Stage.ICE, Stage.DTLS]
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_COLUMNS = ("at", "expires_at", "event", "room", "identity", "participant", "body")
_BATCH = 50_000

Happening = tuple[float, Event]


def code_of(number: int) -> str:
    """A support code for each attempt."""
    spread = number * 0x9E37_79B1 % 2**40
    digits = "".join(_DIGITS[spread >> shift & 31] for shift in range(35, -5, -5))
    return f"{digits[:4]}-{digits[4:]}"


def session(chance: random.Random, number: int, at: float) -> Iterator[Happening]:
    """Of thirty, one never becomes ready; of a hundred, one comes with an SDK."""
    names: dict[str, Any] = {
        "room": f"room-{chance.randrange(ROOMS)}",
        "identity": f"person-{chance.randrange(PEOPLE)}",
        "participant": f"PA_{number:010d}",
    }
    code, site, seconds = code_of(number), chance.choice(_SITES), chance.randrange(5, 3600)
    browser = number % 100 != 1
    yield (
        at,
        ParticipantJoined(
            **names,
            sdk=Sdk.JS if browser else Sdk.PYTHON,
            sdk_version="2.15.6",
            browser=chance.choice(_BROWSERS) if browser else Browser.NONE,
            browser_version=140 if browser else 0,
            system=System.WINDOWS,
            code=code,
            site=site,
        ),
    )
    decided: dict[str, Any] = {**names, "code": code, "site": site}
    if number % 30 == 7:
        ended, cause = at + 15, chance.choice([AttemptCause.NEVER_READY, AttemptCause.CLIENT_LEFT])
        stage = chance.choice(_STOPPED_AT)
        yield ended, AttemptEnded(**decided, stage=stage, cause=cause, milliseconds=15_000)
        yield ended, ParticipantLeft(**names, reason=LeaveReason(cause.value), milliseconds=15_000)
        return
    took = chance.randrange(200, 3000)
    yield at + 0.5, ParticipantActive(**names, join_milliseconds=took)
    stage = Stage.READY if number % 7 == 3 else Stage.MEDIA
    yield at + 1, AttemptEnded(**decided, stage=stage, cause=AttemptCause.NONE, milliseconds=took)
    yield (
        at + seconds,
        ParticipantLeft(
            **names,
            reason=chance.choice(_ENDS),
            milliseconds=seconds * 1000,
            usual_quality=QualityStep.EXCELLENT,
            worst_quality=QualityStep.GOOD,
        ),
    )


def session_of(number: int) -> list[Event]:
    """The events of one session, which always are the same."""
    return [event for _, event in session(random.Random(number), number, 0.0)]


def _refused(chance: random.Random, number: int, at: float) -> Iterator[Happening]:
    if number % 50 == 0:
        room, who = f"room-{chance.randrange(ROOMS)}", f"person-{chance.randrange(PEOPLE)}"
        cause = chance.choice([AttemptCause.ROOM_FULL, AttemptCause.NO_RELAY])
        code = code_of(SESSIONS + number)
        yield (
            at,
            AttemptEnded(room=room, identity=who, code=code, stage=Stage.TOKEN, cause=cause, milliseconds=4),
        )
    if number % 500 == 0:
        code, count = code_of(2 * SESSIONS + number), chance.randrange(1, 40)
        yield at, AttemptsRefused(code=code, cause=AttemptCause.EXPIRED, count=count)


def _rows(now: float) -> Iterator[tuple[object, ...]]:
    """Those of the last hour are partly still connected."""
    chance = random.Random(1)
    for number in range(SESSIONS):
        at = now - DAYS * DAY_SECONDS * (1 - number / SESSIONS)
        for moment, event in (*session(chance, number, at), *_refused(chance, number, at)):
            if moment > now:
                continue
            names = (getattr(event, name, None) for name in ("room", "identity", "participant"))
            expires_at = moment + 31 * DAY_SECONDS
            yield moment, expires_at, name_of(event), *names, encode(event).decode()


async def make(url: str, now: float) -> None:
    """Fills an empty place. Indexes are put back afterwards: that is three times as fast."""
    claim = await database.claim(url)
    await migrate(claim.engine, claim, MIGRATIONS[:BEFORE])
    await claim.release()
    place = parse(url)
    if isinstance(place, File):
        await asyncio.to_thread(_fill_file, str(place.path), now)
    else:
        await _fill_database(place.dsn, now)


def _fill_file(path: str, now: float) -> None:
    marks = ", ".join("?" * len(_COLUMNS))
    with closing(sqlite3.connect(path)) as ledger:
        ledger.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000"
        )
        found = ledger.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")
        indexes = found.fetchall()
        for name, _ in indexes:
            ledger.execute(f"DROP INDEX {name}")
        ledger.execute("BEGIN")
        ledger.executemany(f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES ({marks})", _rows(now))
        for _, statement in indexes:
            ledger.execute(statement)
        ledger.commit()


async def _fill_database(dsn: str, now: float) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        indexes = await connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes "
            "WHERE tablename = 'events' AND indexname <> 'events_pkey'"
        )
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['indexname']}")
        rows = _rows(now)
        while batch := list(islice(rows, _BATCH)):
            await connection.copy_records_to_table("events", records=batch, columns=_COLUMNS)
        for index in indexes:
            await connection.execute(index["indexdef"], timeout=300)
    finally:
        await connection.close()
