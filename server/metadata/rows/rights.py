"""Rows about what people asked for, and what was done about it: not whose, not by whom."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import ACCOUNTABILITY, Expiry
from server.metadata.rows.row import Row
from server.metadata.words import Answer, RequestReason, Right

RightAsked = Annotated[Right, Meta(extra=ACCOUNTABILITY)]
WhyAsked = Annotated[RequestReason, Meta(extra=ACCOUNTABILITY)]
RowCount = Annotated[int, Meta(ge=0, le=1_000_000_000, extra=ACCOUNTABILITY)]


HowAnswered = Annotated[Answer, Meta(extra=ACCOUNTABILITY)]


class SubjectRequest(Row, frozen=True, tag="subject_request"):
    """Somebody asked about the rows about them. Kept is how many were read, changed or erased: not whose they
    are, not by whom."""

    kept_for: ClassVar[Expiry] = Expiry.OPERATION

    right: RightAsked
    reason: WhyAsked
    rows: RowCount
    answer: HowAnswered = Answer.DONE
