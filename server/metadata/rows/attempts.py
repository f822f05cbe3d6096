"""Rows about joining: how far it came, and why no further."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import TROUBLE, Expiry
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.rows.row import DAY_MS, Identity, RoomName, Row, SiteName, SupportCode

# Empty where nobody was let in.
ParticipantSidIfAny = Annotated[
    str, Meta(pattern=r"\A(PA_[0-9A-Za-z]{6,32})?\Z", max_length=35, extra=TROUBLE)
]
StageReached = Annotated[Stage, Meta(extra=TROUBLE)]
Cause = Annotated[AttemptCause, Meta(extra=TROUBLE)]
AttemptTime = Annotated[int, Meta(ge=0, le=DAY_MS, extra=TROUBLE)]
RefusedCount = Annotated[int, Meta(ge=1, le=1_000_000_000, extra=TROUBLE)]


class AttemptEnded(Row, frozen=True, tag="attempt_ended"):
    """A join is decided: how far it came, and why no further. One row for each whose token held.

    `milliseconds` from the first request until media could flow or the attempt failed.
    """

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    room: RoomName
    identity: Identity
    code: SupportCode
    stage: StageReached
    cause: Cause
    milliseconds: AttemptTime
    participant: ParticipantSidIfAny = ""
    site: SiteName = ""


class AttemptsRefused(Row, frozen=True, tag="attempts_refused"):
    """So many within a minute for one cause from one site, by nobody in particular: none of them has proven
    who it was."""

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    code: SupportCode
    cause: Cause
    count: RefusedCount
    site: SiteName = ""
