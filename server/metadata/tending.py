"""What an operator does with one person's rows, beside a running server, or refuses to do.

That it was done is kept as an event of its own, without whose rows they were. Who did it is the access log's.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from sqlalchemy.ext.asyncio import AsyncEngine

from server.ids import SELF_CHOSEN
from server.metadata import erasure, objecting
from server.metadata.address import LedgerError
from server.metadata.database import FAILURES, take_turn, tending_engine, unreadable
from server.metadata.erasure import Changed
from server.metadata.query import Query
from server.metadata.receipt import Receipt, receipt
from server.metadata.refusals import Refusal, RefusalCode
from server.metadata.retention import Retention, rewrite
from server.metadata.rows.rights import SubjectRequest
from server.metadata.sessions import Reader
from server.metadata.words import Answer, RequestReason, Right
from server.metadata.writing import entry_of, write


class Tending:
    """The ledger at `url`, opened to be read and changed by hand. Use it with `async with`.

    Raises LedgerError where there is no such ledger, or it cannot be written.
    """

    def __init__(
        self, url: str, retention: Retention, reason: RequestReason, clock: Callable[[], float]
    ) -> None:
        self._url = url
        self._retention = retention
        self._reason = reason
        self._clock = clock
        self._engine: AsyncEngine = tending_engine(url)

    async def __aenter__(self) -> Tending:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._engine.dispose()
        if isinstance(error, FAILURES) and not isinstance(error, LedgerError):
            raise unreadable(self._url, error) from None

    async def rooms(self, identity: str) -> list[str]:
        """Where something is kept about `identity`."""
        return await erasure.rooms_of(self._engine, identity)

    async def export(self, room: str, identity: str) -> Receipt:
        """Everything that is kept, as the person's own receipt has it."""
        reader = Reader(self._url, clock=self._clock)
        try:
            kept = [one async for one in reader.events(Query(room=room, identity=identity))]
            held = await reader.held(room, identity)
        finally:
            await reader.aclose()
        await self._record(Right.EXPORT, len(kept))
        return receipt(room, identity, kept, complete=True, now=self._clock(), held=held)

    async def correct(self, room: str, identity: str, new: str, *, dry_run: bool) -> tuple[Changed, bool]:
        """Raises Refusal. Also says whether the bytes of the old name are overwritten."""
        if new.startswith(SELF_CHOSEN):
            raise Refusal(
                RefusalCode.NAME_UNFIT, f"{SELF_CHOSEN} marks names that people have chosen for themselves"
            )
        changed = await erasure.correct(self._engine, room, identity, new, self._clock(), dry_run=dry_run)
        return changed, await self._done(Right.CORRECT, changed, dry_run=dry_run)

    async def erase(self, room: str, identity: str, *, child: bool, dry_run: bool) -> tuple[Changed, bool]:
        """Raises Refusal. Also says whether the bytes are overwritten."""
        changed = await erasure.erase(self._engine, room, identity, self._clock(), dry_run=dry_run)
        right = Right.ERASE_CHILD if child else Right.ERASE
        return changed, await self._done(right, changed, dry_run=dry_run)

    async def object_to_details(self, room: str, identity: str, *, dry_run: bool) -> tuple[Changed, bool]:
        """Raises Refusal. Also says whether the bytes are overwritten."""
        changed = await objecting.object_to_details(
            self._engine, room, identity, self._clock(), dry_run=dry_run
        )
        return changed, await self._done(Right.OBJECT, changed, dry_run=dry_run)

    async def refuse(self, right: Right, why: Answer) -> None:
        """Keeps that a request was refused. Nothing is looked at."""
        await self._record(right, 0, why)

    async def _done(self, right: Right, changed: Changed, *, dry_run: bool) -> bool:
        if dry_run or not (changed.total or changed.objected):
            return True
        await self._record(right, changed.total)
        try:
            await rewrite(self._engine)
        except FAILURES:  # a server that writes: its next sweep does it
            return False
        return True

    async def _record(self, right: Right, rows: int, answer: Answer = Answer.DONE) -> None:
        note = SubjectRequest(right=right, reason=self._reason, rows=rows, answer=answer)
        async with self._engine.begin() as connection:
            await take_turn(connection)
            await write(connection, [entry_of(note, self._clock(), self._retention)])
