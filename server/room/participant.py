"""A participant: who it is, what it may do, and the complete snapshot that the others are shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from livekit.protocol import models

from server.auth.grants import VideoGrants, insisting_on_encryption, of_who_waits, without_screens
from server.protocol import translate
from server.room.attempt import Attempt
from server.room.inputs import Join, SignalEnd
from server.room.pace import Pace
from server.room.publication import Publication
from server.room.publisher import Publisher
from server.room.subscriber import Subscriber
from server.room.subscription import AccessList

State = models.ParticipantInfo.State
MAX_CHOICES = 4096
ENCRYPTION = "offrecord.encryption"
"""Attribute of everybody in a room that requires end-to-end encryption; nobody can set it otherwise."""
SUPPORT_CODE = "offrecord.support_code"
"""Attribute in which somebody finds the code of its own join; the others are not shown it."""
ROLE = "offrecord.role"
"""Attribute of moderators, for everybody to see, and of who waits to be let in."""
MODERATOR, WAITING = "moderator", "waiting"
_OURS = frozenset({ENCRYPTION, SUPPORT_CODE, ROLE})

JOIN_SECONDS = 60.0  # a participant that is not active by then is removed, as in the reference server
WAITING_SECONDS = 3600.0  # nobody waits for longer to be let in
FIRST_TOKEN_SECONDS = 2.0
TOKEN_SECONDS = 300.0
GOODBYE_SECONDS = 2.0
"""SDKs close their transports before they say that they leave, and the word comes by another way."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Since when a WebSocket is gone, until when its client is waited for, how it ended, and the sids of
    those whom the client was shown."""

    since: float
    until: float
    end: SignalEnd
    shown: frozenset[str]


class Participant:
    """`shown` is the snapshot that the others were shown last; `subscriber` is None without canSubscribe;
    `absence` is None while its WebSocket is there. `grants` are what it may do here and now: what its claims
    grant, less what it may not while it waits, or by the rules of the room."""

    def __init__(
        self,
        join: Join,
        now: float,
        publisher: Publisher,
        subscriber: Subscriber | None,
        encryption_required: bool,
        *,
        waits: bool = False,
        shares_screens: bool = True,
    ) -> None:
        self.sid = join.sid
        self.identity = join.identity
        # Renewed tokens insist on it: whoever comes back first opens the room anew.
        self.claims = insisting_on_encryption(join.claims) if encryption_required else join.claims
        self.waits = waits
        self._shares_screens = shares_screens
        self.grants = self._granted()
        self.client = join.client
        self.auto_subscribe = join.auto_subscribe
        self.may_pause = join.may_pause
        self.single = join.single
        self.attempt = Attempt(join.code, join.asked_at, join.site)
        self.joined_at = now
        self.begun_at = now  # when it was let in, which is later where it had to wait
        self.ready_by = now + JOIN_SECONDS
        self.token_due = now + FIRST_TOKEN_SECONDS
        self.goodbye_by: float | None = None
        self.state = State.JOINED
        self.publisher = publisher
        self.subscriber = subscriber
        # Whether readiness is that of the receiving side (clients up to protocol 2 know no other). It is
        # announced with the join: who is allowed to receive later keeps the other.
        is_apart = subscriber is not None and subscriber.owns_transport
        self.subscriber_is_primary = is_apart and join.client.protocol > 2
        self.shown: models.ParticipantInfo | None = None
        self.pace = Pace(now)
        self.access = AccessList()
        self.has_restricted = False  # whether that was ever not everybody
        self.absence: Absence | None = None
        self.awaits_sync = False  # it has come back, and has not said yet what it knows
        self.gone_since = 0.0  # since when its WebSocket had been away then
        self.next_resumed_row = 0.0
        self.member = 0
        self.disconnect_reason = models.DisconnectReason.UNKNOWN_REASON
        self._encryption_required = encryption_required
        self._version = 0
        self._choices: dict[str, bool] = {}  # explicit subscriptions by track sid

    @property
    def announced(self) -> bool:
        """Whether the others have been shown it."""
        return self.shown is not None

    @property
    def is_active(self) -> bool:
        """Whether its primary transport is connected."""
        return self.state == State.ACTIVE

    @property
    def is_resumable(self) -> bool:
        """Whether its session can go on without its WebSocket: media flows, or can, and goes on."""
        return self.is_active and self.goodbye_by is None

    @property
    def is_moderator(self) -> bool:
        """Whether it sees who waits, and no rule of the room binds it."""
        return self.claims.grants.room_admin

    @property
    def primary_is_connected(self) -> bool:
        """Whether the transport that readiness depends on is up."""
        if self.subscriber is not None and self.subscriber_is_primary:
            return self.subscriber.connected
        return self.publisher.connected

    def published(self) -> list[Publication]:
        """The tracks that the others know of."""
        return [track for track in self.publisher.tracks.values() if track.announced]

    def choose(self, track_sid: str, subscribe: bool) -> None:
        """Remembers an explicit choice, for tracks that do not exist yet too."""
        if track_sid in self._choices or len(self._choices) < MAX_CHOICES:
            self._choices[track_sid] = subscribe

    def forget_choice(self, track_sid: str) -> None:
        """The track is gone for everybody."""
        self._choices.pop(track_sid, None)

    def wants(self, track_sid: str) -> bool:
        """Whether it wants to receive a track, and receives at all."""
        return self.grants.can_subscribe and self._choices.get(track_sid, self.auto_subscribe)

    def transport_lost(self, now: float) -> None:
        """It may be leaving, and is to reconnect if it does not say so in time."""
        if self.goodbye_by is None:
            self.goodbye_by = now + GOODBYE_SECONDS

    def permit(self, grants: VideoGrants, now: float) -> None:
        """What it may do from now on. Its token is renewed at once, so that it comes back with the same."""
        self.claims = replace(self.claims, grants=grants)
        self.grants = self._granted()
        self.token_due = now

    def come_in(self, now: float) -> None:
        """It waits no more."""
        self.waits = False
        self.begun_at = now
        self.grants = self._granted()

    def rule_sharing(self, allowed: bool) -> None:
        """Whether those who are no moderators share screens from now on."""
        self._shares_screens = allowed
        self.grants = self._granted()

    def describe(
        self,
        *,
        name: str | None = None,
        metadata: str | None = None,
        attributes: dict[str, str] | None = None,
    ) -> None:
        """Changes what it says of itself; None keeps. Kept in the claims, so that renewed tokens carry it."""
        self.claims = replace(
            self.claims,
            name=self.claims.name if name is None else name,
            metadata=self.claims.metadata if metadata is None else metadata,
            attributes=self.claims.attributes if attributes is None else attributes,
        )

    def own_info(self, *, changed: bool = False) -> models.ParticipantInfo:
        """The snapshot for the participant itself, with what is nobody else's business."""
        info = self.info(changed=changed)
        info.attributes[SUPPORT_CODE] = self.attempt.code
        return info

    def info(self, *, changed: bool = False) -> models.ParticipantInfo:
        """The complete snapshot. `changed` counts its version up: clients ignore lower ones."""
        self._version += changed
        published = self.published()
        return models.ParticipantInfo(
            sid=self.sid,
            identity=self.identity,
            state=State.JOINED if self.waits and self.is_active else self.state,
            tracks=[track.info for track in published],
            metadata=self.claims.metadata,
            joined_at=int(self.joined_at),
            joined_at_ms=int(self.joined_at * 1000),
            name=self.claims.name,
            version=self._version,
            permission=translate.permission(self.grants),
            is_publisher=bool(published),
            kind=translate.kind(self.claims),
            attributes=self._attributes(),
            disconnect_reason=self.disconnect_reason,
            client_protocol=self.client.client_protocol,
            capabilities=self.client.capabilities,
        )

    def _attributes(self) -> dict[str, str]:
        """Its own, and what it must know of the room: an attribute is what every SDK shows its program."""
        attributes = {name: text for name, text in self.claims.attributes.items() if name not in _OURS}
        if self._encryption_required:
            attributes[ENCRYPTION] = "required"
        if self.waits or self.is_moderator:
            attributes[ROLE] = WAITING if self.waits else MODERATOR
        return attributes

    def _granted(self) -> VideoGrants:
        grants = self.claims.grants
        if self.waits:
            return of_who_waits(grants)
        return grants if self._shares_screens or self.is_moderator else without_screens(grants)

    def next_timeout(self) -> float:
        """When something of this participant is due."""
        times = [self.token_due]
        if self.waits:
            times.append(self.joined_at + WAITING_SECONDS)
        if not self.is_active:
            times.append(self.ready_by)
        if self.pace.due is not None:
            times.append(self.pace.due)
        if self.goodbye_by is not None:
            times.append(self.goodbye_by)
        if self.attempt.due is not None:
            times.append(self.attempt.due)
        if (publisher := self.publisher.next_timeout()) is not None:
            times.append(publisher)
        if self.absence is not None:
            times.append(self.absence.until)
        elif self.subscriber and (subscriber := self.subscriber.next_timeout()) is not None:
            times.append(subscriber)
        return min(times)
