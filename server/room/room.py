"""A room: who is in it, who is told what, and in which order.

    handle(now, input) -> effects          next_timeout() -> when to hand in a Tick

`now` is in seconds since the epoch and never goes back. The order of effects matters: a participant or a
track is announced before any offer that carries it, because clients drop media of somebody unknown.

A participant: JOINED (JoinResponse sent) -> ACTIVE (primary transport connected) -> DISCONNECTED.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from livekit.protocol import models
from livekit.protocol.rtc import (
    ConnectionQualityUpdate,
    LeaveRequest,
    ParticipantUpdate,
    RoomUpdate,
    SignalResponse,
    SpeakersChanged,
)

from server.auth.grants import requires_encryption
from server.control.messages import DataMember, RemoveDataMember, SendData
from server.protocol import translate
from server.room import administration, notified, requests, welcome
from server.room.account import Account
from server.room.counts import Counts, count
from server.room.deliveries import Deliveries
from server.room.effects import Disconnect, Effect, Effects, RenewToken, RoomClosed
from server.room.ice_servers import TurnServers
from server.room.inputs import (
    Admin,
    Input,
    Join,
    PolicyServed,
    RelayLost,
    RelayNotified,
    Shutdown,
    Signal,
    SignalEnd,
    SignalLost,
    Tick,
)
from server.room.metadata import PolicyNotice, RoomMetadata
from server.room.participant import TOKEN_SECONDS, Participant, State
from server.room.present import Present, present
from server.room.publication import Publication
from server.room.publisher import Publisher
from server.room.quality import Qualities
from server.room.relay import Registry, RelayFace
from server.room.speakers import Speakers, Voice
from server.room.subscriber import Subscriber

DISCONNECT, RECONNECT = LeaveRequest.Action.DISCONNECT, LeaveRequest.Action.RECONNECT

Reason = models.DisconnectReason


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """From the configuration. Seconds, and a number of participants. Of so many voices at a time is sound
    forwarded, the loudest; 0: of all.
    """

    max_participants: int = 500
    empty_seconds: float = 300.0
    departure_seconds: float = 20.0
    require_encryption: bool = False
    loudest_voices: int = 0


class Room:
    """The state machine. `participants` by sid, in the order in which they came; `tracks`, announced ones."""

    def __init__(
        self,
        name: str,
        sid: str,
        limits: RoomLimits,
        now: float,
        policy: PolicyNotice | None = None,
        *,
        turn: TurnServers | None = None,
    ) -> None:
        self.name = name
        self.sid = sid
        self.limits = limits
        self.created_at = now
        self.encryption_required = limits.require_encryption
        self.metadata = RoomMetadata(policy)
        self._turn = turn or TurnServers()
        self.participants: dict[str, Participant] = {}
        self.effects = Effects()
        self.account = Account(name, self.effects)
        self._by_identity: dict[str, Participant] = {}
        self.tracks: dict[str, Publication] = {}
        self.speakers = Speakers()
        self.qualities = Qualities()
        self.registry: Registry | None = None
        self._room_id = 0  # on its relay
        self._closes_at: float | None = now + limits.empty_seconds
        self._closed = False
        self.is_deleted = False
        self.deliveries = Deliveries(now)
        self._counts = Counts()

    def handle(self, now: float, happened: Input) -> list[Effect]:
        """Works one input in. Never raises on what a client or a relay said."""
        if self._closed:
            return []
        match happened:
            case Join():
                self._join(happened, now)
            case Signal(sid, request):
                if participant := self.participants.get(sid):
                    requests.handle(self, participant, request, now)
            case SignalLost(sid, end):
                if participant := self.participants.get(sid):
                    goodbye = end is SignalEnd.GOODBYE
                    reason = Reason.CLIENT_INITIATED if goodbye else Reason.SIGNAL_CLOSE
                    self.remove(participant, reason, None, now, signal=end)
            case Admin():
                administration.handle(self, happened, now)
            case RelayNotified(notification):
                notified.handle(self, notification, now)
            case RelayLost():
                self._everybody_leaves(Reason.MEDIA_FAILURE, RECONNECT, now)
                self.account.endings.give_up()
                self._forget_relay()
            case PolicyServed(policy):
                self.metadata.serve(policy)
                self._counts.due = now  # everybody is told with the next tick
            case Shutdown():
                self._everybody_leaves(Reason.SERVER_SHUTDOWN, DISCONNECT, now)
                self._closes_at = now
            case Tick():
                self._tick(now)
        self._close_if_due(now)
        self._counts.note(self.participants.values(), now)
        return self.effects.drain()

    def next_timeout(self) -> float | None:
        """When to hand in a Tick, in the clock of `now`."""
        times = [participant.next_timeout() for participant in self.participants.values()]
        endings_due = self.account.endings.due
        # Nothing closes before its ends were told, or waited for.
        closes_at = None if self._closes_at is None else max(self._closes_at, endings_due or 0.0)
        due = (closes_at, endings_due, self._counts.due, self.speakers.next_timeout())
        times += [time for time in (*due, self.qualities.due, self.qualities.step_due) if time is not None]
        return None if self._closed else min(times, default=None)

    def is_full(self, identity: str) -> bool:
        """Whether somebody with this identity would find no place. Who replaces itself always does."""
        return identity not in self._by_identity and len(self.participants) >= self.limits.max_participants

    @property
    def may_require_encryption(self) -> bool:
        """Whether somebody who insists on it gets end-to-end encryption here: nobody is in the clear yet."""
        return self.encryption_required or not self.participants

    def info(self) -> models.Room:
        """The room as clients see it. `active_recording` is never set: there is nothing to set it."""
        participants, publishers = count(self.participants.values())
        return models.Room(
            sid=self.sid,
            name=self.name,
            empty_timeout=int(self.limits.empty_seconds),
            departure_timeout=int(self.limits.departure_seconds),
            max_participants=self.limits.max_participants,
            creation_time=int(self.created_at),
            creation_time_ms=int(self.created_at * 1000),
            enabled_codecs=translate.enabled_publish_codecs(),
            metadata=self.metadata.told,
            num_participants=participants,
            num_publishers=publishers,
        )

    def present(self) -> list[Present]:
        """Who is in it and how they are connected, in the order in which they came."""
        return [present(one, self.qualities.of(one.sid)) for one in self.participants.values()]

    def remove(
        self,
        participant: Participant,
        reason: models.DisconnectReason,
        action: LeaveRequest.Action | None,
        now: float,
        *,
        tell_others: bool = True,
        signal: SignalEnd = SignalEnd.LOST,
    ) -> None:
        """Ends a session. `action` is what the client is told to do; None: it needs no word from us."""
        if action is not None:
            leave = LeaveRequest(reason=reason, action=action, can_reconnect=action != DISCONNECT)
            self.effects.send(participant.sid, SignalResponse(leave=leave))
        self.effects.add(Disconnect(participant.sid))
        del self.participants[participant.sid]
        del self._by_identity[participant.identity]
        participant.state = State.DISCONNECTED
        participant.disconnect_reason = reason
        if participant.member:
            self.effects.relay(RemoveDataMember(participant.member))
            self._drop_id(participant.member)
        gone = participant.publisher.close()
        sides = [side for side in (participant.publisher, participant.subscriber) if side is not None]
        if participant.subscriber:
            participant.subscriber.close(now)
        self.speakers.leave(participant.sid)
        course = self.qualities.leave(participant.sid)
        if participant.announced and tell_others:
            self.tell_speakers(now)  # of somebody unknown, clients would not take it
            self.announce(participant)
        for track in gone:
            self._withdraw(participant, track, now)
        for side in sides:
            self.account.closed(participant, side, now, relay_lost=reason == Reason.MEDIA_FAILURE)
            self._retire_id(side.transport)
        self.account.left(participant, now, int(reason), signal, course)
        if not self.participants:
            self._closes_at = now + self.limits.departure_seconds

    def delete(self, now: float) -> None:
        """Everybody has to leave, and nobody may come; it is over once all ends were told."""
        self._everybody_leaves(Reason.ROOM_DELETED, DISCONNECT, now)
        self.is_deleted = True
        self._closes_at = now

    def describe(self, metadata: str, now: float) -> None:
        """Another text of the app: everybody is told with the next tick."""
        self.metadata.set(metadata)
        self._counts.due = now

    def add_subscriber(self, participant: Participant, now: float) -> None:
        """Somebody who joined to send only may receive from now on."""
        assert self.registry is not None, "who is in the room is on its relay"
        side = Subscriber(participant.sid, self.registry, self.effects, now, may_pause=participant.may_pause)
        participant.subscriber = side
        side.offer(now)

    def send_data(self, packet: models.DataPacket, now: float, *, reliable: bool) -> None:
        """A packet from nobody in the room. Where nobody ever was, there is nobody to send it to."""
        if self.registry is not None:
            self.effects.relay(SendData(self._room_id, reliable, packet.SerializeToString()))

    def announce(self, participant: Participant, *, to_itself: bool = False) -> None:
        """Shows everybody else what a participant is now."""
        participant.announced = True
        update = ParticipantUpdate(participants=[participant.info(changed=True)])
        response = SignalResponse(update=update)
        for other in self.participants.values():
            if other is not participant:
                self.effects.send(other.sid, response)
            elif to_itself:
                own = ParticipantUpdate(participants=[participant.own_info()])
                self.effects.send(participant.sid, SignalResponse(update=own))

    def show(self, participant: Participant, now: float, *, to_itself: bool = False) -> None:
        """The same for what a client may change as often as it likes: what is too much waits."""
        if participant.pace.take(participant.info().ByteSize(), now):
            self.announce(participant, to_itself=to_itself)

    def unpublish(self, participant: Participant, tracks: list[Publication], now: float) -> None:
        """Tracks whose sections stopped sending; the publisher has closed them already."""
        announced = [track for track in tracks if track.announced]
        if announced:
            self.announce(participant)
        for track in announced:
            self._withdraw(participant, track, now)

    def silence(self, track: Publication, now: float) -> None:
        """A track is muted or gone: its voice ends at once."""
        self.speakers.hear(track.owner, track.sid, 0)
        self.tell_speakers(now)

    def tell_speakers(self, now: float) -> None:
        """Tells everybody whose voice has changed."""
        if voices := self.speakers.changes(now):
            for participant in self.participants.values():
                self.send_voices(participant, voices)

    def track(self, sid: str) -> Publication | None:
        """An announced track of the room."""
        return self.tracks.get(sid)

    def reconcile(self, subscriber: Participant, track: Publication, now: float) -> None:
        """Makes a participant's reception of a track what it wants and may have."""
        side = subscriber.subscriber
        if side is None or not subscriber.is_active or track.owner == subscriber.sid:
            return
        if subscriber.wants(track.sid) and self.may_receive(subscriber, track):
            side.subscribe(track, now)
        else:
            side.unsubscribe(track.sid, now)

    def may_receive(self, subscriber: Participant, track: Publication) -> bool:
        """Whether the publisher lets a participant receive a track."""
        publisher = self.participants.get(track.owner)
        return publisher is not None and publisher.access.allows(
            subscriber.sid, subscriber.identity, track.sid
        )

    def tracks_of(self, sids: Sequence[str]) -> list[Publication]:
        """The announced tracks among these."""
        return [track for sid in sids if (track := self.tracks.get(sid))]

    def settle(self, participant: Participant, now: float) -> None:
        """Sends what has become due of a participant; removes it when its time is up."""
        if not participant.is_active and now >= participant.ready_by:
            self.remove(participant, Reason.JOIN_FAILURE, DISCONNECT, now)
            return
        if participant.goodbye_by is not None and now >= participant.goodbye_by:
            self.remove(participant, Reason.CONNECTION_TIMEOUT, RECONNECT, now)
            return
        if participant.attempt.due is not None and now >= participant.attempt.due:
            self.account.attempt_ended(participant, now)
        if participant.pace.due is not None and now >= participant.pace.due:
            self.show(participant, now, to_itself=True)
        for track in participant.publisher.tick(now):
            self.publish(track, track.likely_payload_type, now)
        if participant.subscriber and not participant.subscriber.tick(now):
            self.remove(participant, Reason.STATE_MISMATCH, RECONNECT, now)
            return
        if now >= participant.token_due:
            participant.token_due = now + TOKEN_SECONDS
            self.effects.add(RenewToken(participant.sid, participant.claims))

    def _join(self, join: Join, now: float) -> None:
        previous = self._by_identity.get(join.identity)
        if previous:
            self.remove(previous, Reason.DUPLICATE_IDENTITY, DISCONNECT, now)
        self.metadata.begin(join.claims.room_config.metadata if join.claims.room_config else "")
        if not self.participants:
            # Never taken back while the room exists: who comes later relies on it.
            self.encryption_required |= requires_encryption(join.claims)
        registry = self._registry_on(join.relay)
        grants = join.claims.grants
        firefox = "firefox" in join.client.browser.lower()
        voices = self._room_id, self.limits.loudest_voices
        publisher = Publisher(join.sid, registry, self.effects, now, firefox=firefox, voices=voices)
        subscriber = None
        if grants.can_subscribe:
            subscriber = Subscriber(join.sid, registry, self.effects, now, may_pause=join.may_pause)
        participant = Participant(join, now, publisher, subscriber, self.encryption_required)
        others = [other.info() for other in self.participants.values() if other.announced]
        self.participants[join.sid] = participant
        self._by_identity[participant.identity] = participant
        self._closes_at = None
        participant.member = registry.new(participant)
        self.tell_data_member(participant)
        ice_servers = self._turn.told(now)
        self.effects.send(join.sid, welcome.join_response(self.info(), participant, others, ice_servers))
        if subscriber:
            subscriber.offer(now)
        self.account.joined(participant, join.relay)

    def _registry_on(self, relay: RelayFace) -> Registry:
        if self.registry is None:
            self.registry = Registry(relay)
            self._room_id = self.registry.new(self)
        return self.registry

    def _forget_relay(self) -> None:
        if self.registry:
            self.registry.clear()
            self.registry = None

    def _drop_id(self, number: int) -> None:
        if self.registry:
            self.registry.drop(number)

    def _retire_id(self, number: int) -> None:
        if self.registry:
            self.registry.retire(number)

    def tell_data_member(self, participant: Participant) -> None:
        """Data comes on the publisher transport and goes out on the primary one."""
        publisher, subscriber = participant.publisher, participant.subscriber
        receiving = (
            subscriber.transport if subscriber and participant.subscriber_is_primary else publisher.transport
        )
        self.effects.relay(
            DataMember(
                participant.member,
                self._room_id,
                participant.identity,
                participant.sid,
                publisher.transport,
                receiving,
                participant.claims.grants.can_publish_data,
                self.encryption_required,
            )
        )

    def publish(self, track: Publication, payload_type: int, now: float) -> None:
        """Announces a track, in the codec of this payload type of its publisher."""
        participant = self.participants[track.owner]
        participant.publisher.announce(track, payload_type, now)
        self.tracks[track.sid] = track
        self.announce(participant)
        for other in list(self.participants.values()):
            self.reconcile(other, track, now)
        self.account.published(participant, track)

    def _withdraw(self, participant: Participant, track: Publication, now: float) -> None:
        del self.tracks[track.sid]
        self.silence(track, now)
        for other in self.participants.values():
            other.forget_choice(track.sid)
            if other.subscriber:
                other.subscriber.forget(track.sid, now)
        self.account.unpublished(participant, track, now)
        if track.is_refused:
            self._drop_id(track.producer)
        else:
            self._retire_id(track.producer)
        track.producer = 0

    def tell_due_speakers(self, now: float) -> None:
        """The same, but not more often than clients need it."""
        due = self.speakers.next_timeout()
        if due is not None and now >= due:
            self.tell_speakers(now)

    def send_voices(self, participant: Participant, voices: list[Voice]) -> None:
        """To those who receive: their own voice, and those that they may hear."""
        receives = participant.subscriber is not None and participant.claims.grants.can_subscribe
        if not receives or not participant.is_active:
            return
        heard = [
            models.SpeakerInfo(sid=voice.sid, level=voice.level, active=voice.active)
            for voice in voices
            if not voice.active
            or voice.sid == participant.sid
            or ((track := self.tracks.get(voice.track)) and self.may_receive(participant, track))
        ]
        if heard:
            update = SpeakersChanged(speakers=heard)
            self.effects.send(participant.sid, SignalResponse(speakers_changed=update))

    def _send_qualities(self) -> None:
        changes = self.qualities.changes()
        for participant in self.participants.values():
            if participant.is_active and (infos := changes.for_participant(participant.sid)):
                update = ConnectionQualityUpdate(updates=infos)
                self.effects.send(participant.sid, SignalResponse(connection_quality=update))

    def find(self, identity: str) -> Participant | None:
        """Who has this identity now."""
        return self._by_identity.get(identity)

    def _everybody_leaves(
        self, reason: models.DisconnectReason, action: LeaveRequest.Action, now: float
    ) -> None:
        for participant in list(self.participants.values()):
            self.remove(participant, reason, action, now, tell_others=False)

    def _tick(self, now: float) -> None:
        for participant in list(self.participants.values()):
            self.settle(participant, now)
        if self._counts.due is not None and now >= self._counts.due:
            self._counts.told(self.participants.values())
            response = SignalResponse(room_update=RoomUpdate(room=self.info()))
            for participant in self.participants.values():
                self.effects.send(participant.sid, response)
        self.tell_due_speakers(now)
        if self.qualities.due is not None and now >= self.qualities.due:
            self._send_qualities()
        for sid, quality in self.qualities.steps(now):
            self.account.quality_changed(self.participants[sid], quality)
        for number in self.account.endings.expire(now):
            self._drop_id(number)

    def _close_if_due(self, now: float) -> None:
        if self._closes_at is not None and now >= self._closes_at and self.account.endings.due is None:
            self._close()

    def _close(self) -> None:
        self._forget_relay()
        self._closed = True
        self.effects.add(RoomClosed())
