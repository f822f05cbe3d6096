"""The ledger as it is shown: filters, pages, times people type, and names that would steer a terminal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from server.errors import OperatorError
from server.metadata import sessions as sessions_module
from server.metadata.connection import Connection
from server.metadata.event import name_of
from server.metadata.logs import client, duration, json_line, moment, row, table
from server.metadata.outcome import AttemptCause, QualityStep, Stage
from server.metadata.query import Query
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from server.metadata.sessions import Listed, Reader
from server.metadata.store import Ledger
from server.metadata.words import Browser, LeaveReason, Sdk, System, TrackSource
from tests.unit.ledger import START, Clock

HOUR = 3600.0


@pytest.fixture
async def filled(url: str) -> AsyncIterator[tuple[str, Clock]]:
    """Ada an hour in the garden, then Alan an hour in the attic, then Ada in the attic, still there."""
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    stays = (("garden", "ada"), ("attic", "alan"), ("attic", "ada"))
    for number, (room, identity) in enumerate(stays, start=1):
        sid = f"PA_{number:08d}"
        ledger.record(ParticipantJoined(room=room, identity=identity, participant=sid))
        clock.now += HOUR
        if number < 3:
            ledger.record(
                ParticipantLeft(
                    room=room,
                    identity=identity,
                    participant=sid,
                    reason=LeaveReason.CLIENT_LEFT,
                    milliseconds=3_600_000,
                )
            )
    await ledger.flush()
    yield url, clock
    await ledger.close()


async def found(filled: tuple[str, Clock], query: Query) -> list[tuple[str, str]]:
    reader = Reader(filled[0], clock=filled[1])
    try:
        found = [one.connection async for one in reader.connections(query)]
        return [(one.room or "", one.identity or "") for one in found]
    finally:
        await reader.aclose()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), [("garden", "ada"), ("attic", "alan"), ("attic", "ada")]),
        (Query(room="attic"), [("attic", "alan"), ("attic", "ada")]),
        (Query(identity="ada"), [("garden", "ada"), ("attic", "ada")]),
        (Query(room="attic", identity="ada"), [("attic", "ada")]),
        (Query(room="ATTIC"), []),
        (Query(room="%"), []),
        (Query(until=START + 60), [("garden", "ada")]),
        (Query(since=START + 1.5 * HOUR), [("attic", "alan"), ("attic", "ada")]),
        (Query(since=START + 10 * HOUR), [("attic", "ada")]),
        (Query(since=START + 0.5 * HOUR, until=START + 0.6 * HOUR), [("garden", "ada")]),
    ],
)
async def test_filters(filled: tuple[str, Clock], query: Query, expected: list[tuple[str, str]]) -> None:
    """While the server runs: its ledger is open for writing."""
    assert await found(filled, query) == expected


async def test_pages_neither_skip_nor_repeat(
    filled: tuple[str, Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 2, 3):
        monkeypatch.setattr(sessions_module, "PAGE_CONNECTIONS", size)
        assert len(await found(filled, Query())) == 3


async def test_every_row_that_is_kept(filled: tuple[str, Clock], monkeypatch: pytest.MonkeyPatch) -> None:
    async def told(query: Query) -> list[str]:
        reader = Reader(filled[0], clock=filled[1])
        try:
            return [name_of(row.event) async for row in reader.events(query)]
        finally:
            await reader.aclose()

    monkeypatch.setattr(sessions_module, "PAGE_EVENTS", 2)
    came, went = name_of(ParticipantJoined), name_of(ParticipantLeft)
    assert await told(Query()) == [came, went, came, went, came]
    assert await told(Query(identity="alan")) == [came, went]
    assert await told(Query(since=START + 1.5 * HOUR)) == [went, came]


async def test_reading_cannot_write(filled: tuple[str, Clock]) -> None:
    reader = Reader(filled[0])
    with pytest.raises(Exception, match=r"read-?only"):
        async with reader._engine.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM events")
    await reader.aclose()


async def test_reading_a_ledger_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="there is no ledger"):
        Reader(f"sqlite:///{tmp_path}/none.db")
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


def test_times_people_type() -> None:
    now = datetime(2026, 11, 22, 12, 0).astimezone().timestamp()
    assert moment("2h", now) == now - 2 * HOUR
    assert moment("3d", now) == now - 72 * HOUR
    assert moment(" 90s ", now) == now - 90
    assert moment("2026-11-22", now) == now - 12 * HOUR
    assert moment("2026-11-22T11:30", now) == now - HOUR / 2
    assert moment("1970-01-02T00:00:00Z", now) == 24 * HOUR
    assert moment("999999w", now) < now


@pytest.mark.parametrize("wrong", ["", "soon", "2", "-2h", "2026-13-01", "99999-01-01", "2h\x00"])
def test_times_nobody_understands(wrong: str) -> None:
    with pytest.raises(OperatorError, match="is not a time"):
        moment(wrong, START)


def session(published: tuple[TrackSource, ...] = (TrackSource.CAMERA,), **changes: object) -> Listed:
    values: dict[str, object] = {
        "number": 1,
        "room": "garden",
        "identity": "ada",
        "participant": "PA_00000001",
        "code": "ABCD-EFGH",
        "site": "Lyon",
        "joined_at": START,
        "active_at": START + 0.3,
        "left_at": None,
        "stage": Stage.MEDIA,
        "outcome": None,
        "failed": False,
        "attempts": 1,
        "milliseconds": None,
        "join_milliseconds": 321,
        "sdk": Sdk.JS,
        "sdk_version": "2.23.0",
        "browser": Browser.CHROME,
        "browser_version": 142,
        "system": System.LINUX,
        "usual_quality": QualityStep.GOOD,
        "worst_quality": QualityStep.GOOD,
        "expires_at": START + 30 * 24 * HOUR,
    }
    return Listed(Connection(**{**values, **changes}), published)  # type: ignore[arg-type]


def test_json_lines() -> None:
    left = session(left_at=START + 5, milliseconds=5_000, outcome=AttemptCause.CLIENT_LEFT)
    assert json.loads(json_line(left, START + 60)) == {
        "room": "garden",
        "identity": "ada",
        "participant": "PA_00000001",
        "code": "ABCD-EFGH",
        "site": "Lyon",
        "joined_at": "2023-11-14T22:13:20.000Z",
        "left_at": "2023-11-14T22:13:25.000Z",
        "seconds": 5.0,
        "stage": "media",
        "reason": "client_left",
        "failed": False,
        "attempts": 1,
        "join_milliseconds": 321,
        "sdk": "js",
        "sdk_version": "2.23.0",
        "browser": "chrome",
        "browser_version": 142,
        "system": "linux",
        "published": ["camera"],
    }
    connected = json.loads(json_line(session(), START + 60))
    assert (connected["left_at"], connected["reason"], connected["seconds"]) == (None, None, 60.0)


def test_how_it_ended_in_words() -> None:
    failed = session(
        active_at=None, left_at=START + 15, stage=Stage.ICE, outcome=AttemptCause.NEVER_READY, failed=True
    )
    assert row(failed, START)[-1] == "never ready at ice"
    assert row(session(left_at=START, outcome=AttemptCause.REMOVED), START)[-1] == "removed"
    assert row(session(), START)[-1] == "[green]connected[/]"
    counted = session(
        room=None, identity=None, participant=None, attempts=7, outcome=AttemptCause.EXPIRED, stage=None
    )
    assert row(counted, START)[0] == "nobody in particular, 7 times"
    assert row(counted, START)[4] == "Lyon"


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\nb", "a\x9b2Jb", "a\u202eb", "[red]a[/]", "Zoë 🌻"])
def test_a_name_cannot_steer_a_terminal(name: str) -> None:
    line = json_line(session(identity=name), START)
    assert json.loads(line)["identity"] == name
    assert len(line.splitlines()) == 1
    assert not any(steering in line for steering in "\x1b\x9b\u202e")

    shown = table()
    shown.add_row(*row(session(identity=name), START))
    console = Console(width=200, color_system=None, record=True, quiet=True)
    with console.capture() as capture:
        console.print(shown)
    assert not any(steering in capture.get() for steering in "\x1b\x9b\u202e")
    if name.isprintable():
        assert name in " ".join(row(session(identity=name), START)).replace("\\", "")


def test_clients_in_words() -> None:
    assert client(session().connection) == "Chrome 142, Linux"
    program = session(browser=Browser.NONE, sdk=Sdk.PYTHON, sdk_version="1.2.1", system=System.UNKNOWN)
    assert client(program.connection) == "python SDK 1.2.1"
    nobody = session(browser=Browser.NONE, sdk=Sdk.UNKNOWN, sdk_version="")
    assert client(nobody.connection) == "unknown, Linux"


def test_durations_in_words() -> None:
    spans = [duration(seconds) for seconds in (0.4, 59, 185, 7800)]
    assert spans == ["0 s", "59 s", "3 min 5 s", "2 h 10 min"]
