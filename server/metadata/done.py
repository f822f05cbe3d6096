"""Receipts of what was done on request: how many rows of each kind it concerned, and what stays. PURE."""

from __future__ import annotations

from typing import TypedDict

from server.metadata.erasure import Changed
from server.metadata.receipt import rfc3339
from server.metadata.refusals import RefusalCode

_ERASED = "Everything that this server's ledger held about you in this room has been erased."
_ERASED_NOTHING = "This server's ledger held nothing about you in this room."
_ERASED_EARLIER = "What this server's ledger held about your earlier sessions in this room has been erased."
_ERASED_REST = (
    "What this server's ledger held about you in this room has been erased, but for what is said next."
)
_CORRECTED = (
    "Everything that this server's ledger holds about you in this room is kept under the new name now. The "
    "mark ~ before it says that you chose it yourself. If you join again, the name in your token is kept."
)
_OPEN = " Your session that is still going on stays as it is until it is over: ask again then."
_HELD = (
    " {rows} of its rows have to stay because of a legal duty or a legal claim, until {day} unless that is "
    "extended."
)
_OBJECTED = "What this server's ledger held about you moment by moment in this room has been erased."
_OBJECTED_NOTHING = "This server's ledger held nothing about you moment by moment in this room."
_OBJECTED_REST = (
    " That you were connected, and when, stays until it expires; you can have it erased once your session is "
    "over."
)
_OBJECTED_OPEN = (
    " Of your session that is going on, no more of that is written until it ends. For a session after it, "
    "object again."
)
_LATER = " What was there before is overwritten in the file within the hour."
BACKUPS = "Copies that the operator made of the ledger before, if any, expire as the operator says."


class Left(TypedDict):
    """Rows that were left as they are. `code` says why, in the words of `refusals.RefusalCode`, and `until`
    for how long; null where nobody can say."""

    code: str
    rows: int
    until: str | None


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


class ObjectionReceipt(TypedDict):
    """Answer of `POST /api/receipt/objection`. `sessions` is of how many sessions that go on no details are
    written any more."""

    room: str
    identity: str
    objected_at: str
    erased: dict[str, int]
    sessions: int
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
    elif changed.held:
        says = _ERASED_REST
    says += _of_holds(changed)
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


def objection_receipt(
    room: str, identity: str, changed: Changed, *, overwritten: bool, now: float
) -> ObjectionReceipt:
    """`now` is in seconds since the epoch."""
    says = (_OBJECTED if changed.total else _OBJECTED_NOTHING) + _OBJECTED_REST
    if changed.objected:
        says += _OBJECTED_OPEN
    return ObjectionReceipt(
        room=room,
        identity=identity,
        objected_at=rfc3339(now),
        erased=changed.rows,
        sessions=changed.objected,
        left=_left(changed),
        overwritten=overwritten,
        says=says + _of_holds(changed) + ("" if overwritten else _LATER),
        backups=BACKUPS,
    )


def _left(changed: Changed) -> list[Left]:
    left: list[Left] = []
    if changed.still_open:
        left.append(Left(code=RefusalCode.SESSION_OPEN, rows=changed.still_open, until=None))
    if changed.held:
        until = None if changed.held_until is None else rfc3339(changed.held_until)
        left.append(Left(code=RefusalCode.LEGAL_HOLD, rows=changed.held, until=until))
    return left


def _of_holds(changed: Changed) -> str:
    if not changed.held or changed.held_until is None:
        return ""
    return _HELD.format(rows=changed.held, day=rfc3339(changed.held_until)[:10])
