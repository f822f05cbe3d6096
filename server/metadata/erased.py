"""The receipt of an erasure: what is gone, by kind of row, and whether anything stays. PURE."""

from __future__ import annotations

from typing import TypedDict

from server.metadata.erasure import Changed
from server.metadata.receipt import rfc3339

SAYS = "Everything that this server's ledger held about you in this room has been erased."
SAYS_NOTHING = "This server's ledger held nothing about you in this room."
SAYS_OPEN = (
    "What this server's ledger held about your earlier sessions in this room has been erased. Your session "
    "that is still going on stays until it is over: ask again then."
)
SAYS_LATER = " Its remains in the file are overwritten within the hour."
BACKUPS = "Copies that the operator made of the ledger before, if any, expire as the operator says."


class ErasureReceipt(TypedDict):
    """Answer of `DELETE /api/receipt`. `erased` is the number of rows by kind; `still_kept` that of the rows
    of a session that goes on. `overwritten` is False where the bytes in the file still wait for that."""

    room: str
    identity: str
    erased_at: str
    erased: dict[str, int]
    still_kept: int
    overwritten: bool
    says: str
    backups: str


def erasure_receipt(
    room: str, identity: str, changed: Changed, *, overwritten: bool, now: float
) -> ErasureReceipt:
    """`now` is in seconds since the epoch."""
    says = SAYS if changed.total else SAYS_NOTHING
    if changed.still_open:
        says = SAYS_OPEN
    return ErasureReceipt(
        room=room,
        identity=identity,
        erased_at=rfc3339(now),
        erased=changed.rows,
        still_kept=changed.still_open,
        overwritten=overwritten,
        says=says if overwritten else says + SAYS_LATER,
        backups=BACKUPS,
    )
