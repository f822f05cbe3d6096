"""Identifiers, with the prefixes client SDKs insist on (`PA_`, `TR_`, `RM_`)."""

from __future__ import annotations

import secrets

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def _token(length: int = 12) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


SELF_CHOSEN = "~"
"""Before a name of the ledger that somebody chose for themselves. No access token gives such a name out."""


def participant_sid() -> str:
    return "PA_" + _token()


def track_sid() -> str:
    return "TR_" + _token()


def room_sid() -> str:
    return "RM_" + _token()


def support_code() -> str:
    """`ABCD-EFGH`: 40 random bits in Crockford's base 32: no letter is mistaken for a digit."""
    letters = "".join(secrets.choice(_CROCKFORD) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def read_support_code(text: str) -> str | None:
    """The code that somebody wrote down or read out: any case, with or without the hyphen. None: no code."""
    letters = text.upper().translate(_MISREAD)
    if len(letters) != 8 or not set(letters) <= set(_CROCKFORD):
        return None
    return f"{letters[:4]}-{letters[4:]}"


def ice_ufrag() -> str:
    """8 characters: 46 bits, above the 24 that RFC 8445 wants."""
    return _token(8)


def ice_pwd() -> str:
    """32 characters: 185 bits, above the 128 that RFC 8445 wants."""
    return _token(32)
