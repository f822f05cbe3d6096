"""What people have done to the rows about them, while a server writes the ledger.

Each is done once what happened before is written, noted without whose rows they were, and followed by writing
the ledger anew, so that what was there before is gone from the disk as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import erasure
from server.metadata.address import LedgerError
from server.metadata.database import FAILURES, Claim
from server.metadata.erasure import Changed
from server.metadata.event import Event
from server.metadata.retention import rewrite
from server.metadata.rows.rights import SubjectRequest
from server.metadata.words import RequestReason, Right

logger = logging.getLogger(__name__)

CHANGE_SECONDS = 10.0
REWRITE_SECONDS = 60.0


class Requests:
    """On the ledger of `claim`; `flush` and `record` are those of who writes it."""

    def __init__(
        self, claim: Claim, flush: Callable[[], Awaitable[None]], record: Callable[[Event], None]
    ) -> None:
        self._claim = claim
        self._engine: AsyncEngine = claim.engine
        self._flush = flush
        self._record = record
        self._rewriting = asyncio.Lock()

    async def erase(self, room: str, identity: str) -> tuple[Changed, bool]:
        """Erases what is held about somebody, as `erasure.erase` does.

        Also says whether the bytes are overwritten: if that could not be done now, the next sweep does it.
        Raises Refusal, LedgerError.
        """
        changed = await self._change(erasure.erase(self._engine, room, identity))
        return changed, await self._done(Right.ERASE, changed)

    async def correct(self, room: str, identity: str, new: str) -> tuple[Changed, bool]:
        """Puts a name that somebody chose where theirs stood, as `erasure.correct` does. As `erase` else."""
        changed = await self._change(erasure.correct(self._engine, room, identity, new))
        return changed, await self._done(Right.CORRECT, changed)

    async def _change(self, change: Awaitable[Changed]) -> Changed:
        try:
            async with asyncio.timeout(CHANGE_SECONDS):
                await self._flush()
                return await change
        except FAILURES as error:
            raise LedgerError(f"the ledger {self._claim} cannot be written: {type(error).__name__}") from None

    async def _done(self, right: Right, changed: Changed) -> bool:
        if changed.total:
            self._record(SubjectRequest(right=right, reason=RequestReason.OWN_REQUEST, rows=changed.total))
        try:
            async with asyncio.timeout(REWRITE_SECONDS), self._rewriting:
                await rewrite(self._engine)
        except FAILURES as error:
            logger.warning("what was changed is overwritten at the next sweep (%s)", type(error))
            return False
        return True
