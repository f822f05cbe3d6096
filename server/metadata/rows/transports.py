"""Rows about how well somebody was connected."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import TROUBLE, Expiry
from server.metadata.outcome import QualityStep
from server.metadata.rows.row import DAY_MS, Duration, Identity, ParticipantSid, RoomName, Row
from server.metadata.transport_words import (
    Candidate,
    Cipher,
    Direction,
    Dtls,
    Family,
    Numbers,
    Protocol,
    Srtp,
    TransportEnd,
)

WhichWay = Annotated[Direction, Meta(extra=TROUBLE)]
WhyOver = Annotated[TransportEnd, Meta(extra=TROUBLE)]
ProtocolUsed = Annotated[Protocol, Meta(extra=TROUBLE)]
FamilyUsed = Annotated[Family, Meta(extra=TROUBLE)]
CandidateUsed = Annotated[Candidate, Meta(extra=TROUBLE)]
DtlsUsed = Annotated[Dtls, Meta(extra=TROUBLE)]
CipherUsed = Annotated[Cipher, Meta(extra=TROUBLE)]
SrtpUsed = Annotated[Srtp, Meta(extra=TROUBLE)]
AreTold = Annotated[Numbers, Meta(extra=TROUBLE)]
# Bounds, and how near the truth they are, are those of `server/control/numbers.py`.
Packets = Annotated[int, Meta(ge=0, le=2**30, extra=TROUBLE)]
Bytes = Annotated[int, Meta(ge=0, le=2**40, extra=TROUBLE)]
RoundTrip = Annotated[int, Meta(ge=0, le=8192, extra=TROUBLE)]
Until = Annotated[int, Meta(ge=0, le=DAY_MS, extra=TROUBLE)]
Step = Annotated[QualityStep, Meta(extra=TROUBLE)]


class TransportEnded(Row, frozen=True, tag="transport_ended"):
    """A transport of a participant is over: by which way it was connected, and how well.

    It was there for `milliseconds`, of which it took so many until it was reached (ICE) and keyed (DTLS); 0
    is never. Datagrams are counted with their payload, within a sixteenth. Lost and sent again is media: of
    what the client was sent, as it says; of what it sent, as the relay counts. Round trips are milliseconds
    from the relay to the client and back; 0 is not measured.
    """

    kept_for: ClassVar[Expiry] = Expiry.SESSION

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    direction: WhichWay
    end: WhyOver
    milliseconds: Duration
    ice_milliseconds: Until = 0
    dtls_milliseconds: Until = 0
    protocol: ProtocolUsed = Protocol.UNKNOWN
    family: FamilyUsed = Family.UNKNOWN
    candidate: CandidateUsed = Candidate.UNKNOWN
    dtls: DtlsUsed = Dtls.UNKNOWN
    cipher: CipherUsed = Cipher.UNKNOWN
    srtp: SrtpUsed = Srtp.NONE
    numbers: AreTold = Numbers.UNKNOWN
    packets_received: Packets = 0
    bytes_received: Bytes = 0
    packets_sent: Packets = 0
    bytes_sent: Bytes = 0
    packets_lost: Packets = 0
    packets_resent: Packets = 0
    round_trip_last: RoundTrip = 0
    round_trip_worst: RoundTrip = 0


class QualityChanged(Row, frozen=True, tag="quality_changed"):
    """How well a participant is connected from now on. It begins excellent. One row in 30 seconds at most,
    and the last when it leaves.
    """

    kept_for: ClassVar[Expiry] = Expiry.DETAIL

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    quality: Step
