"""A line of the projection: one attempt to join, whether it became a session or failed before.

It says nothing that the events do not say, each field with the bound and the purpose that it has there, and
goes when the event goes that began it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from server.metadata.declared import ACCOUNT, CAPACITY, TROUBLE, Expiry
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.rows.attempts import RefusedCount
from server.metadata.rows.row import DAY_MS, NAME, YEARS_MS, SiteName, SupportCode
from server.metadata.rows.sessions import (
    BrowserUsed,
    ConnectionQuality,
    MajorVersion,
    SdkUsed,
    SdkVersion,
    SystemUsed,
)

Number = Annotated[int, Meta(ge=1, extra=ACCOUNT)]
NameIfAny = Annotated[str, Meta(min_length=1, max_length=NAME)] | None
SidIfAny = Annotated[str, Meta(pattern=r"\APA_[0-9A-Za-z]{6,32}\Z")] | None
Moment = Annotated[float, Meta(extra=ACCOUNT)]
Took = Annotated[int, Meta(ge=0, le=YEARS_MS)] | None
JoinTook = Annotated[int, Meta(ge=0, le=DAY_MS)] | None


class Connection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in seconds since the epoch."""

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    number: Number
    """Counts up in the order of writing; never given twice."""
    room: Annotated[NameIfAny, Meta(extra=ACCOUNT)]
    """None: nobody in particular asked, see `attempts`."""
    identity: Annotated[NameIfAny, Meta(extra=ACCOUNT)]
    participant: Annotated[SidIfAny, Meta(extra=ACCOUNT)]
    """None: nobody was let in."""
    code: SupportCode
    site: SiteName
    """Empty where none is named."""
    joined_at: Moment
    """Let in; asked, where nobody was."""
    active_at: Annotated[float | None, Meta(extra=CAPACITY)]
    """Media could flow; None: it never could, so far."""
    left_at: Annotated[float | None, Meta(extra=ACCOUNT)]
    """Left, or was refused; None: goes on, or was cut off by a crash that no start has noticed yet."""
    stage: Annotated[Stage | None, Meta(extra=TROUBLE)]
    """The last step of joining that was done; None: not decided yet, or not known."""
    outcome: Annotated[AttemptCause | None, Meta(extra=ACCOUNT)]
    """Why it ended: a reason of leaving (`words.LeaveReason`, in the same words), or why it was refused."""
    failed: Annotated[bool, Meta(extra=TROUBLE)]
    """It ended as nobody wanted it to (`outcome.UNWANTED`), or before media could flow."""
    attempts: RefusedCount
    """How many: more than one only where they were counted together, of nobody in particular."""
    milliseconds: Annotated[Took, Meta(extra=ACCOUNT)]
    """Connected, in all; None while it goes on, and where attempts are counted together."""
    join_milliseconds: Annotated[JoinTook, Meta(extra=CAPACITY)]
    """From asking to join until media could flow."""
    sdk: SdkUsed
    sdk_version: SdkVersion
    browser: BrowserUsed
    browser_version: MajorVersion
    system: SystemUsed
    usual_quality: ConnectionQuality
    worst_quality: ConnectionQuality
    expires_at: Moment

    def seconds(self, now: float) -> float:
        """Connected so far, or in all."""
        if self.milliseconds is not None:
            return round(self.milliseconds / 1000, 3)
        return round(max(0.0, (self.left_at or now) - self.joined_at), 3)


def connection_of(columns: Mapping[Any, Any]) -> Connection:
    """A line as it stands in the database. Raises msgspec.ValidationError on what is not declared."""
    return msgspec.convert({str(name): value for name, value in columns.items()}, Connection)


def is_declared(columns: Mapping[Any, Any]) -> bool:
    """Whether a line's columns are what is declared of them, and no others."""
    try:
        connection_of(columns)
    except msgspec.ValidationError:
        return False
    return True
