"""What a room wants done, in order. `rooms/manager.py` does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from livekit.protocol.models import ClientInfo, ParticipantInfo
from livekit.protocol.rtc import SignalResponse

from server.auth.grants import Claims
from server.control.messages import (
    CipherSuite,
    DtlsVersion,
    MediaKind,
    ProducerEnded,
    Quality,
    Request,
    SrtpProfile,
    TransportEnded,
)
from server.room.attempt import Stage
from server.room.batch import Batch
from server.room.history import End, Side
from server.room.inputs import SignalEnd


@dataclass(frozen=True, slots=True)
class Send:
    """A message to one participant."""

    sid: str
    response: SignalResponse


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the participant's WebSocket once everything sent to it so far has left."""

    sid: str


@dataclass(frozen=True, slots=True)
class ToRelay:
    """A request to the relay that the room lives on."""

    request: Request


@dataclass(frozen=True, slots=True)
class RenewToken:
    """Send the participant a fresh token with these claims (SignalResponse.refresh_token)."""

    sid: str
    claims: Claims


@dataclass(frozen=True, slots=True)
class ParticipantJoined:
    """A session has begun, on a relay (number and generation) where it has so many transports.

    `code` is its support code, `site` where it came from.
    """

    room: str
    identity: str
    sid: str
    client: ClientInfo
    code: str
    site: str
    relay: int
    generation: int
    transports: int


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """A join is decided, so many milliseconds after it was asked for.

    `reason` is a number of livekit.DisconnectReason; None: it did not fail. `signal` says more of a
    SIGNAL_CLOSE.
    """

    room: str
    identity: str
    sid: str
    code: str
    stage: Stage
    milliseconds: int
    reason: int | None
    signal: SignalEnd
    site: str


@dataclass(frozen=True, slots=True)
class ParticipantActive:
    """Media can flow. `milliseconds` since the join, or since somebody who waited was let in."""

    room: str
    identity: str
    sid: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class ParticipantResumed:
    """Its WebSocket is back after so many seconds."""

    room: str
    identity: str
    sid: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ParticipantLeft:
    """A session is over. `reason` is a number of livekit.DisconnectReason; `signal` says more of a
    SIGNAL_CLOSE. How well it was connected most of the time and at worst; None: it never was.
    """

    room: str
    identity: str
    sid: str
    reason: int
    seconds: float
    signal: SignalEnd
    usual: Quality | None
    worst: Quality | None


@dataclass(frozen=True, slots=True)
class TrackPublished:
    """Media of a track has begun to arrive. `source` is a word of `canPublishSources` or "unknown"."""

    room: str
    identity: str
    sid: str
    track: str
    kind: MediaKind
    source: str
    mime: str


@dataclass(frozen=True, slots=True)
class TrackUnpublished:
    """A published track is gone, so many seconds after it was published, for so many of which it was muted.

    `numbers` as the relay told them; None: it did not.
    """

    room: str
    identity: str
    sid: str
    track: str
    seconds: float
    muted_seconds: float
    numbers: ProducerEnded | None = None


@dataclass(frozen=True, slots=True)
class TransportClosed:
    """A transport is over, so many seconds after it was made. Until it was reached and keyed it took so many
    milliseconds; 0: that did not happen. `numbers` as the relay told them; None: it did not.
    """

    room: str
    identity: str
    sid: str
    side: Side
    end: End
    srtp_profile: SrtpProfile
    dtls_version: DtlsVersion
    cipher_suite: CipherSuite
    reachable_after: int
    keyed_after: int
    seconds: float
    numbers: TransportEnded | None = None


@dataclass(frozen=True, slots=True)
class QualityChanged:
    """How well a participant is connected from now on."""

    room: str
    identity: str
    sid: str
    quality: Quality


class Act(Enum):
    """What the server API did: to a room, or to a participant of it."""

    OPENED = auto()
    DESCRIBED = auto()
    DATA_SENT = auto()
    DELETED = auto()
    LOCKED = auto()
    UNLOCKED = auto()
    LOBBY_OPENED = auto()
    LOBBY_CLOSED = auto()
    SHARING_RESTRICTED = auto()
    SHARING_ALLOWED = auto()
    SOMEBODY_BANNED = auto()  # who was not there
    BAN_LIFTED = auto()
    ADMITTED = auto()
    REFUSED = auto()
    REMOVED = auto()
    BANNED = auto()
    TRACK_MUTED = auto()
    PERMISSIONS_CHANGED = auto()
    CHANGED = auto()  # name, metadata or attributes
    SUBSCRIPTIONS_CHANGED = auto()
    RECEPTION_OPENED = auto()  # who joined to send only has a transport to receive by from now on


@dataclass(frozen=True, slots=True)
class Administered:
    """The server API did something; `identity` and `sid` are "" where it was to the room."""

    room: str
    identity: str
    sid: str
    act: Act


Fact = (
    Administered
    | AttemptEnded
    | ParticipantJoined
    | ParticipantActive
    | ParticipantResumed
    | ParticipantLeft
    | TrackPublished
    | TrackUnpublished
    | TransportClosed
    | QualityChanged
)


@dataclass(frozen=True, slots=True)
class Record:
    """A fact for the ledger."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class RoomClosed:
    """The room is over: forget it. Nothing may be put into it any more."""


Effect = Send | Disconnect | ToRelay | RenewToken | Record | RoomClosed


class Effects:
    """Collects effects in order while an input is worked on. Messages to who is away are lost.

    Snapshots may be held for longer (`show`); whoever is sent something else is sent before what is held.
    `touched` are those of whom something may be due at another time than before.
    """

    def __init__(self) -> None:
        self.touched: set[str] = set()
        self._pending: list[Effect] = []
        self._held = Batch()
        self._away: set[str] = set()

    def touch(self, sid: str) -> None:
        """Something of a participant has changed that time has a part in."""
        self.touched.add(sid)

    def withhold(self, sid: str) -> None:
        """A participant has no WebSocket from now on."""
        self._away.add(sid)
        self._held.drop(sid)

    def restore(self, sid: str) -> None:
        """It has one again, is gone, or has another before the first was missed: what was held for it is told
        anew or not at all. Idempotent."""
        self._away.discard(sid)
        self._held.drop(sid)

    def send(self, sid: str, response: SignalResponse) -> None:
        """Adds a message to a participant. The message must not be changed afterwards."""
        if sid in self._away:
            return
        if held := self._held.take(sid):
            self._pending.append(Send(sid, held))
        self._pending.append(Send(sid, response))

    def show(self, info: ParticipantInfo, receivers: Iterable[str]) -> None:
        """Adds a participant's snapshot to others, to be held until `release`."""
        self._held.add(info, [sid for sid in receivers if sid not in self._away])

    @property
    def holds(self) -> bool:
        """Whether there is anything to release."""
        return bool(self._held)

    def release(self) -> None:
        """What is held is sent."""
        self._pending += [Send(sid, update) for sid, update in self._held.take_all()]

    def relay(self, request: Request) -> None:
        """Adds a request to the relay."""
        self._pending.append(ToRelay(request))

    def record(self, fact: Fact) -> None:
        """Adds a fact for the ledger."""
        self._pending.append(Record(fact))

    def add(self, effect: Effect) -> None:
        """Adds any effect."""
        self._pending.append(effect)

    def drain(self) -> list[Effect]:
        """Hands over what was collected."""
        collected, self._pending = self._pending, []
        return collected
