"""Why a request about somebody's rows is not carried out, in closed words and in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from server.errors import OperatorError


class RefusalCode(StrEnum):
    """Reasons that the ledger itself has; docs/receipt.md has them all in one table."""

    SESSION_OPEN = "session_open"  # all that is held belongs to a session that goes on
    LEGAL_HOLD = "legal_hold"  # all that is held has to stay, until a certain day
    NOTHING_KEPT = "nothing_kept"
    NAME_TAKEN = "name_taken"  # rows have the new name already: two people would become one
    NAME_UNFIT = "name_unfit"  # the ledger takes no such name


class Refusal(OperatorError):
    """Nothing was done. `code` says why to programs; `until`, in seconds since the epoch, for how long."""

    def __init__(self, code: RefusalCode, words: str, until: float | None = None) -> None:
        super().__init__(words)
        self.code = code
        self.until = until


def legal_hold(until: float | None) -> Refusal:
    """Of rows that have to stay `until` then."""
    day = (
        ""
        if until is None
        else f", until {datetime.fromtimestamp(until, UTC):%Y-%m-%d} unless that is extended"
    )
    words = f"what is kept has to stay because of a legal duty or a legal claim{day}"
    return Refusal(RefusalCode.LEGAL_HOLD, words, until)
