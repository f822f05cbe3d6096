"""Receipts of what was done on request: how many rows of each kind it concerned, and what stays. PURE."""

from __future__ import annotations

from typing import TypedDict

from server.metadata.erasure import Changed
from server.metadata.receipt import rfc3339

_ERASED = "Everything that this server's ledger held about you in this room has been erased."
_ERASED_NOTHING = "This server's ledger held nothing about you in this room."
_ERASED_EARLIER = "What this server's ledger held about your earlier sessions in this room has been erased."
_CORRECTED = (
    "Everything that this server's ledger holds about you in this room is kept under the new name now. The "
    "mark ~ before it says that you chose it yourself. If you join again, the name in your token is kept."
)
_OPEN = " Your session that is still going on stays as it is until it is over: ask again then."
_LATER = " What was there before is overwritten in the file within the hour."
BACKUPS = "Copies that the operator made of the ledger before, if any, expire as the operator says."


class Left(TypedDict):
    """Rows that were left as they are. `code` says why, in the words of `refusals.RefusalCode`."""

    code: str
    rows: int


class ErasureReceipt(TypedDict):
    """Answer of `DELETE /api/receipt`. `erased` is the number of rows by kind. `overwritten` is False where
    the bytes in the file still wait for that."""

    room: str
    identity: str
    erased_at: str
    erased: dict[str, int]
    left: list[Left]
    overwritten: bool
    says: str
    backups: str


class CorrectionReceipt(TypedDict):
    """Answer of `PATCH /api/receipt`. `identity` is the name before, `new_identity` the one since."""

    room: str
    identity: str
    new_identity: str
    corrected_at: str
    corrected: dict[str, int]
    left: list[Left]
    overwritten: bool
    says: str
    backups: str


def erasure_receipt(
    room: str, identity: str, changed: Changed, *, overwritten: bool, now: float
) -> ErasureReceipt:
    """`now` is in seconds since the epoch."""
    says = _ERASED if changed.total else _ERASED_NOTHING
    if changed.still_open:
        says = _ERASED_EARLIER + _OPEN
    return ErasureReceipt(
        room=room,
        identity=identity,
        erased_at=rfc3339(now),
        erased=changed.rows,
        left=_left(changed),
        overwritten=overwritten,
        says=says if overwritten else says + _LATER,
        backups=BACKUPS,
    )


def correction_receipt(
    room: str, identity: str, new: str, changed: Changed, *, overwritten: bool, now: float
) -> CorrectionReceipt:
    """`now` is in seconds since the epoch."""
    says = _CORRECTED + (_OPEN if changed.still_open else "")
    return CorrectionReceipt(
        room=room,
        identity=identity,
        new_identity=new,
        corrected_at=rfc3339(now),
        corrected=changed.rows,
        left=_left(changed),
        overwritten=overwritten,
        says=says if overwritten else says + _LATER,
        backups=BACKUPS,
    )


def _left(changed: Changed) -> list[Left]:
    return [Left(code="session_open", rows=changed.still_open)] if changed.still_open else []
