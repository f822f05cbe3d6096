"""Rows about a participant's connection to a room, from joining to leaving."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import ACCOUNT, CAPACITY, COMPATIBILITY, TROUBLE, Expiry
from server.metadata.outcome import QualityStep
from server.metadata.rows.row import (
    DAY_MS,
    Duration,
    Identity,
    ParticipantSid,
    RoomName,
    Row,
    SiteName,
    SupportCode,
)
from server.metadata.words import Browser, LeaveReason, Sdk, System

JoinTime = Annotated[int, Meta(ge=0, le=DAY_MS, extra=CAPACITY)]
SdkUsed = Annotated[Sdk, Meta(extra=COMPATIBILITY)]
# Three numbers, never four: an IPv4 address does not fit.
SdkVersion = Annotated[
    str, Meta(pattern=r"\A([0-9]{1,4}(\.[0-9]{1,4}){0,2})?\Z", max_length=14, extra=COMPATIBILITY)
]
BrowserUsed = Annotated[Browser, Meta(extra=COMPATIBILITY)]
MajorVersion = Annotated[int, Meta(ge=0, le=9999, extra=COMPATIBILITY)]
SystemUsed = Annotated[System, Meta(extra=COMPATIBILITY)]
Reason = Annotated[LeaveReason, Meta(extra=ACCOUNT)]
RelayUsed = Annotated[int, Meta(ge=0, le=256, extra=TROUBLE)]
RelayProcess = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF, extra=TROUBLE)]
Transports = Annotated[int, Meta(ge=0, le=2, extra=TROUBLE)]
ConnectionQuality = Annotated[QualityStep, Meta(extra=TROUBLE)]


class ParticipantJoined(Row, frozen=True, tag="participant_joined"):
    """Admitted to a room. The display name is not kept: the identity says who it is. `relay` and `generation`
    are those of its `relay_born`; `transports` are one to send by and, unless it may not or receives by
    the same, one to receive by (who is allowed it later has that from `reception_opened` on). 0 is not known.
    """

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    sdk: SdkUsed = Sdk.UNKNOWN
    sdk_version: SdkVersion = ""
    browser: BrowserUsed = Browser.NONE
    browser_version: MajorVersion = 0
    system: SystemUsed = System.UNKNOWN
    code: SupportCode = ""
    site: SiteName = ""
    relay: RelayUsed = 0
    generation: RelayProcess = 0
    transports: Transports = 0


class ParticipantActive(Row, frozen=True, tag="participant_active"):
    """Media can flow. `join_milliseconds` since the request to join, or since somebody who waited was
    let in."""

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    join_milliseconds: JoinTime


class ParticipantResumed(Row, frozen=True, tag="participant_resumed"):
    """The connection to signaling was lost and is back; media went on. `milliseconds` without it; one row in
    10 seconds at most.
    """

    kept_for: ClassVar[Expiry] = Expiry.DETAIL

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    milliseconds: Duration


class ParticipantLeft(Row, frozen=True, tag="participant_left"):
    """A connection is over, and why. `milliseconds` since the participant joined."""

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    reason: Reason
    milliseconds: Duration
    usual_quality: ConnectionQuality = QualityStep.UNKNOWN
    worst_quality: ConnectionQuality = QualityStep.UNKNOWN
