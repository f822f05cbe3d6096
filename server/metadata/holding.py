"""What a privacy officer does about legal holds, beside a running server: place, renew, list, lift, export.

That it was done is kept as an event of its own, without what the hold is about. Who did it is the access
log's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.errors import OperatorError
from server.metadata.address import LedgerError
from server.metadata.database import FAILURES, events, holds, take_turn, tending_engine, unreadable
from server.metadata.event import Event, EventError, decode
from server.metadata.holds import Criteria, matching
from server.metadata.retention import DAY, Retention
from server.metadata.rows.actions import OperatorAction
from server.metadata.rows.holds import LONGEST_DAYS, HoldLifted, HoldPlaced
from server.metadata.sessions import KeptEvent
from server.metadata.words import Action, HoldReason, HoldStep
from server.metadata.writing import entry_of, write

PAGE_ROWS = 2_000
MOST_HOLDS = 1_000


@dataclass(frozen=True, slots=True)
class Hold:
    """Times in seconds since the epoch. `rows` are held now, `expired` of them past their own time."""

    number: int
    criteria: Criteria
    reason: HoldReason
    placed_at: float
    ends_at: float
    rows: int
    expired: int


class Holding:
    """The ledger at `url`, opened to place and lift holds. Use it with `async with`.

    Raises LedgerError where there is no such ledger, or it cannot be written.
    """

    def __init__(self, url: str, retention: Retention, clock: Callable[[], float]) -> None:
        self._url = url
        self._retention = retention
        self._clock = clock
        self._engine: AsyncEngine = tending_engine(url)

    async def __aenter__(self) -> Holding:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._engine.dispose()
        if isinstance(error, FAILURES) and not isinstance(error, LedgerError):
            raise unreadable(self._url, error) from None

    async def place(self, criteria: Criteria, reason: HoldReason, days: int) -> Hold:
        """For so many days from now. Raises OperatorError for a hold of everything, or for too long."""
        if not criteria.is_bounded:
            raise OperatorError(
                "a hold is about something: name --room or --identity, or a period with --since and --until"
            )
        if criteria.since is not None and criteria.until is not None and criteria.since > criteria.until:
            raise OperatorError("--until is before --since: nothing would be held")
        _check_days(days)
        now = self._clock()
        async with self._engine.begin() as connection:
            await take_turn(connection)
            if int(await connection.scalar(select(func.count()).select_from(holds)) or 0) >= MOST_HOLDS:
                raise OperatorError(f"there are {MOST_HOLDS} holds already: lift those that are not needed")
            row = {
                "room": criteria.room,
                "identity": criteria.identity,
                "since": criteria.since,
                "until": criteria.until,
                "reason": reason.value,
                "placed_at": now,
                "ends_at": now + days * DAY,
                "lifted": 0,
            }
            number = int((await connection.execute(insert(holds).returning(holds.c.id), row)).scalar_one())
            placed = await self._one(connection, number)
            await self._note(connection, HoldPlaced(hold=number, reason=reason, days=days, rows=placed.rows))
        return placed

    async def renew(self, number: int, days: int) -> Hold:
        """So many days from now, longer or shorter than before. Raises OperatorError."""
        _check_days(days)
        async with self._engine.begin() as connection:
            await take_turn(connection)
            await self._one(connection, number)
            ends_at = self._clock() + days * DAY
            await connection.execute(update(holds).where(holds.c.id == number).values(ends_at=ends_at))
            hold = await self._one(connection, number)
            step = HoldStep.RENEWED
            await self._note(
                connection,
                HoldPlaced(hold=number, reason=hold.reason, days=days, rows=hold.rows, step=step),
            )
        return hold

    async def lift(self, number: int) -> Hold:
        """Ends it now: the next sweep takes it, and what is overdue. Raises OperatorError."""
        async with self._engine.begin() as connection:
            await take_turn(connection)
            hold = await self._one(connection, number)
            ended = update(holds).where(holds.c.id == number).values(ends_at=self._clock(), lifted=1)
            await connection.execute(ended)
            await self._note(connection, HoldLifted(hold=number, reason=hold.reason))
        return hold

    async def active(self) -> list[Hold]:
        """In the order in which they were placed. Raises SQLAlchemyError."""
        wanted = select(holds.c.id).where(holds.c.ends_at > self._clock()).order_by(holds.c.id)
        async with self._engine.connect() as connection:
            numbers = list(await connection.scalars(wanted))
            return [await self._one(connection, number) for number in numbers]

    async def export(self, number: int) -> AsyncIterator[KeptEvent]:
        """Every row that a hold keeps, in the order of writing, also past its own time.

        Raises OperatorError.
        """
        async with self._engine.begin() as connection:
            await take_turn(connection)
            hold = await self._one(connection, number)
            await self._note(connection, OperatorAction(action=Action.HOLD_EXPORTED))
        last = 0
        while True:
            wanted = (
                select(events.c.id, events.c.at, events.c.expires_at, events.c.body)
                .where(events.c.id > last, *matching(hold.criteria))
                .order_by(events.c.id)
                .limit(PAGE_ROWS)
            )
            async with self._engine.connect() as connection:
                page = (await connection.execute(wanted)).all()
            for row in page:
                with suppress(EventError):
                    yield KeptEvent(row.at, row.expires_at, decode(row.body), hold.ends_at)
            if len(page) < PAGE_ROWS:
                return
            last = page[-1].id

    async def _one(self, connection: AsyncConnection, number: int) -> Hold:
        """Raises OperatorError where there is none of that number, or it is over."""
        now = self._clock()
        row = (await connection.execute(select(holds).where(holds.c.id == number))).one_or_none()
        if row is None or row.ends_at <= now:
            raise OperatorError(f"there is no hold {number}: `offrecord hold list` has those that there are")
        criteria = Criteria(row.room, row.identity, row.since, row.until)
        expired = func.count().filter(events.c.expires_at <= now)
        wanted = select(func.count(), expired).select_from(events).where(*matching(criteria))
        rows, past = (await connection.execute(wanted)).one()
        return Hold(
            number=number,
            criteria=criteria,
            reason=HoldReason(row.reason),
            placed_at=row.placed_at,
            ends_at=row.ends_at,
            rows=int(rows),
            expired=int(past),
        )

    async def _note(self, connection: AsyncConnection, event: Event) -> None:
        await write(connection, [entry_of(event, self._clock(), self._retention)])


def _check_days(days: int) -> None:
    if not 1 <= days <= LONGEST_DAYS:
        raise OperatorError(f"a hold lasts 1 to {LONGEST_DAYS} days; it can be renewed")
