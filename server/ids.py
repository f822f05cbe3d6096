"""Identifiers, with the prefixes client SDKs insist on (`PA_`, `TR_`, `RM_`)."""

from __future__ import annotations

import secrets

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"


def _token(length: int = 12) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def participant_sid() -> str:
    return "PA_" + _token()


def track_sid() -> str:
    return "TR_" + _token()


def room_sid() -> str:
    return "RM_" + _token()


def ice_ufrag() -> str:
    """8 characters: 46 bits, above the 24 that RFC 8445 wants."""
    return _token(8)


def ice_pwd() -> str:
    """32 characters: 185 bits, above the 128 that RFC 8445 wants."""
    return _token(32)
