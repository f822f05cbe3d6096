"""How far receivers of webhooks were told of the ledger, and what comes next for them.

Each row is read as it stands when it is told. Kept beside the rows is only how far each receiver was told. A
row that expired or was erased meanwhile is not there any more to be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.metadata.address import LedgerError
from server.metadata.asking import Asking
from server.metadata.database import FAILURES, Claim, events, take_turn, tending_engine, unreadable, webhooks
from server.metadata.event import Event, EventError, decode, name_of
from server.metadata.outgoing import TOLD, Outgoing, Standing, Waiting
from server.metadata.rows.rooms import RoomStarted
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined
from server.metadata.rows.tracks import TrackPublished

_NAMES = [name_of(kind) for kind in TOLD]
_OF_A_SESSION = [name_of(kind) for kind in (ParticipantJoined, ParticipantActive, TrackPublished)]
SESSION_ROWS = 500
"""Of a session so many rows are looked through: a track beyond them is told without its source."""


class Told:
    """How far receivers were told, in the ledger of `claim`, which is at `url`. A receiver is a text of 64
    characters at most. Everything here raises LedgerError when the ledger cannot be read or written.
    """

    def __init__(self, claim: Claim, url: str, clock: Callable[[], float]) -> None:
        """`clock` gives seconds since the epoch."""
        self._claim = claim
        self._asking = Asking(url, clock=clock)

    async def aclose(self) -> None:
        await self._asking.aclose()

    async def begin(self, receivers: Iterable[str]) -> None:
        """Receivers that are new are told what happens from now on; those that are none any more are
        forgotten."""
        wanted = set(receivers)
        try:
            async with self._claim.engine.begin() as connection:
                await take_turn(connection)
                known = set(await connection.scalars(select(webhooks.c.receiver)))
                await connection.execute(
                    delete(webhooks).where(webhooks.c.receiver.in_(sorted(known - wanted)))
                )
                last = await connection.scalar(select(func.max(events.c.id))) or 0
                if new := sorted(wanted - known):
                    await connection.execute(
                        insert(webhooks), [{"receiver": one, "told": last} for one in new]
                    )
        except FAILURES as error:
            raise self._unwritten(error) from None

    async def of(self, receiver: str) -> int:
        """The number of the row up to which it was told."""
        found = select(webhooks.c.told).where(webhooks.c.receiver == receiver)
        return int(await self._asking.value(found) or 0)

    async def advance(self, receiver: str, before: int, now: int) -> None:
        """It was told up to `now`; nothing, if it is not at `before` any more."""
        here = (webhooks.c.receiver == receiver, webhooks.c.told == before)
        try:
            async with self._claim.engine.begin() as connection:
                await connection.execute(update(webhooks).where(*here).values(told=now))
        except FAILURES as error:
            raise self._unwritten(error) from None

    async def after(self, number: int, most: int) -> list[Waiting]:
        """The first `most` rows to be told of those with a higher number."""
        wanted = (
            select(events.c.id, events.c.at, events.c.room)
            .where(events.c.id > number, func.coalesce(events.c.event, "").in_(_NAMES))
            .order_by(events.c.id)
            .limit(most)
        )
        return [Waiting(*row) for row in await self._asking.rows(wanted)]

    async def row(self, waiting: Waiting) -> Outgoing | None:
        """A row as it stands now; None: it expired, was erased, or cannot be read."""
        here = (events.c.id == waiting.number, events.c.at == waiting.at)
        living = events.c.expires_at > self._asking.now()
        body = await self._asking.value(select(events.c.body).where(*here, living))
        event = _read(body)
        if event is None:
            return None
        found = await self._with_room(Outgoing(waiting.number, waiting.at, event), waiting)
        return await self._with_session(found)

    async def _with_room(self, found: Outgoing, waiting: Waiting) -> Outgoing:
        begun = (
            select(events.c.at, events.c.body)
            .where(
                events.c.room == waiting.room,
                events.c.at <= waiting.at,
                events.c.id <= waiting.number,
                func.coalesce(events.c.event, "") == name_of(RoomStarted),
                events.c.expires_at > self._asking.now(),
            )
            .order_by(events.c.at.desc(), events.c.id.desc())
            .limit(1)
        )
        for at, body in await self._asking.rows(begun):
            event = _read(body)
            if isinstance(event, RoomStarted):
                return found._replace(room_sid=event.room_sid, room_started_at=at)
        return found

    async def _with_session(self, found: Outgoing) -> Outgoing:
        participant = getattr(found.event, "participant", None)
        if participant is None:
            return found
        of_it = (
            select(events.c.at, events.c.body)
            .where(
                events.c.participant == participant,
                func.coalesce(events.c.event, "").in_(_OF_A_SESSION),
                events.c.expires_at > self._asking.now(),
            )
            .order_by(events.c.id)
            .limit(SESSION_ROWS)
        )
        for at, body in await self._asking.rows(of_it):
            match _read(body):
                case ParticipantJoined():
                    found = found._replace(joined_at=at)
                case ParticipantActive():
                    found = found._replace(was_active=True)
                case TrackPublished() as one if one.track == getattr(found.event, "track", None):
                    found = found._replace(published=one)
        return found

    def _unwritten(self, error: BaseException) -> LedgerError:
        return LedgerError(f"the ledger {self._claim} cannot be written: {type(error).__name__}")


def _read(body: str | None) -> Event | None:
    if body is not None:
        with suppress(EventError):
            return decode(body)
    return None


async def stay_behind(connection: AsyncConnection) -> None:
    """After rows were deleted, in the same transaction: SQLite gives the numbers of the last rows out again,
    and what they then say is to be told, too. Raises SQLAlchemyError."""
    last = select(func.coalesce(func.max(events.c.id), 0)).scalar_subquery()
    await connection.execute(update(webhooks).where(webhooks.c.told > last).values(told=last))


async def rewind(url: str, *, since: float | None = None, number: int | None = None) -> tuple[int, int]:
    """Receivers of the ledger at `url` are told again what happened since then, in seconds since the epoch,
    or what was written from the row of that number on.

    Returns how many receivers there are, and how many rows each is told. Raises LedgerError.
    """
    from_there = events.c.at >= since if number is None else events.c.id >= number
    kinds = func.coalesce(events.c.event, "").in_(_NAMES)
    engine = tending_engine(url)
    try:
        async with engine.begin() as connection:
            await take_turn(connection)
            first = await connection.scalar(select(func.min(events.c.id)).where(from_there, kinds))
            receivers = int(await connection.scalar(select(func.count()).select_from(webhooks)) or 0)
            if first is None:
                return receivers, 0
            count = select(func.count()).where(events.c.id >= first, kinds)
            rows = int(await connection.scalar(count) or 0)
            back = update(webhooks).where(webhooks.c.told >= first).values(told=first - 1)
            await connection.execute(back)
            return receivers, rows
    except FAILURES as error:
        raise unreadable(url, error) from None
    finally:
        await engine.dispose()


async def standing(url: str, receivers: Iterable[str], now: float) -> list[Standing | None]:
    """Of receivers, in their order; None: no server has told it anything. Raises LedgerError."""
    asking = Asking(url)
    try:
        known = {
            str(row[0]): int(row[1])
            for row in await asking.rows(select(webhooks.c.receiver, webhooks.c.told))
        }
        found: list[Standing | None] = []
        for receiver in receivers:
            if (told := known.get(receiver)) is None:
                found.append(None)
                continue
            behind = select(func.count(), func.min(events.c.at)).where(
                events.c.id > told,
                func.coalesce(events.c.event, "").in_(_NAMES),
                events.c.expires_at > now,
            )
            [(rows, oldest)] = await asking.rows(behind)
            found.append(Standing(int(rows), oldest))
        return found
    finally:
        await asking.aclose()
