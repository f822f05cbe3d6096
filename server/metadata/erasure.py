"""What people may ask of the ledger beyond seeing it: that what it holds about them goes, or gets another
name.

Both reach the rows of sessions that are over. A session that goes on keeps its rows, because the server adds
to them: its end would be left behind without its beginning, under the name that was just taken away.
Each step is one transaction, so that it is right beside a server that writes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from msgspec import structs
from sqlalchemy import ColumnElement, Select, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.ids import SELF_CHOSEN
from server.metadata.address import LedgerError
from server.metadata.database import connections, events, take_turn, upkeep
from server.metadata.event import EventError, decode, encode
from server.metadata.holds import held, held_until
from server.metadata.projection import told
from server.metadata.refusals import Refusal, RefusalCode, legal_hold
from server.metadata.told import stay_behind


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done, or would be. `rows` by type of event; the others were left as they are: `still_open` of
    sessions that go on, `held` because of a legal hold, until `held_until` (seconds since the epoch).

    `objected` is of how many sessions that go on no details are written any more.
    """

    rows: dict[str, int]
    still_open: int = 0
    held: int = 0
    held_until: float | None = None
    objected: int = 0

    @property
    def total(self) -> int:
        return sum(self.rows.values())


async def rooms_of(engine: AsyncEngine, identity: str) -> list[str]:
    """The rooms in which something is held about `identity`."""
    async with engine.connect() as connection:
        found = await connection.scalars(
            select(events.c.room).distinct().where(events.c.identity == identity, events.c.room.is_not(None))
        )
        return sorted(found)


async def erase(
    engine: AsyncEngine, room: str, identity: str, now: float, *, dry_run: bool = False
) -> Changed:
    """Deletes every row about `identity` in `room`, but those of a session that goes on, and what is held.

    The file still has to be rewritten (`retention.rewrite`), which is noted with the rows. Raises Refusal
    (`session_open`, `legal_hold`), SQLAlchemyError.
    """
    async with engine.connect() as connection:
        await take_turn(connection)
        gone = await connection.scalars(
            delete(events).where(*_over(room, identity), ~held(now)).returning(events.c.event)
        )
        changed = await _changed(connection, room, identity, Counter(gone), now)
        await stay_behind(connection)
        await connection.execute(delete(connections).where(*_lines_over(room, identity), ~told()))
        await _finish(connection, changed, dry_run=dry_run)
    return changed


async def correct(
    engine: AsyncEngine, room: str, identity: str, new: str, now: float, *, dry_run: bool = False
) -> Changed:
    """Puts `new` where `identity` stood, in every row about it in `room` but those of a session that goes on.

    A name that somebody chose for themselves must be nobody's in the whole ledger, any other in that room.
    Where any row is held nothing is changed: half of a person would be under each name.

    Raises Refusal, LedgerError for a row that nobody can read, SQLAlchemyError.
    """
    async with engine.connect() as connection:
        await take_turn(connection)
        kept, until = await held_about(connection, now, *_about(room, identity))
        if kept:
            raise legal_hold(until)
        if await _count(connection, None if new.startswith(SELF_CHOSEN) else room, new):
            raise Refusal(RefusalCode.NAME_TAKEN, "rows are kept under that name already")
        rows = (
            await connection.execute(
                select(events.c.id, events.c.event, events.c.body).where(*_over(room, identity))
            )
        ).all()
        if rows:
            await connection.execute(
                update(connections).where(*_lines_over(room, identity)).values(identity=new)
            )
            await connection.execute(
                update(events)
                .where(events.c.id == bindparam("number"))
                .values(identity=bindparam("name"), body=bindparam("text")),
                [{"number": row.id, "name": new, "text": _renamed(row.body, new)} for row in rows],
            )
        kinds = Counter(str(row.event) for row in rows)
        changed = await _changed(connection, room, identity, kinds, now)
        await _finish(connection, changed, dry_run=dry_run)
        if not rows:
            raise Refusal(RefusalCode.NOTHING_KEPT, "nothing is kept about that name in that room")
    return changed


def _lines(room: str, identity: str) -> tuple[ColumnElement[bool], ...]:
    return connections.c.room == room, connections.c.identity == identity


def _lines_over(room: str, identity: str) -> tuple[ColumnElement[bool], ...]:
    """Lines about somebody, but of sessions that go on."""
    return *_lines(room, identity), connections.c.left_at.is_not(None)


def open_sessions(room: str, identity: str) -> Select[tuple[str]]:
    """The sessions of somebody that go on."""
    return select(connections.c.participant).where(
        *_lines(room, identity), connections.c.left_at.is_(None), connections.c.participant.is_not(None)
    )


async def held_about(
    connection: AsyncConnection, now: float, *about: ColumnElement[bool]
) -> tuple[int, float | None]:
    """How many rows of those are held at `now`, and until when the last of them is."""
    until = held_until(now)
    row = (await connection.execute(select(func.count(), func.max(until)).where(*about, held(now)))).one()
    return int(row[0]), row[1]


def _about(room: str, identity: str) -> tuple[ColumnElement[bool], ...]:
    return events.c.room == room, events.c.identity == identity


def _over(room: str, identity: str) -> tuple[ColumnElement[bool], ...]:
    """Rows about somebody that belong to no session that goes on."""
    goes_on = open_sessions(room, identity)
    return (
        *_about(room, identity),
        or_(events.c.participant.is_(None), events.c.participant.not_in(goes_on)),
    )


async def _changed(
    connection: AsyncConnection, room: str, identity: str, rows: Counter[str], now: float
) -> Changed:
    """With what is left about somebody after a change of `rows`."""
    kept, until = await held_about(connection, now, *_about(room, identity))
    left = await _count(connection, room, identity)
    return Changed(dict(sorted(rows.items())), still_open=left - kept, held=kept, held_until=until)


async def _count(connection: AsyncConnection, room: str | None, identity: str) -> int:
    """Rows about somebody, in one room or in all."""
    counted = select(func.count()).where(events.c.identity == identity)
    if room is not None:
        counted = counted.where(events.c.room == room)
    return int(await connection.scalar(counted) or 0)


async def _finish(connection: AsyncConnection, changed: Changed, *, dry_run: bool) -> None:
    """Raises Refusal where all there is belongs to a session that goes on."""
    if not changed.total and changed.still_open:
        raise Refusal(
            RefusalCode.SESSION_OPEN, "the session is still going on: leave the call first, then ask again"
        )
    if not changed.total and changed.held:
        raise legal_hold(changed.held_until)
    if dry_run or not changed.total:
        await connection.rollback()
        return
    await connection.execute(update(upkeep).values(rewrite_due=upkeep.c.rewrite_due + 1))
    await connection.commit()


def _renamed(body: str, new: str) -> str:
    """Raises Refusal, LedgerError."""
    try:
        event = decode(body)
    except EventError:
        raise LedgerError("a row cannot be read, and so not be corrected: it can only be erased") from None
    try:
        return encode(structs.replace(event, identity=new)).decode()
    except EventError:
        raise Refusal(RefusalCode.NAME_UNFIT, "a name has 1 to 256 characters") from None
