"""Whoever objects to details: what is held of them moment by moment goes, and no more is written.

Of a session that goes on, its number is noted until it ends, beside the rows, so that it holds whoever noted
it: a server or a command. It names nobody, and is gone with the end of the session, or with the server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.metadata.database import events, objections, take_turn, upkeep
from server.metadata.declared import Expiry
from server.metadata.erasure import Changed, held_about, open_sessions
from server.metadata.event import EVENT_TYPES, expiry_of, name_of
from server.metadata.holds import held
from server.metadata.refusals import legal_hold
from server.metadata.rows.sessions import ParticipantLeft
from server.metadata.told import stay_behind
from server.metadata.writing import Entry

DETAILS = frozenset(name_of(kind) for kind in EVENT_TYPES if expiry_of(kind) is Expiry.DETAIL)


async def object_to_details(
    engine: AsyncEngine, room: str, identity: str, now: float, *, dry_run: bool = False
) -> Changed:
    """Deletes the details about `identity` in `room` that are not held, also of a session that goes on.

    Raises Refusal where all there is is held, SQLAlchemyError.
    """
    details = (events.c.room == room, events.c.identity == identity, events.c.event.in_(sorted(DETAILS)))
    async with engine.connect() as connection:
        await take_turn(connection)
        going_on = set(await connection.scalars(open_sessions(room, identity)))
        known = set(await connection.scalars(select(objections.c.participant)))
        if new := sorted(going_on - known):
            await connection.execute(insert(objections), [{"participant": one} for one in new])
        gone = await connection.scalars(delete(events).where(*details, ~held(now)).returning(events.c.event))
        rows = dict(sorted(Counter(gone).items()))
        kept, until = await held_about(connection, now, *details)
        changed = Changed(rows, held=kept, held_until=until, objected=len(going_on))
        if kept and not rows and not going_on:
            raise legal_hold(until)
        if rows:
            await stay_behind(connection)
            await connection.execute(update(upkeep).values(rewrite_due=upkeep.c.rewrite_due + 1))
        await (connection.rollback() if dry_run else connection.commit())
    return changed


async def without_objected(connection: AsyncConnection, batch: Sequence[Entry]) -> list[Entry]:
    """Of events that are about to be written, those that nobody has objected to, in their order.

    What is noted of a session is removed with the event that ends it. Raises SQLAlchemyError.
    """
    objected = set(await connection.scalars(select(objections.c.participant)))
    if not objected:
        return list(batch)
    over = {
        one.happened.event.participant for one in batch if isinstance(one.happened.event, ParticipantLeft)
    } & objected
    if over:
        await connection.execute(delete(objections).where(objections.c.participant.in_(sorted(over))))
        await connection.execute(update(upkeep).values(rewrite_due=upkeep.c.rewrite_due + 1))
    return [one for one in batch if one.row["event"] not in DETAILS or one.row["participant"] not in objected]
