"""`GET /api/receipt`: what the ledger holds about the person who asks, signed.

    Authorization: Bearer <the token that was joined with, or the receipt's own token>
    -> 200 {"receipt": {…}, "jws": "…", "token": "…"}

The join token works for as long as it is valid; the receipt's own token for as long as anything written
now can be kept, so that a receipt can be asked for again after the call, a crash included. It opens nothing
but this receipt, and can have erased what it is about (`rights`). `jws` is the receipt signed with the key of
the guarantee statement (RFC 7515, EdDSA).
"""

from __future__ import annotations

import logging
from typing import Protocol

from aiohttp import web

from server.answers import answer, preflight, refusal
from server.api.rate_limit import RateLimit
from server.api.refusals import READING, Code, denied
from server.api.subject import SubjectTokens
from server.auth.token import TokenError
from server.clock import Clock
from server.errors import OperatorError
from server.guarantee.sign import Signer
from server.metadata.receipt import receipt
from server.metadata.subject import Kept
from server.network.origin import Origins

logger = logging.getLogger(__name__)

RECEIPT_TYPE = "offrecord-receipt+jws"
PER_MINUTE = 60


class Keeping(Protocol):
    """What this route asks of the ledger."""

    async def kept_about(self, room: str, identity: str) -> Kept:
        """What there is. Raises OperatorError when it cannot be read."""


class ReceiptRoutes:
    """The handlers."""

    def __init__(
        self, ledger: Keeping, tokens: SubjectTokens, signer: Signer, clock: Clock, origins: Origins
    ) -> None:
        self._ledger = ledger
        self._tokens = tokens
        self._signer = signer
        self._clock = clock
        self._limit = RateLimit(PER_MINUTE, origins)

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        return [
            web.get("/api/receipt", self.receipt),
            web.options("/api/receipt", preflight),
        ]

    async def receipt(self, request: web.Request) -> web.Response:
        """Makes a receipt, or says what to do."""
        now = self._clock.now()
        try:
            subject = self._tokens.subject(request, now, self._limit)
        except TokenError as error:
            return denied(error)
        try:
            found = await self._ledger.kept_about(subject.room, subject.identity)
        except OperatorError as error:
            logger.error("no receipt could be made: %s", error)
            return refusal(503, READING, code=Code.LEDGER_AWAY)
        content = receipt(
            subject.room, subject.identity, found.rows, complete=found.complete, now=now, held=found.held
        )
        held_until = now if found.held is None else found.held.until
        lasting = max([held_until, *(one.gone_at for one in found.rows)])
        signed = self._signer.sign({**content, "iat": int(now), "exp": int(lasting)}, typ=RECEIPT_TYPE)
        token = self._tokens.issue(subject, now, until=held_until)
        return answer({"receipt": content, "jws": signed, "token": token})
