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
from dataclasses import dataclass
from typing import Protocol

import msgspec
from aiohttp import web

from server.api.rate_limit import RateLimit
from server.auth.token import LEEWAY_SECONDS, MAX_TOKEN_BYTES, TokenError, verify
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
MAX_NAME_CHARACTERS = 256
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_PREFLIGHT = {**_HEADERS, "Access-Control-Allow-Headers": "authorization", "Access-Control-Max-Age": "86400"}


class Kept(Protocol):
    """What this route asks of the ledger."""

    async def kept_about(self, room: str, identity: str) -> tuple[list[KeptEvent], bool]:
        """Rows, oldest first, and whether these are all. Raises OperatorError when it cannot be read."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks."""

    room: str
    identity: str


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
            web.options("/api/receipt", self.preflight),
        ]

    async def preflight(self, request: web.Request) -> web.Response:
        """Pages of other origins may ask, with a token (Fetch standard, CORS-preflight)."""
        return web.Response(status=204, headers=_PREFLIGHT)

    async def receipt(self, request: web.Request) -> web.Response:
        """Makes a receipt, or says what to do."""
        now = self._clock.now()
        if not self._limit.allows(request.remote or "", now):
            return _error(429, "Too many requests from your address. Wait a minute and try again.")
        try:
            subject = self._subject(request, now)
        except TokenError as error:
            return _error(error.status, f"{error}.")
        try:
            kept, complete = await self._kept.kept_about(subject.room, subject.identity)
        except OperatorError as error:
            logger.error("no receipt could be made: %s", error)
            return _error(503, "The ledger cannot be read right now. Try again in a moment.")
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
        return _json(200, {"receipt": content, "jws": signed, "token": token})

    def _subject(self, request: web.Request, now: float) -> Subject:
        """Raises TokenError."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise TokenError("Send the access token in the header Authorization: Bearer")
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenError("the access token is too long")
        try:
            return self._from_receipt_token(token, now)
        except jws.SignatureError:
            return self._from_join_token(token, request, now)

    def _from_receipt_token(self, token: str, now: float) -> Subject:
        """Raises SignatureError when it is none of ours, TokenError when it is and has expired."""
        claims = jws.decode(token, self._signer.jwks(), typ=TOKEN_TYPE)
        if now >= int(claims["exp"]) + LEEWAY_SECONDS:
            raise TokenError("the receipt's token has expired, and with it everything that it was about")
        return Subject(str(claims["room"]), str(claims["identity"]))

    def _from_join_token(self, token: str, request: web.Request, now: float) -> Subject:
        """Raises TokenError. `publish` names a second, publish-only connection, as it does to join."""
        claims = verify(token, self._keys, now)
        if not claims.grants.room_join or not claims.grants.room or not claims.identity:
            raise TokenError("the access token is not one to join a room with")
        second = request.query.get("publish", "")[:MAX_NAME_CHARACTERS]
        identity = f"{claims.identity}#{second}" if second else claims.identity
        return Subject(claims.grants.room, identity)


def _error(status: int, text: str) -> web.Response:
    return _json(status, {"error": text[:1].upper() + text[1:]})


def _json(status: int, content: object) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(content), content_type="application/json", headers=_HEADERS
    )
