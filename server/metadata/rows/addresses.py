"""What may be kept of the address that somebody joined from, where the configuration asks for it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import Audience, Expiry, Purpose, kept
from server.metadata.rows.row import Identity, ParticipantSid, RoomName, Row

# A pseudonym, or a network in CIDR notation with these lengths of prefix: an address alone does not fit.
NetworkKept = Annotated[
    str,
    Meta(
        pattern=r"\A([0-9a-f]{32}|[0-9.]{7,15}/24|[0-9a-f:]{2,39}/48)\Z",
        max_length=42,
        extra=kept(Purpose.TROUBLE, Audience.PRIVACY_OFFICERS),
    ),
]


class ParticipantAddress(Row, frozen=True, tag="participant_address"):
    """Where a session came from, as far as `metadata.addresses` allows: a pseudonym of the address, or its
    first part (IPv4 /24, IPv6 /48). By default there is no such row."""

    kept_for: ClassVar[Expiry] = Expiry.DETAIL

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    network: NetworkKept
