"""Why a request about somebody's rows is not carried out, in closed words and in a sentence."""

from __future__ import annotations

from enum import StrEnum

from server.errors import OperatorError


class RefusalCode(StrEnum):
    """Reasons that the ledger itself has; docs/receipt.md has them all in one table."""

    SESSION_OPEN = "session_open"  # all that is held belongs to a session that goes on
    NOTHING_KEPT = "nothing_kept"
    NAME_TAKEN = "name_taken"  # rows have the new name already: two people would become one
    NAME_UNFIT = "name_unfit"  # the ledger takes no such name


class Refusal(OperatorError):
    """Nothing was done. `code` says why to programs."""

    def __init__(self, code: RefusalCode, words: str) -> None:
        super().__init__(words)
        self.code = code
