"""Why a request about one's own rows is refused before the ledger is asked, or cannot be answered by it.

The ledger's own reasons are in `metadata.refusals`; docs/receipt.md has them all in one table.
"""

from __future__ import annotations

from enum import StrEnum

from aiohttp import web

from server.answers import refusal
from server.auth.token import TokenError


class Code(StrEnum):
    TOKEN = "token"  # noqa: S105 - a word: none, one that does not hold, or one that has expired
    TOO_MANY = "too_many"  # from one address within a minute
    BAD_REQUEST = "bad_request"
    TOO_LONG = "too_long"
    TOO_LATE = "too_late"
    LEDGER_AWAY = "ledger_away"  # it cannot be read or written right now


READING = "The ledger cannot be read right now. Try again in a moment."
WRITING = "The ledger cannot be written right now. Try again in a moment."
TOO_LONG = "The request is too long."
TOO_LATE = "The request did not arrive in time. Try again."
UNREADABLE = 'Send JSON with the text "name".'


def denied(error: TokenError) -> web.Response:
    """Of a token that opens nothing, or of an address that asks too often."""
    code = Code.TOO_MANY if error.status == 429 else Code.TOKEN
    return refusal(error.status, str(error), code=code)
