"""Rows about rooms themselves: written only where there is somebody to be told of them by a webhook."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import ACCOUNT, Expiry
from server.metadata.rows.row import RoomName, Row

RoomSid = Annotated[str, Meta(pattern=r"\ARM_[0-9A-Za-z]{6,32}\Z", extra=ACCOUNT)]


class RoomStarted(Row, frozen=True, tag="room_started"):
    """A room was opened. Only where `webhooks.urls` are set is there such a row."""

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    room: RoomName
    room_sid: RoomSid


class RoomFinished(Row, frozen=True, tag="room_finished"):
    """A room is over. Only where `webhooks.urls` are set is there such a row."""

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    room: RoomName
    room_sid: RoomSid
