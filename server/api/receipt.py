"""`GET /api/receipt`: what the ledger holds about the person who asks, signed.

    Authorization: Bearer <the token that was joined with, or the receipt's own token>
    -> 200 {"receipt": {…}, "jws": "…", "token": "…"}

The join token works for as long as it is valid; the receipt's own token for as long as anything written
now can be kept, so that a receipt can be asked for again after the call, a crash included. It opens nothing
but this receipt. `jws` is the receipt signed with the key of the guarantee statement (RFC 7515, EdDSA).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

from server.answers import answer, preflight, refusal
from server.api.rate_limit import RateLimit
from server.auth.bearer import Member, bearer, member
from server.auth.token import LEEWAY_SECONDS, TokenError
from server.clock import Clock
from server.errors import OperatorError
from server.guarantee import jws
from server.guarantee.sign import Signer
from server.metadata.receipt import receipt
from server.metadata.sessions import KeptEvent

logger = logging.getLogger(__name__)

RECEIPT_TYPE = "offrecord-receipt+jws"
TOKEN_TYPE = "offrecord-receipt-token+jws"  # noqa: S105 - a media type
PER_MINUTE = 60


class Kept(Protocol):
    """What this route asks of the ledger."""

    async def kept_about(self, room: str, identity: str) -> tuple[list[KeptEvent], bool]:
        """Rows, oldest first, and whether these are all. Raises OperatorError when it cannot be read."""


class ReceiptRoutes:
    """The handlers. `keys` are secrets by API key; `kept_seconds` is how long what is written now may be
    kept."""

    def __init__(
        self, kept: Kept, keys: Mapping[str, str], signer: Signer, clock: Clock, kept_seconds: float
    ) -> None:
        self._kept = kept
        self._keys = keys
        self._signer = signer
        self._clock = clock
        self._kept_seconds = kept_seconds
        self._limit = RateLimit(PER_MINUTE)

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        return [
            web.get("/api/receipt", self.receipt),
            web.options("/api/receipt", preflight),
        ]

    async def receipt(self, request: web.Request) -> web.Response:
        """Makes a receipt, or says what to do."""
        now = self._clock.now()
        if not self._limit.allows(request.remote or "", now):
            return refusal(429, "Too many requests from your address. Wait a minute and try again.")
        try:
            subject = self._subject(request, now)
        except TokenError as error:
            return refusal(error.status, str(error))
        try:
            kept, complete = await self._kept.kept_about(subject.room, subject.identity)
        except OperatorError as error:
            logger.error("no receipt could be made: %s", error)
            return refusal(503, "The ledger cannot be read right now. Try again in a moment.")
        content = receipt(subject.room, subject.identity, kept, complete=complete, now=now)
        lasting = max((one.expires_at for one in kept), default=now)
        signed = self._signer.sign({**content, "iat": int(now), "exp": int(lasting)}, typ=RECEIPT_TYPE)
        token = self._signer.sign(
            {
                "room": subject.room,
                "identity": subject.identity,
                "iat": int(now),
                "exp": int(now + self._kept_seconds),
            },
            typ=TOKEN_TYPE,
        )
        return answer({"receipt": content, "jws": signed, "token": token})

    def _subject(self, request: web.Request, now: float) -> Member:
        """Raises TokenError."""
        token = bearer(request.headers.get("Authorization", ""))
        try:
            return self._from_receipt_token(token, now)
        except jws.SignatureError:
            return member(token, self._keys, now, request.query.get("publish", ""))

    def _from_receipt_token(self, token: str, now: float) -> Member:
        """Raises SignatureError when it is none of ours, TokenError when it is and has expired."""
        claims = jws.decode(token, self._signer.jwks(), typ=TOKEN_TYPE)
        if now >= int(claims["exp"]) + LEEWAY_SECONDS:
            raise TokenError("the receipt's token has expired, and with it everything that it was about")
        return Member(str(claims["room"]), str(claims["identity"]))
