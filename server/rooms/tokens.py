"""Tokens to come back with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from server.auth.grants import Claims
from server.auth.token import MAX_TOKEN_BYTES, sign

RENEWED_TOKEN_SECONDS = 600.0


def renewed(claims: Claims, keys: Mapping[str, str], now: float) -> str:
    """A token with these claims, valid for ten minutes or for what the original has left."""
    key, secret = next(iter(keys.items()))
    expires_at = max(claims.expires_at, now + RENEWED_TOKEN_SECONDS)
    token = sign(replace(claims, expires_at=expires_at), key, secret, now)
    if len(token) <= MAX_TOKEN_BYTES:
        return token
    # What somebody said of itself may be longer than a token that anybody accepts.
    claims = replace(claims, expires_at=expires_at, metadata="", attributes={})
    return sign(claims, key, secret, now)
