"""Access tokens as HTTP requests carry them: `Authorization: Bearer` (RFC 6750 section 2.1). PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.auth.token import MAX_TOKEN_BYTES, TokenError, verify

MAX_SUFFIX_CHARACTERS = 128  # as `publish` is cut when it is joined with


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who may be in a room."""

    room: str
    identity: str


def bearer(authorization: str) -> str:
    """The token of the header. Raises TokenError."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise TokenError("send the access token in the header Authorization: Bearer")
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenError("the access token is too long")
    return token


def member(token: str, keys: Mapping[str, str], now: float, second: str = "") -> Member:
    """Whom a join token is for; `second` names a publish-only second connection, as `publish` does to join.

    `keys` is secrets by API key, `now` seconds since the epoch. Raises TokenError.
    """
    claims = verify(token, keys, now)
    if not claims.grants.room_join or not claims.grants.room or not claims.identity:
        raise TokenError("the access token is not one to join a room with")
    suffix = second[:MAX_SUFFIX_CHARACTERS]
    return Member(claims.grants.room, f"{claims.identity}#{suffix}" if suffix else claims.identity)
