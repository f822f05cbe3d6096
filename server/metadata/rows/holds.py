"""Rows about legal holds: that there was one, and why; not of whom or what."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import ACCOUNTABILITY, Expiry
from server.metadata.rows.row import Row
from server.metadata.words import HoldReason, HoldStep

LONGEST_DAYS = 365

HoldNumber = Annotated[int, Meta(ge=1, le=2**53, extra=ACCOUNTABILITY)]
WhyHeld = Annotated[HoldReason, Meta(extra=ACCOUNTABILITY)]
Step = Annotated[HoldStep, Meta(extra=ACCOUNTABILITY)]
DaysHeld = Annotated[int, Meta(ge=1, le=LONGEST_DAYS, extra=ACCOUNTABILITY)]
RowsHeld = Annotated[int, Meta(ge=0, le=1_000_000_000, extra=ACCOUNTABILITY)]


class HoldPlaced(Row, frozen=True, tag="hold_placed"):
    """Rows are kept beyond their time from now on, for so many days; so many there were then."""

    kept_for: ClassVar[Expiry] = Expiry.OPERATION

    hold: HoldNumber
    reason: WhyHeld
    days: DaysHeld
    rows: RowsHeld
    step: Step = HoldStep.PLACED


class HoldLifted(Row, frozen=True, tag="hold_lifted"):
    """A legal hold ended, and what it kept is deleted with the next sweep."""

    kept_for: ClassVar[Expiry] = Expiry.OPERATION

    hold: HoldNumber
    reason: WhyHeld
    step: Step = HoldStep.LIFTED
