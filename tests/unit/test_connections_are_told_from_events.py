"""The lines of `connections` say what the events say, no more and no less, whatever happens to a ledger.

What is compared: the lines that were written event by event, and those that the migration makes, in SQL and
from nothing but the events.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import connection, database, erasure
from server.metadata.database import connections
from server.metadata.migrations import MIGRATIONS, m0004_connections
from server.metadata.migrations.run import migrate
from server.metadata.outcome import AttemptCause, QualityStep, Stage
from server.metadata.refusals import Refusal
from server.metadata.retention import DAY, Retention
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.operation import ServerStarted
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.store import Ledger
from server.metadata.words import Browser, LeaveReason, Sdk, System
from tests.postgres import Cluster
from tests.unit.ledger import START, Clock, published

FIRST = Path(__file__).parent / "fixtures/ledger_of_the_first_version.sql"
PEOPLE, ROOMS = ("ada", "alan", "grace"), ("garden", "attic")
STEPS = 120

Line = tuple[Any, ...]
_LINE = [column for column in connections.c if column.name != "number"]


async def lines(engine: AsyncEngine) -> list[Line]:
    """All but the numbers, which only count."""
    async with engine.connect() as opened:
        return sorted(map(repr, map(tuple, await opened.execute(select(*_LINE)))))  # type: ignore[arg-type]


async def rebuilt(engine: AsyncEngine) -> list[Line]:
    """What the migration makes of the events alone. Replaces what was written."""
    sqlite = engine.dialect.name == "sqlite"
    fill = m0004_connections._fill(
        m0004_connections._in_sqlite if sqlite else m0004_connections._in_postgresql
    )
    async with engine.begin() as opened:
        await opened.execute(delete(connections))
        for statement in fill:
            await opened.exec_driver_sql(statement)
    return await lines(engine)


class History:
    """A ledger to which things happen by chance."""

    def __init__(self, url: str, seed: int) -> None:
        self.url = url
        self.chance = random.Random(seed)
        self.clock = Clock()
        self.retention = Retention(session_days=3)
        self.ledger: Ledger
        self.open: dict[str, dict[str, Any]] = {}
        self.done: set[tuple[str, str]] = set()
        self.number = 0

    async def begin(self) -> None:
        self.ledger = await Ledger.open(self.url, self.retention, clock=self.clock)

    async def happen(self) -> None:
        steps: Sequence[tuple[int, Callable[[], Awaitable[None] | None]]] = (
            (8, self.join),
            (6, self.active),
            (6, self.decided),
            (6, self.leave),
            (2, self.track),
            (3, self.refused),
            (2, self.counted),
            (8, self.later),
            (4, self.ledger.flush),
            (1, self.sweep),
            (1, self.erase),
            (1, self.correct),
            (1, self.crash),
        )
        weights = [weight for weight, _ in steps]
        [(_, step)] = self.chance.choices(steps, weights)
        if (waiting := step()) is not None:
            await waiting

    def names(self) -> dict[str, str]:
        return {"room": self.chance.choice(ROOMS), "identity": self.chance.choice(PEOPLE)}

    def code(self) -> str:
        return self.chance.choice(("", "ABCD-EFG1", "ABCD-EFG2"))

    def site(self) -> str:
        return self.chance.choice(("", "Lyon"))

    def somebody(self, what: str) -> dict[str, Any]:
        """In a session that goes on, to whom that happens for the first time; or of whom nobody knows."""
        waiting = [who for sid, who in self.open.items() if (sid, what) not in self.done]
        self.number += 1
        lost: dict[str, Any] = {**self.names(), "participant": f"PA_{self.number:08d}"}
        who = self.chance.choice([*waiting, lost])
        self.done.add((who["participant"], what))
        return who

    def join(self) -> None:
        self.number += 1
        who: dict[str, Any] = {**self.names(), "participant": f"PA_{self.number:08d}"}
        self.open[who["participant"]] = who
        self.ledger.record(
            ParticipantJoined(
                **who,
                code=self.code(),
                site=self.site(),
                sdk=self.chance.choice(list(Sdk)),
                sdk_version=self.chance.choice(("", "2.15.6")),
                browser=self.chance.choice(list(Browser)),
                browser_version=self.chance.randrange(3),
                system=self.chance.choice(list(System)),
            )
        )

    def active(self) -> None:
        self.ledger.record(
            ParticipantActive(**self.somebody("active"), join_milliseconds=self.chance.randrange(5000))
        )

    def decided(self) -> None:
        self.ledger.record(
            AttemptEnded(
                **self.somebody("decided"),
                code=self.code(),
                stage=self.chance.choice(list(Stage)),
                cause=self.chance.choice([AttemptCause.NONE, *AttemptCause]),
                milliseconds=self.chance.randrange(5000),
            )
        )

    def leave(self) -> None:
        who = self.somebody("left")
        self.open.pop(who["participant"], None)
        self.ledger.record(
            ParticipantLeft(
                **who,
                reason=self.chance.choice(list(LeaveReason)),
                milliseconds=self.chance.randrange(10**12) // 10**6,
                usual_quality=self.chance.choice(list(QualityStep)),
                worst_quality=self.chance.choice(list(QualityStep)),
            )
        )

    def track(self) -> None:
        who = self.somebody("track")
        self.ledger.record(published(1, who["identity"], who["room"]))

    def refused(self) -> None:
        self.ledger.record(
            AttemptEnded(
                **self.names(),
                code=self.code(),
                site=self.site(),
                stage=Stage.TOKEN,
                cause=AttemptCause.ROOM_FULL,
                milliseconds=self.chance.randrange(5000),
            )
        )

    def counted(self) -> None:
        self.ledger.record(
            AttemptsRefused(
                code=self.code(),
                site=self.site(),
                cause=AttemptCause.EXPIRED,
                count=self.chance.randrange(1, 9),
            )
        )
        self.ledger.record(ServerStarted(version="0.1.0", relays=1))

    def later(self) -> None:
        self.clock.now += self.chance.choice((0.0, 0.25, 1.7, 60.0, DAY / 5))

    async def sweep(self) -> None:
        await self.ledger.flush()
        await self.ledger.sweep()

    async def erase(self) -> None:
        names = self.names()
        try:
            await self.ledger.requests.erase(names["room"], names["identity"])
        except Refusal as refusal:
            assert refusal.code == "session_open"  # noqa: PT017 - or nothing is refused

    async def correct(self) -> None:
        await self.ledger.flush()
        names = self.names()
        try:
            await erasure.correct(
                self.ledger._engine,
                names["room"],
                names["identity"],
                f"person-{self.number}",
                self.clock(),
            )
        except Refusal as refusal:
            assert refusal.code in ("session_open", "nothing_kept", "name_taken")  # noqa: PT017 - the same

    async def crash(self) -> None:
        """What is open stays so, and is ended by the next start, perhaps with a shorter retention."""
        await self.ledger.close()
        self.open.clear()
        self.clock.now += self.chance.choice((0.0, 1.0, DAY))
        if self.chance.random() < 0.3:
            self.retention = Retention(session_days=2)
        await self.begin()


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens(url: str, seed: int) -> None:
    history = History(url, seed)
    await history.begin()
    seen = 0
    for _ in range(3):
        for _ in range(STEPS // 3):
            await history.happen()
        await history.ledger.flush()
        engine = history.ledger._engine
        written = await lines(engine)
        seen += len(written)
        assert await rebuilt(engine) == written
    assert seen > 0
    await history.ledger.close()


async def test_a_line_of_a_whole_session(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, Retention(session_days=3), clock=clock)
    who: dict[str, Any] = {"room": "garden", "identity": "ada", "participant": "PA_00000001"}
    ledger.record(ParticipantJoined(**who, code="ABCD-EFGH", browser=Browser.FIREFOX, browser_version=140))
    clock.now += 0.5
    ledger.record(ParticipantActive(**who, join_milliseconds=700))
    await ledger.flush()
    clock.now += 2
    ledger.record(
        AttemptEnded(**who, code="ABCD-EFGH", stage=Stage.MEDIA, cause=AttemptCause.NONE, milliseconds=700)
    )
    clock.now += 60
    ledger.record(
        ParticipantLeft(
            **who,
            reason=LeaveReason.CONNECTION_LOST,
            milliseconds=62_500,
            usual_quality=QualityStep.GOOD,
            worst_quality=QualityStep.POOR,
        )
    )
    await ledger.flush()
    async with ledger._engine.connect() as opened:
        [row] = await opened.execute(select(connections))
    assert connection.connection_of(row._mapping) == connection.Connection(
        **who,
        number=1,
        code="ABCD-EFGH",
        site="",
        joined_at=START,
        active_at=START + 0.5,
        left_at=START + 62.5,
        stage=Stage.MEDIA,
        outcome=AttemptCause.CONNECTION_LOST,
        failed=True,
        attempts=1,
        milliseconds=62_500,
        join_milliseconds=700,
        sdk=Sdk.UNKNOWN,
        sdk_version="",
        browser=Browser.FIREFOX,
        browser_version=140,
        system=System.UNKNOWN,
        usual_quality=QualityStep.GOOD,
        worst_quality=QualityStep.POOR,
        expires_at=START + 3 * DAY,
    )
    await ledger.close()


@pytest.mark.parametrize(
    ("stage", "cause", "reason", "failed"),
    [
        (Stage.MEDIA, AttemptCause.NONE, LeaveReason.CLIENT_LEFT, False),
        (Stage.READY, AttemptCause.NONE, LeaveReason.REMOVED, False),
        (Stage.MEDIA, AttemptCause.NONE, LeaveReason.RELAY_LOST, True),
        (Stage.ICE, AttemptCause.CLIENT_LEFT, LeaveReason.CLIENT_LEFT, True),  # who gave up waiting
        (Stage.ICE, AttemptCause.NEVER_READY, LeaveReason.NEVER_READY, True),
    ],
)
async def test_what_failed(
    url: str, stage: Stage, cause: AttemptCause, reason: LeaveReason, failed: bool
) -> None:
    ledger = await Ledger.open(url)
    who: dict[str, Any] = {"room": "garden", "identity": "ada", "participant": "PA_00000001"}
    ledger.record(ParticipantJoined(**who))
    ledger.record(AttemptEnded(**who, code="", stage=stage, cause=cause, milliseconds=1))
    await ledger.flush()
    ledger.record(ParticipantLeft(**who, reason=reason, milliseconds=1))
    await ledger.flush()
    async with ledger._engine.connect() as opened:
        [row] = await opened.execute(select(connections.c.failed, connections.c.outcome))
    assert (row.failed, row.outcome) == (failed, reason.value)
    await ledger.close()


async def test_a_ledger_of_the_first_version_has_lines(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as old:
        old.executescript(FIRST.read_text())
    old.close()
    claim = await database.claim(f"sqlite:///{path}")
    await migrate(claim.engine, claim, MIGRATIONS[:4])
    async with claim.engine.connect() as opened:
        ada, alan = await opened.execute(select(connections).order_by(connections.c.number))
    assert (ada.identity, ada.left_at, ada.outcome) == ("ada", START + 60, "client_left")
    assert (alan.identity, alan.left_at, alan.stage, alan.code) == ("alan", None, None, "")
    await claim.release()


async def test_what_an_erasure_does_is_done_before_a_session_ends(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends between the two statements that delete: not for them."""
    url = postgres.database()
    ledger = await Ledger.open(url)
    who: dict[str, Any] = {"room": "garden", "identity": "ada"}
    for number in (1, 2):
        ledger.record(ParticipantJoined(**who, participant=f"PA_{number:08d}"))
    ledger.record(
        ParticipantLeft(**who, participant="PA_00000001", reason=LeaveReason.CLIENT_LEFT, milliseconds=1)
    )
    await ledger.flush()
    real = erasure._over
    tending = database.tending_engine(url)
    claiming = await asyncpg.connect(url)

    class Between:
        """The second statement is made here."""

        done = False

    def over(room: str, identity: str) -> Any:
        if not Between.done:
            Between.done = True
            ledger.record(
                ParticipantLeft(
                    **who, participant="PA_00000002", reason=LeaveReason.CLIENT_LEFT, milliseconds=1
                )
            )
        return real(room, identity)

    async def count(*arguments: Any) -> int:
        while not await claiming.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        return await real_count(*arguments)

    real_count = erasure._count
    monkeypatch.setattr(erasure, "_over", over)
    monkeypatch.setattr(erasure, "_count", count)
    changed = await erasure.erase(tending, "garden", "ada", ledger._clock())
    assert changed.rows == {"participant_joined": 1, "participant_left": 1}
    await ledger.flush()
    written = await lines(ledger._engine)
    assert len(written) == 1
    assert await rebuilt(ledger._engine) == written
    await claiming.close()
    await tending.dispose()
    await ledger.close()
