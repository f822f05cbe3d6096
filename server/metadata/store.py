"""The ledger: what the server writes, and the only thing of a conference it ever writes.

`record` never blocks and never raises: an event goes to a bounded queue, one task writes it. When the
disk cannot keep up or the database is away, events wait in the queue, and are dropped and counted beyond
it; a conference does not wait for its bookkeeping.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sqlalchemy import ScalarSelect, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import database
from server.metadata.address import LedgerError
from server.metadata.database import FAILURES, Claim, alive, events, upkeep
from server.metadata.event import Event, EventError, decode, encode, name_of
from server.metadata.migrations.run import migrate
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.requests import Requests
from server.metadata.retention import SWEEP_SECONDS, Retention, shorten, sweep
from server.metadata.rows.attempts import AttemptEnded
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.words import LeaveReason

logger = logging.getLogger(__name__)

QUEUE_EVENTS = 10_000
BATCH_EVENTS = 500
RETRY_SECONDS = 1.0
WRITE_SECONDS = 30.0
"""A batch that takes longer is tried again over a new connection."""
ALIVE_SECONDS = 60.0
CLOSE_SECONDS = 5.0

Row = dict[str, object]


class Ledger:
    """Open with `Ledger.open`; `close` writes what is queued."""

    def __init__(self, claim: Claim, retention: Retention, clock: Callable[[], float]) -> None:
        self._engine = claim.engine
        self._claim = claim
        self._retention = retention
        self._clock = clock
        self._queue: deque[Row] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self.dropped = 0
        """Events lost because the queue was full."""
        self.refused = 0
        """Events that their own declaration does not allow."""
        self.requests = Requests(claim, self.flush, self.record)
        """What people have done to the rows about them."""
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(
        cls,
        url: str,
        retention: Retention | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> Ledger:
        """Opens or creates the ledger at `url` (`sqlite:///file`, `postgresql://user@host/database`),
        brings its tables up to date, sweeps it, ends crashed sessions.

        `clock` gives seconds since the epoch. Raises LedgerError (an OperatorError).
        """
        retention = retention or Retention()
        claim = await database.claim(url)
        engine = claim.engine
        try:
            await migrate(engine, claim)
            await shorten(engine, retention)
            await sweep(engine, clock())
            await _end_crashed_sessions(engine, retention, clock())
            await _mark_alive(engine, clock())
        except BaseException as error:
            await claim.release()
            if isinstance(error, FAILURES) and not isinstance(error, LedgerError):
                raise LedgerError(f"the ledger {claim} cannot be used: {type(error).__name__}") from None
            raise
        ledger = cls(claim, retention, clock)
        ledger._tasks = [
            asyncio.create_task(ledger._write(), name="ledger-write"),
            asyncio.create_task(ledger._every(ALIVE_SECONDS, ledger._stay_alive), name="ledger-alive"),
            asyncio.create_task(ledger._every(SWEEP_SECONDS, ledger.sweep), name="ledger-sweep"),
        ]
        return ledger

    def record(self, event: Event) -> None:
        """Keeps an event that happens now. Never blocks, never raises; see `dropped` and `refused`."""
        if not self._retention.keeps(event):
            return
        if self._closed or len(self._queue) >= QUEUE_EVENTS:
            self.dropped += 1
            return
        try:
            row = row_of(event, self._clock(), self._retention)
        except EventError:
            self.refused += 1
            logger.error("an event may not be kept as it is: %s", type(event))
            return
        self._queue.append(row)
        self._idle.clear()
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Events that are not in the database yet, of at most QUEUE_EVENTS."""
        return len(self._queue)

    @property
    def accepts(self) -> bool:
        """Whether an event that happens now would be kept."""
        return not self._closed and len(self._queue) < QUEUE_EVENTS

    async def flush(self) -> None:
        """Returns once everything recorded before is in the file."""
        await self._idle.wait()

    async def sweep(self) -> int:
        """Deletes what has expired by now. Returns how many rows. Runs by itself hourly."""
        return await sweep(self._engine, self._clock())

    async def close(self) -> None:
        """Writes what is queued, within five seconds, and closes. Idempotent."""
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.flush()
        except TimeoutError:
            self.dropped += len(self._queue)
            logger.error("the ledger could not be written while closing: %d events lost", len(self._queue))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(*FAILURES):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._claim.release()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = [self._queue[index] for index in range(min(BATCH_EVENTS, len(self._queue)))]
                await self._insert(batch)
                for _ in batch:
                    self._queue.popleft()
            self._idle.set()

    async def _insert(self, batch: list[Row]) -> None:
        """Until it is done, and once: a batch has a name, by which the database knows it again."""
        name = secrets.token_hex(16)
        away = False
        while True:
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await _insert_rows(self._engine, batch, name)
            except FAILURES as error:
                if not away:
                    away = True
                    logger.error("the ledger cannot be written (%s); trying again", type(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if away:
                logger.warning("the ledger is written again")
            return

    async def _every(self, seconds: float, act: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await act()
            except FAILURES as error:
                logger.error("the ledger cannot be maintained (%s)", type(error))

    async def _stay_alive(self) -> None:
        await _mark_alive(self._engine, self._clock())


def row_of(event: Event, at: float, retention: Retention) -> Row:
    """The columns of an event that happened at `at`. Raises EventError."""
    row: Row = {
        "at": at,
        "expires_at": retention.expires_at(event, at),
        "event": name_of(event),
        "room": getattr(event, "room", None),
        "identity": getattr(event, "identity", None),
        "participant": getattr(event, "participant", None),
        "body": encode(event).decode(),
    }
    if any(isinstance(value, str) and "\0" in value for value in row.values()):
        raise EventError(
            f"{type(event).__name__} may not be kept: a name has a NUL, which not every database holds"
        )
    return row


async def _insert_rows(engine: AsyncEngine, rows: list[Row], name: str) -> None:
    """Nothing, if the batch of this name came last already: its confirmation was lost on the way."""
    async with engine.begin() as connection:
        marked = await connection.execute(update(upkeep).where(upkeep.c.batch != name).values(batch=name))
        if marked.rowcount:
            await connection.execute(insert(events), rows)


async def _mark_alive(engine: AsyncEngine, now: float) -> None:
    async with engine.begin() as connection:
        await connection.execute(delete(alive))
        await connection.execute(insert(alive), [{"id": 1, "at": now}])


async def _end_crashed_sessions(engine: AsyncEngine, retention: Retention, now: float) -> None:
    """Ends every session, and its attempt, that has no end, dated when the server was last known to run."""
    left = events.alias()
    ends = select(left.c.id).where(
        left.c.participant == events.c.participant, left.c.event == name_of(ParticipantLeft)
    )
    last = events.alias()
    last_heard = (
        select(func.max(last.c.at)).where(last.c.participant == events.c.participant).scalar_subquery()
    )
    active_at = _first_of(ParticipantActive)
    decided_at = _first_of(AttemptEnded)
    async with engine.begin() as connection:
        alive_at = await connection.scalar(select(alive.c.at)) or 0.0
        open_sessions = await connection.execute(
            select(events.c.at, events.c.body, last_heard, active_at, decided_at).where(
                events.c.event == name_of(ParticipantJoined), ~ends.exists()
            )
        )
        rows: list[Row] = []
        for joined_at, body, heard_at, ready_at, decided in open_sessions:
            with suppress(EventError):
                joined = decode(body)
                assert isinstance(joined, ParticipantJoined)
                ended_at = min(max(alive_at, heard_at, joined_at), max(now, joined_at))
                ended = ParticipantLeft(
                    room=joined.room,
                    identity=joined.identity,
                    participant=joined.participant,
                    reason=LeaveReason.SERVER_CRASH,
                    milliseconds=round((ended_at - joined_at) * 1000),
                )
                if decided is None:
                    attempt = _crashed_attempt(joined, joined_at, ready_at, ended_at)
                    rows.append(row_of(attempt, ended_at, retention))
                rows.append(row_of(ended, ended_at, retention))
        if rows:
            await connection.execute(insert(events), rows)


def _first_of(kind: type[ParticipantActive | AttemptEnded]) -> ScalarSelect[float]:
    """When a session had such a row; a scalar of the query that lists sessions."""
    other = events.alias()
    return (
        select(func.min(other.c.at))
        .where(other.c.participant == events.c.participant, other.c.event == name_of(kind))
        .scalar_subquery()
    )


def _crashed_attempt(
    joined: ParticipantJoined, joined_at: float, ready_at: float | None, ended_at: float
) -> AttemptEnded:
    """How far it came, as far as rows tell."""
    seconds = (ended_at if ready_at is None else ready_at) - joined_at
    return AttemptEnded(
        room=joined.room,
        identity=joined.identity,
        participant=joined.participant,
        code=joined.code,
        site=joined.site,
        stage=Stage.WEBSOCKET if ready_at is None else Stage.READY,
        cause=AttemptCause.SERVER_CRASH if ready_at is None else AttemptCause.NONE,
        milliseconds=min(max(0, round(seconds * 1000)), 86_400_000),
    )
