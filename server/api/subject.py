"""Whose rows of the ledger a request is about: with the token that was joined with, or the receipt's own."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from server.api.rate_limit import RateLimit
from server.auth.bearer import Member, bearer, member
from server.auth.token import LEEWAY_SECONDS, TokenError
from server.guarantee import jws
from server.guarantee.sign import Signer

TOKEN_TYPE = "offrecord-receipt-token+jws"  # noqa: S105 - a media type


class SubjectTokens:
    """`keys` are secrets by API key; `kept_seconds` is how long what is written now may be kept."""

    def __init__(self, keys: Mapping[str, str], signer: Signer, kept_seconds: float) -> None:
        self._keys = keys
        self._signer = signer
        self._kept_seconds = kept_seconds

    def issue(self, subject: Member, now: float, *, until: float = 0.0) -> str:
        """A token for these rows and for nothing else, until everything written by `now` has expired, and at
        least `until` then. Seconds since the epoch."""
        return self._signer.sign(
            {
                "room": subject.room,
                "identity": subject.identity,
                "iat": int(now),
                "exp": int(max(now + self._kept_seconds, until)),
            },
            typ=TOKEN_TYPE,
        )

    def subject(self, request: web.Request, now: float, limit: RateLimit) -> Member:
        """Counts the request against the `limit` of its client first. Raises TokenError."""
        if not limit.allows(request, now):
            raise TokenError("too many requests from your address. Wait a minute and try again", 429)
        token = bearer(request.headers.get("Authorization", ""))
        try:
            return self._own(token, now)
        except jws.SignatureError:
            return member(token, self._keys, now)

    def _own(self, token: str, now: float) -> Member:
        """Raises SignatureError when it is none of ours, TokenError when it is and has expired."""
        claims = self._signer.verify(token, typ=TOKEN_TYPE)
        if now >= int(claims["exp"]) + LEEWAY_SECONDS:
            raise TokenError(
                "the receipt's token has expired, and with it everything that it was about, unless a legal "
                "duty keeps it: ask the operator"
            )
        return Member(str(claims["room"]), str(claims["identity"]))
