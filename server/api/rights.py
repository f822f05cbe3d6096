"""`DELETE /api/receipt`: what the ledger holds about the person who asks is erased, and a receipt says so.

    Authorization: Bearer <the token that was joined with, or the receipt's own token>
    -> 200 {"erasure": {…}, "jws": "…"}
    -> 409 {"error": "…", "code": "session_open"}

Erased is what belongs to sessions that are over; where there is nothing but a session that goes on, the
request is refused. `jws` is the erasure receipt signed with the key of the guarantee statement. That a
request was answered is kept, without whose it was.
"""

from __future__ import annotations

import logging
from typing import Protocol

from aiohttp import web

from server.answers import answer, refusal
from server.api.rate_limit import RateLimit
from server.api.subject import SubjectTokens
from server.auth.token import TokenError
from server.clock import Clock
from server.errors import OperatorError
from server.guarantee.sign import Signer
from server.metadata.erased import erasure_receipt
from server.metadata.erasure import Changed, Refusal
from server.network.origin import Origins

logger = logging.getLogger(__name__)

ERASURE_TYPE = "offrecord-erasure+jws"
PER_MINUTE = 10  # each may have the whole ledger written anew


class Erasing(Protocol):
    """What this route asks of the ledger."""

    async def erase(self, room: str, identity: str) -> tuple[Changed, bool]:
        """What is gone, and whether its bytes are overwritten already. Raises Refusal, OperatorError."""


class RightsRoutes:
    """The handler."""

    def __init__(
        self, ledger: Erasing, tokens: SubjectTokens, signer: Signer, clock: Clock, origins: Origins
    ) -> None:
        self._ledger = ledger
        self._tokens = tokens
        self._signer = signer
        self._clock = clock
        self._limit = RateLimit(PER_MINUTE, origins)

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        return [web.delete("/api/receipt", self.erase)]

    async def erase(self, request: web.Request) -> web.Response:
        """Erases, or says why not."""
        now = self._clock.now()
        try:
            subject = self._tokens.subject(request, now, self._limit)
        except TokenError as error:
            return refusal(error.status, str(error))
        try:
            changed, overwritten = await self._ledger.erase(subject.room, subject.identity)
        except Refusal as error:
            return refusal(409, str(error), code=error.code)
        except OperatorError as error:
            logger.error("what was asked for could not be erased: %s", error)
            return refusal(503, "The ledger cannot be written right now. Try again in a moment.")
        content = erasure_receipt(
            subject.room, subject.identity, changed, overwritten=overwritten, now=self._clock.now()
        )
        return answer(
            {"erasure": content, "jws": self._signer.sign({**content, "iat": int(now)}, typ=ERASURE_TYPE)}
        )
