"""Rows about what was done through the server API, or by moderators: not by whom, which only the issuer of
the token knows."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import ACCOUNTABILITY, Expiry
from server.metadata.rows.row import Identity, ParticipantSid, RoomName, Row
from server.metadata.words import ParticipantAct, RoomAct

DoneToRoom = Annotated[RoomAct, Meta(extra=ACCOUNTABILITY)]
DoneToSomebody = Annotated[ParticipantAct, Meta(extra=ACCOUNTABILITY)]


class RoomAdministered(Row, frozen=True, tag="room_administered"):
    """The server API or a moderator did something to a room. Of data that was sent there is a row a
    minute at most."""

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    room: RoomName
    act: DoneToRoom


class ParticipantAdministered(Row, frozen=True, tag="participant_administered"):
    """The server API or a moderator did something to a participant: let it in or refused it, muted, changed
    or removed it. The texts and permissions that were set are not kept."""

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    act: DoneToSomebody
