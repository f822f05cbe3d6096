"""RoomManager: owns the rooms, performs their effects, and brings what relays say to the room concerned."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial

from livekit.protocol.room import CreateRoomRequest
from livekit.protocol.rtc import SignalRequest, SignalResponse

from server import ids
from server.auth.grants import Claims, requires_encryption
from server.clock import Clock
from server.config import Config
from server.control.messages import Notification, Refused
from server.errors import Refusal, RelayError
from server.guarantee.statement import RoomBinding
from server.metadata.event import Event
from server.network.origin import Origin
from server.present import RoomNow
from server.protocol.codec import Outgoing
from server.protocol.translate import JoinParameters
from server.room import administration, joining
from server.room.effects import Disconnect, Effect, Record, RenewToken, RoomClosed, Send, ToRelay
from server.room.endings import WAIT_SECONDS
from server.room.ice_servers import TurnServers
from server.room.inputs import (
    Admin,
    AdminOpened,
    Input,
    Join,
    PolicyServed,
    RelayLost,
    RelayNotified,
    Resume,
    Shutdown,
    Signal,
    SignalEnd,
    SignalLost,
    Tick,
    identity_of,
)
from server.room.limits import RoomLimits
from server.room.metadata import PolicyNotice
from server.room.options import asks_for_encryption, limits_of, opened_by
from server.room.reception import Heard, reception
from server.room.refused import AdminRefused, Fault
from server.room.resuming import may_resume
from server.room.room import Room
from server.room.rules import Rules, Sharing
from server.rooms.books import Books
from server.rooms.refused import REASONS, ROOM_MISSING, UNENCRYPTED_ROOM, JoinRefused
from server.rooms.relays import Placement, RoomRelays
from server.rooms.sessions import Session, Sessions
from server.rooms.tokens import renewed
from server.sdp.model import Candidate
from server.workers.link import RelayLink

logger = logging.getLogger(__name__)

MOST_ROOMS = 10_000
CLOSING_SECONDS = WAIT_SECONDS + 1.0
DRAINING = "no new call begins on this server: it is about to stop"


class RoomManager:
    """All rooms. Also the listener of the relays. Everything happens on the event loop."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        record: Callable[[Event], None],
        candidates: Callable[[RelayLink], tuple[Candidate, ...]],
        policy: PolicyNotice | None = None,
        *,
        turn: TurnServers | None = None,
    ) -> None:
        self._config = config
        self._turn = turn
        self._policy = policy
        self._clock = clock
        self._books = Books(record, rooms=bool(config.webhooks.urls))
        self._relays = RoomRelays(candidates)
        self._rooms: dict[str, Room] = {}
        self._sessions = Sessions()
        self._timers: dict[Room, asyncio.TimerHandle] = {}
        self._stopping = False
        self._draining = False
        self._drained = asyncio.Event()
        self._emptied = asyncio.Event()

    def place_on(self, placement: Placement) -> None:
        """Tells where rooms live. Before the first join: relays and rooms know each other both ways."""
        self._relays.place_on(placement)

    def __len__(self) -> int:
        return len(self._rooms)

    @property
    def participants(self) -> int:
        """Sessions in all rooms, those included whose WebSocket is away."""
        return len(self._sessions)

    async def until_ready(self) -> None:
        """Returns when a join can find a relay; after seconds without one too, for the join to be refused."""
        if not self._stopping:
            await self._relays.until_ready()

    def check(self, claims: Claims, parameters: JoinParameters) -> None:
        """Whether this join would be let in now. Raises JoinRefused, and GrantError."""
        if self._stopping:
            raise JoinRefused("the server is stopping", 503, Refusal.STOPPING)
        name = claims.grants.room
        room = self._rooms.get(name)
        if self._draining and (room is None or not room.participants):
            raise JoinRefused(DRAINING, 503, Refusal.STOPPING)
        if room.is_deleted if room is not None else not self._config.rooms.auto_create:
            raise JoinRefused(ROOM_MISSING, 404, Refusal.ROOM_MISSING)
        if room is not None and (refusal := joining.refuses(room, claims, parameters.publish_as)):
            raise JoinRefused(*REASONS[refusal], refusal)
        if requires_encryption(claims) and room is not None and not room.may_require_encryption:
            raise JoinRefused(UNENCRYPTED_ROOM, 403, Refusal.ROOM_UNENCRYPTED)
        opened_by(claims, self._limits(name))
        if self._relays.link(room) is None:
            self._relays.check(name)

    def join(
        self,
        session: Session,
        claims: Claims,
        parameters: JoinParameters,
        *,
        user_agent: str,
        code: str,
        asked_at: float,
        origin: Origin,
    ) -> str:
        """Lets a participant in and returns its sid. Raises JoinRefused, and GrantError.

        `code` is the support code of this attempt, which began at `asked_at` and came from `origin`.
        """
        self.check(claims, parameters)
        if parameters.publish_as:
            claims = replace(claims, grants=replace(claims.grants, can_subscribe=False))
        name = claims.grants.room
        room = self._rooms.get(name) or self._open(name, opened_by(claims, self._limits(name)))
        face = self._relays.house(room)
        sid = ids.participant_sid()
        self._sessions.open(sid, session, room)
        self._books.arrived(sid, user_agent, origin.network)
        who = Join(
            sid,
            claims,
            parameters.client,
            parameters.auto_subscribe,
            face,
            code,
            asked_at,
            origin.site,
            parameters.may_pause,
            parameters.publish_as,
            parameters.single,
        )
        self._handle(room, who)
        return sid

    def resume(self, session: Session, claims: Claims, parameters: JoinParameters) -> str | None:
        """Lets a participant whose WebSocket was lost go on by this one, and returns its sid. None: it
        cannot, and has to join anew."""
        sid = parameters.session
        room = self._sessions.room(sid)
        identity = identity_of(claims, parameters.publish_as)
        if room is None or room.name != claims.grants.room or not may_resume(room, sid, identity):
            return None
        self._sessions.replace(sid, session)
        self._handle(room, Resume(sid))
        return sid

    def signal(self, sid: str, session: Session, request: SignalRequest) -> None:
        """A participant's message. Ignored after its session has ended, or goes on by another WebSocket."""
        if room := self._sessions.room_of(sid, session):
            self._handle(room, Signal(sid, request))

    def signal_lost(self, sid: str, session: Session, end: SignalEnd) -> None:
        """A participant's WebSocket is gone. Idempotent."""
        if room := self._sessions.room_of(sid, session):
            self._sessions.lose(sid)
            self._handle(room, SignalLost(sid, end))

    def relay_notified(self, relay: RelayLink, notification: Notification) -> None:
        """Told by the supervisor."""
        room = self._relays.owner(relay, notification)
        if room is not None:
            if isinstance(notification, Refused):
                logger.warning("relay %d refused a request of room %s", relay.number, room.sid)
            self._handle(room, RelayNotified(notification))

    def relay_lost(self, relay: RelayLink) -> None:
        """Told by the supervisor: the rooms on it are rebuilt on another relay as clients come back."""
        for room in self._relays.on(relay):
            self._relays.release(room)
            self._handle(room, RelayLost())
        self._relays.forget(relay)

    def binding(self, name: str) -> RoomBinding:
        """Which relay a room lives on, for the guarantee statement."""
        room = self._rooms.get(name)
        link = self._relays.link(room)
        if room is None or link is None:
            return RoomBinding(name, None, None)
        return RoomBinding(name, link.number, link.generation, room.encryption_required)

    def takes_only_encrypted(self, name: str) -> bool:
        """Whether whoever joins the room now has to encrypt end to end what it sends."""
        room = self._rooms.get(name)
        return room.encryption_required if room is not None else self._limits(name).require_encryption

    async def receivers(self, name: str, identity: str) -> Heard | None:
        """Who receives what a participant sends; None when it is not in the room. Raises RelayError.

        A relay that forwards to anybody who is not in the room is ended.
        """
        room = self._rooms.get(name)
        asked = reception(room, identity) if room is not None else None
        link = self._relays.link(room)
        if asked is None or link is None:
            return None
        lines = await link.receivers(asked.transport)
        try:
            return asked.read(lines, self._clock.now())
        except RelayError as strange:
            link.condemn(strange)
            raise

    def present(self) -> list[RoomNow]:
        """Every room and who is in it, the rooms that were opened last first."""
        return [self._now(room) for room in reversed(self._rooms.values())]

    def rooms(self) -> list[Room]:
        """All of them, but those that are being deleted, in the order in which they were opened."""
        return [room for room in self._rooms.values() if not room.is_deleted]

    def find(self, name: str) -> Room:
        """A room, for the server API. Raises AdminRefused."""
        room = self._rooms.get(name)
        if room is None or room.is_deleted:
            raise AdminRefused(Fault.NOT_FOUND, ROOM_MISSING)
        return room

    def create(self, wanted: CreateRoomRequest) -> Room:
        """The room of that name as it is, or a new one that waits for people. Raises AdminRefused."""
        if self._stopping:
            raise AdminRefused(Fault.STOPPING, "the server is stopping")
        if self._draining and wanted.name not in self._rooms:
            raise AdminRefused(Fault.STOPPING, DRAINING)
        limits = limits_of(wanted, self._limits(wanted.name))
        room = self._rooms.get(wanted.name)
        if room is not None:
            if asks_for_encryption(wanted) and not room.encryption_required:
                raise AdminRefused(Fault.NOT_AS_IT_IS, UNENCRYPTED_ROOM, "encryption")
            return self.find(wanted.name)  # which is not being deleted: `until_free`
        if len(self._rooms) >= MOST_ROOMS:
            raise AdminRefused(
                Fault.TOO_MUCH, f"there are {MOST_ROOMS} rooms; more are not made through the API"
            )
        room = self._open(wanted.name, limits)
        self._handle(room, AdminOpened(wanted.metadata))
        return room

    def administer(self, name: str, wanted: Admin) -> Room:
        """Does to a room what the server API wants. Raises AdminRefused."""
        room = self.find(name)
        administration.check(room, wanted, self._clock.now())
        self._handle(room, wanted)
        return room

    async def until_free(self, name: str) -> None:
        """Returns once a room that was deleted is over, and its name is free."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                while (room := self._rooms.get(name)) is not None and room.is_deleted:
                    self._emptied.clear()
                    await self._emptied.wait()

    def serve_policy(self, policy: PolicyNotice | None) -> None:
        """Everybody is told that another privacy policy is served."""
        self._policy = policy
        for room in list(self._rooms.values()):
            self._handle(room, PolicyServed(policy))

    def drain(self) -> None:
        """No new call begins from now on; people come to those that go on. Idempotent."""
        self._draining = True
        self._note_drained()

    @property
    def is_draining(self) -> bool:
        return self._draining

    async def until_drained(self) -> None:
        """Returns once it drains and nobody is in any room."""
        await self._drained.wait()

    def shutdown(self) -> None:
        """Tells everybody, closes every room, and lets nobody in any more. Where it drains, there is another
        server to join."""
        self._stopping = True
        for room in list(self._rooms.values()):
            self._handle(room, Shutdown(elsewhere=self._draining))

    async def until_closed(self) -> None:
        """Returns once every room is over: relays are asked how it went, and are waited for only so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                while self._rooms:
                    self._emptied.clear()
                    await self._emptied.wait()

    def _now(self, room: Room) -> RoomNow:
        link, people = self._relays.link(room), room.present()
        return RoomNow(
            name=room.name,
            sid=room.sid,
            created_at=room.created_at,
            relay=None if link is None else link.number,
            generation=None if link is None else link.generation,
            encryption_required=room.encryption_required,
            people=tuple(people),
            joined={one.sid: known for one in people if (known := self._books.joined(one.sid))},
        )

    def _open(self, name: str, limits: RoomLimits) -> Room:
        now = self._clock.now()
        room = Room(name, ids.room_sid(), limits, now, self._policy, turn=self._turn)
        self._rooms[name] = room
        self._books.room_started(name, room.sid)
        logger.info("room %s opened", room.sid)
        return room

    def _limits(self, name: str) -> RoomLimits:
        rooms = self._config.rooms
        return RoomLimits(
            rooms.max_participants,
            rooms.empty_timeout_seconds,
            rooms.departure_timeout_seconds,
            any(fnmatchcase(name, pattern) for pattern in rooms.require_encryption),
            rooms.loudest_voices,
            rooms.resume_timeout_seconds,
            Rules(
                lobby=any(fnmatchcase(name, pattern) for pattern in rooms.lobby),
                screen_share=Sharing(rooms.screen_share),
            ),
            rooms.simulate,
        )

    def _handle(self, room: Room, happened: Input) -> None:
        self._perform(room, room.handle(self._clock.now(), happened))
        self._schedule(room)

    def _schedule(self, room: Room) -> None:
        if timer := self._timers.pop(room, None):
            timer.cancel()
        when = room.next_timeout()
        if when is not None:
            delay = max(0.0, when - self._clock.now())
            loop = asyncio.get_running_loop()
            self._timers[room] = loop.call_later(delay, partial(self._handle, room, Tick()))

    def _perform(self, room: Room, effects: Sequence[Effect]) -> None:
        link = self._relays.link(room)
        # By identity: what many are told is one object, which the effects keep.
        sent: dict[int, Outgoing] = {}
        for effect in effects:
            match effect:
                case Send(sid, response):
                    message = sent.get(id(response)) or sent.setdefault(id(response), Outgoing(response))
                    self._sessions.send(sid, message)
                case Disconnect(sid):
                    self._books.left(sid)
                    self._sessions.end(sid)
                    self._note_drained()
                case ToRelay(request):
                    if link is not None:
                        link.send(request)
                case RenewToken(sid, claims):
                    token = renewed(claims, self._config.keys, self._clock.now())
                    self._sessions.send(sid, Outgoing(SignalResponse(refresh_token=token)))
                case Record(fact):
                    self._books.write(fact)
                case RoomClosed():
                    self._forget(room)

    def _note_drained(self) -> None:
        if self._draining and not len(self._sessions):
            self._drained.set()

    def _forget(self, room: Room) -> None:
        del self._rooms[room.name]
        self._emptied.set()
        self._relays.release(room)
        self._books.room_finished(room.name, room.sid)
        logger.info("room %s closed", room.sid)
