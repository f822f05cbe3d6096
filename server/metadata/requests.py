"""What people have done to the rows about them, while a server writes the ledger.

Each is done once what happened before is written, noted without whose rows they were, and followed by writing
the ledger anew, so that what was there before is gone from the disk as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import erasure, objecting
from server.metadata.address import LedgerError
from server.metadata.database import FAILURES, Claim
from server.metadata.erasure import Changed
from server.metadata.event import Event
from server.metadata.refusals import Refusal, RefusalCode
from server.metadata.retention import rewrite
from server.metadata.rows.rights import SubjectRequest
from server.metadata.words import Answer, RequestReason, Right

logger = logging.getLogger(__name__)

CHANGE_SECONDS = 10.0
REWRITE_SECONDS = 60.0


class Requests:
    """On the ledger of `claim`; `flush` and `record` are those of who writes it, `clock` gives seconds since
    the epoch.

    Each method also says whether the bytes of what was before are overwritten: if that could not be done now,
    the next sweep does it. Each raises Refusal, LedgerError.
    """

    def __init__(
        self,
        claim: Claim,
        flush: Callable[[], Awaitable[None]],
        record: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        self._claim = claim
        self._engine: AsyncEngine = claim.engine
        self._flush = flush
        self._record = record
        self._clock = clock
        self._rewriting = asyncio.Lock()

    async def erase(self, room: str, identity: str) -> tuple[Changed, bool]:
        """Erases what is held about somebody, as `erasure.erase` does."""
        change = erasure.erase(self._engine, room, identity, self._clock())
        return await self._answered(Right.ERASE, change)

    async def correct(self, room: str, identity: str, new: str) -> tuple[Changed, bool]:
        """Puts a name that somebody chose where theirs stood, as `erasure.correct` does."""
        change = erasure.correct(self._engine, room, identity, new, self._clock())
        return await self._answered(Right.CORRECT, change)

    async def object_to_details(self, room: str, identity: str) -> tuple[Changed, bool]:
        """Erases details, and lets no more be written, as `objecting.object_to_details` does."""
        change = objecting.object_to_details(self._engine, room, identity, self._clock())
        return await self._answered(Right.OBJECT, change)

    async def _answered(self, right: Right, change: Awaitable[Changed]) -> tuple[Changed, bool]:
        try:
            changed = await self._change(change)
        except Refusal as refusal:
            if refusal.code is RefusalCode.LEGAL_HOLD:
                self._note(right, 0, Answer.LEGAL_HOLD)
            raise
        if changed.total or right is Right.OBJECT:
            self._note(right, changed.total)
        if changed.held:
            self._note(right, changed.held, Answer.LEGAL_HOLD)
        return changed, await self._rewritten()

    async def _change(self, change: Awaitable[Changed]) -> Changed:
        try:
            async with asyncio.timeout(CHANGE_SECONDS):
                await self._flush()
                return await change
        except FAILURES as error:
            raise LedgerError(f"the ledger {self._claim} cannot be written: {type(error).__name__}") from None

    def _note(self, right: Right, rows: int, answer: Answer = Answer.DONE) -> None:
        why = RequestReason.OBJECTION if right is Right.OBJECT else RequestReason.OWN_REQUEST
        self._record(SubjectRequest(right=right, reason=why, rows=rows, answer=answer))

    async def _rewritten(self) -> bool:
        try:
            async with asyncio.timeout(REWRITE_SECONDS), self._rewriting:
                await rewrite(self._engine)
        except FAILURES as error:
            logger.warning("what was changed is overwritten at the next sweep (%s)", type(error))
            return False
        return True
