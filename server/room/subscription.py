"""One participant's reception of one track, and who is allowed it."""

from __future__ import annotations

from dataclasses import dataclass, field

from livekit.protocol.rtc import SubscriptionPermission

from server.room.demand import NOTHING
from server.room.layers import Wish
from server.room.publication import Publication
from server.room.rendition import Rendition
from server.sdp.subscriber import AcceptedTrack

MAX_PERMISSIONS = 1000
MAX_TRACKS_PER_PERMISSION = 1000


@dataclass(slots=True)
class Subscription:
    """`consumer`, of `producer`, is 0 until the subscriber's answer has accepted the section `mid` and there
    is what suits it. `rendition` is the likely one until the answer.
    """

    track: Publication
    subscriber: str
    mid: str
    ssrc: int
    rtx_ssrc: int  # of retransmissions; 0: audio has none
    wish: Wish
    rendition: Rendition
    accepted: AcceptedTrack | None = None
    consumer: int = 0
    producer: int = 0
    preferred: tuple[int, int] | None = None  # layer and frame rate: the last preference sent to the relay
    priority: int = 0  # the same
    demanded: int = NOTHING  # the layer that the publisher's demand counts
    congested: bool = False  # the relay has paused it: the client's path does not carry it
    was_congested: bool = False  # ever: the client was told
    since: float = 0.0  # when the consumer was made


@dataclass(frozen=True, slots=True)
class _Allowed:
    all_tracks: bool
    tracks: frozenset[str]


@dataclass(frozen=True, slots=True)
class AccessList:
    """What a publisher said of who may receive its tracks (SubscriptionPermission); everybody by default."""

    everybody: bool = True
    by_sid: dict[str, _Allowed] = field(default_factory=dict)
    by_identity: dict[str, _Allowed] = field(default_factory=dict)

    @classmethod
    def from_message(cls, message: SubscriptionPermission) -> AccessList | None:
        """None when the message is beyond what a client with honest intentions sends."""
        if len(message.track_permissions) > MAX_PERMISSIONS:
            return None
        by_sid: dict[str, _Allowed] = {}
        by_identity: dict[str, _Allowed] = {}
        for one in message.track_permissions:
            if len(one.track_sids) > MAX_TRACKS_PER_PERMISSION:
                return None
            allowed = _Allowed(one.all_tracks, frozenset(one.track_sids))
            if one.participant_sid:
                by_sid[one.participant_sid] = allowed
            if one.participant_identity:
                by_identity[one.participant_identity] = allowed
        return cls(message.all_participants, by_sid, by_identity)

    def allows(self, sid: str, identity: str, track_sid: str) -> bool:
        """Whether a participant may receive a track."""
        entries = (self.by_sid.get(sid), self.by_identity.get(identity))
        return self.everybody or any(
            entry is not None and (entry.all_tracks or track_sid in entry.tracks) for entry in entries
        )
