"""What can happen to a room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from livekit.protocol.models import ClientInfo, ParticipantPermission, UserPacket
from livekit.protocol.rtc import SignalRequest

from server.auth.grants import Claims
from server.control.messages import Notification
from server.room.metadata import PolicyNotice
from server.room.relay import RelayFace
from server.room.rules import Sharing


@dataclass(frozen=True, slots=True)
class Join:
    """A client with a verified token has connected. `sid` is fresh; `relay` is where the room lives.

    `code` is the attempt's support code; `asked_at`, when its request came, is in the clock of `now`;
    `site` is where it came from, as the operator calls it; `may_pause` allows that its videos are
    paused where its path does not carry them. `second` is what a second connection of the same person,
    which only publishes, calls itself. `single`: it has one peer connection for sending and receiving.
    """

    sid: str
    claims: Claims
    client: ClientInfo
    auto_subscribe: bool
    relay: RelayFace
    code: str
    asked_at: float
    site: str
    may_pause: bool = True
    second: str = ""
    single: bool = False

    @property
    def identity(self) -> str:
        """Unique in the room."""
        return identity_of(self.claims, self.second)


def identity_of(claims: Claims, second: str) -> str:
    """Who somebody is in a room. The ledger has the token's identity only: the rest is a client's choice."""
    return f"{claims.identity}#{second}" if second else claims.identity


class SignalEnd(Enum):
    """How a WebSocket ended."""

    GOODBYE = auto()  # the client goes away
    CLOSED = auto()  # the client closed it in an orderly way, to come back by another or not at all
    LOST = auto()
    SLOW_READER = auto()  # cut off: it did not read what it was sent
    PROTOCOL_ERROR = auto()  # closed: what it sent could not be read, or was too much


@dataclass(frozen=True, slots=True)
class Signal:
    """A message of a participant."""

    sid: str
    request: SignalRequest


@dataclass(frozen=True, slots=True)
class SignalLost:
    """The WebSocket of a participant is gone."""

    sid: str
    end: SignalEnd = SignalEnd.LOST


@dataclass(frozen=True, slots=True)
class Resume:
    """The client of a session has connected again; whether it goes on was asked (`resuming.may_resume`)."""

    sid: str


@dataclass(frozen=True, slots=True)
class RelayNotified:
    """The room's relay says something about an identifier of this room."""

    notification: Notification


@dataclass(frozen=True, slots=True)
class RelayLost:
    """The room's relay is gone, and every transport with it."""


@dataclass(frozen=True, slots=True)
class PolicyServed:
    """Another privacy policy is served from now on; None: none is."""

    policy: PolicyNotice | None


@dataclass(frozen=True, slots=True)
class Tick:
    """The time that `next_timeout` named has come."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The server stops. `elsewhere`: clients are to join again, and find another."""

    elsewhere: bool = False


class Admin:
    """What the server API asks; `administration.check` says whether it may be."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class AdminOpened(Admin):
    """The room was made through the API, with this metadata."""

    metadata: str


@dataclass(frozen=True, slots=True)
class AdminRemove(Admin):
    """Somebody has to leave."""

    identity: str


@dataclass(frozen=True, slots=True)
class AdminMute(Admin):
    """A track is muted for everybody. Nobody's is turned on again from here."""

    identity: str
    track: str
    muted: bool


@dataclass(frozen=True, slots=True)
class AdminChange(Admin):
    """What somebody may do, and says of itself. Empty texts and None change nothing; an attribute "" goes."""

    identity: str
    name: str
    metadata: str
    attributes: Mapping[str, str]
    permission: ParticipantPermission | None


@dataclass(frozen=True, slots=True)
class AdminSubscribe(Admin):
    """What somebody receives, by the sids of tracks."""

    identity: str
    tracks: tuple[str, ...]
    subscribe: bool


@dataclass(frozen=True, slots=True)
class AdminSend(Admin):
    """A message from nobody in the room, to whom it names or to everybody."""

    message: UserPacket
    reliable: bool


@dataclass(frozen=True, slots=True)
class AdminDescribe(Admin):
    """Another text of the app as the room's metadata."""

    metadata: str


@dataclass(frozen=True, slots=True)
class AdminDelete(Admin):
    """Everybody has to leave, and the room ends."""


class Moderation(Admin):
    """What moderators ask; `moderation.check` says whether it may be."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class LayDown(Moderation):
    """Other rules; None leaves one as it is."""

    locked: bool | None = None
    lobby: bool | None = None
    screen_share: Sharing | None = None


@dataclass(frozen=True, slots=True)
class LetIn(Moderation):
    """Who waits comes in."""

    identity: str


@dataclass(frozen=True, slots=True)
class TurnAway(Moderation):
    """Who waits has to leave."""

    identity: str


@dataclass(frozen=True, slots=True)
class Ban(Moderation):
    """Whoever has this identity has to leave, and is kept out until the room ends."""

    identity: str


@dataclass(frozen=True, slots=True)
class LiftBan(Moderation):
    """The identity is kept out no more."""

    identity: str


Input = (
    Admin | Join | Resume | Signal | SignalLost | RelayNotified | RelayLost | PolicyServed | Tick | Shutdown
)
