"""A room: who is in it, who is told what, and in which order.

    handle(now, input) -> effects          next_timeout() -> when to hand in a Tick

`now` is in seconds since the epoch and never goes back. The order of effects matters: a participant or a
track is announced before any offer that carries it, because clients drop media of somebody unknown.

A participant: JOINED (JoinResponse sent) -> ACTIVE (primary transport connected) -> DISCONNECTED. While it is
active its WebSocket may be away for a time (`absence.py`, `resuming.py`).

Here is the state, what happens to it and when; what that does is in the modules beside it, by subject.
"""

from __future__ import annotations

from livekit.protocol import models

from server.protocol import translate
from server.room import (
    absence,
    administration,
    joining,
    leaving,
    notified,
    requests,
    resuming,
    telling,
    tracks,
)
from server.room.account import Account
from server.room.agenda import Agenda
from server.room.batch import SECONDS_EACH
from server.room.counts import Counts, count
from server.room.deliveries import Deliveries
from server.room.departures import Departures
from server.room.door import MOST_WAITING, Door
from server.room.effects import Effect, Effects, RenewToken, RoomClosed
from server.room.ice_servers import TurnServers
from server.room.inputs import (
    Admin,
    Input,
    Join,
    PolicyServed,
    RelayLost,
    RelayNotified,
    Resume,
    Shutdown,
    Signal,
    SignalLost,
    Tick,
)
from server.room.leaving import DISCONNECT, RECONNECT
from server.room.limits import RoomLimits
from server.room.lodging import Lodging
from server.room.metadata import PolicyNotice, RoomMetadata
from server.room.participant import TOKEN_SECONDS, WAITING_SECONDS, Participant
from server.room.present import Present, present
from server.room.publication import Publication
from server.room.quality import Qualities
from server.room.rules import Rules
from server.room.speakers import Speakers

Reason = models.DisconnectReason


class Room:
    """The state machine. `participants` by sid, in the order in which they came; `tracks`, announced ones.
    Who waits to be let in is at the `door`, and none of the participants."""

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
        self.rules = limits.rules
        self.metadata = RoomMetadata(policy, self.rules)
        self.door = Door(limits.resume_seconds)
        self.turn = turn or TurnServers()
        self.participants: dict[str, Participant] = {}
        self.effects = Effects()
        self.account = Account(name, self.effects)
        self.tracks: dict[str, Publication] = {}
        self.speakers = Speakers()
        self.qualities = Qualities()
        self.lodging = Lodging(self.effects)
        self.is_deleted = False
        self.departures = Departures(limits.resume_seconds)
        self.deliveries = Deliveries(now)
        self._by_identity: dict[str, Participant] = {}
        self._next_batch = now
        self._closes_at: float | None = now + limits.empty_seconds
        self._closed = False
        self.counts = Counts()
        self.agenda = Agenda()

    def handle(self, now: float, happened: Input) -> list[Effect]:
        """Works one input in. Never raises on what a client or a relay said."""
        if self._closed:
            return []
        match happened:
            case Join():
                joining.join(self, happened, now)
            case Signal(sid, request):
                if participant := self._whom(sid):
                    requests.handle(self, participant, request, now)
            case SignalLost(sid, end):
                if participant := self._whom(sid):
                    absence.signal_lost(self, participant, end, now)
            case Resume(sid):
                if participant := self._whom(sid):
                    resuming.resume(self, participant, now)
            case Admin():
                administration.handle(self, happened, now)
                self.effects.touched.update(one.sid for one in self.everybody())
            case RelayNotified(notification):
                notified.handle(self, notification, now)
            case RelayLost():
                leaving.everybody(self, Reason.MEDIA_FAILURE, RECONNECT, now)
                self.account.endings.give_up()
                self.lodging.leave()
            case PolicyServed(policy):
                self.metadata.serve(policy)
                self.counts.due = now  # everybody is told with the next tick
            case Shutdown(elsewhere):
                action = RECONNECT if elsewhere else DISCONNECT
                leaving.everybody(self, Reason.SERVER_SHUTDOWN, action, now)
                self._closes_at = now
            case Tick():
                self._tick(now)
        self._close_if_due(now)
        self.counts.note(self.participants.values(), now)
        if self.effects.holds and now >= self._next_batch:
            self.effects.release()
            self._next_batch = now + SECONDS_EACH * len(self.participants)
        self._note_dues()
        return self.effects.drain()

    def next_timeout(self) -> float | None:
        """When to hand in a Tick, in the clock of `now`."""
        endings_due = self.account.endings.due
        # Nothing closes before its ends were told, or waited for.
        closes_at = None if self._closes_at is None else max(self._closes_at, endings_due or 0.0)
        times = [closes_at, endings_due, self.counts.due, self.speakers.next_timeout(), self.agenda.first()]
        times += [self._next_batch if self.effects.holds else None]
        times += [self.qualities.due, self.qualities.step_due]
        return None if self._closed else min((time for time in times if time is not None), default=None)

    def is_full(self, identity: str, *, waits: bool = False) -> bool:
        """Whether somebody with this identity would find no place, in the room or where people wait. Who
        replaces itself always does."""
        there = self._by_identity.get(identity)
        if there is not None and there.waits == waits:
            return False
        if waits:
            return len(self.door.waiting) >= MOST_WAITING
        return len(self.participants) >= self.limits.max_participants

    @property
    def may_require_encryption(self) -> bool:
        """Whether somebody who insists on it gets end-to-end encryption here: nobody is in the clear yet."""
        return self.encryption_required or not self.everybody()

    def everybody(self) -> list[Participant]:
        """Who is in it, and who waits to be let in."""
        return [*self.participants.values(), *self.door.waiting.values()]

    def someone(self, sid: str) -> Participant | None:
        """The same, by sid."""
        return self.participants.get(sid) or self.door.waiting.get(sid)

    def info_outside(self) -> models.Room:
        """The room as those see it who wait to be let in: neither how many are in it nor what an app says of
        it."""
        info = self.info()
        info.metadata = self.metadata.told_outside
        info.num_participants = info.num_publishers = 0
        return info

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
        return [present(one, self.qualities.of(one.sid)) for one in self.everybody()]

    def find(self, identity: str) -> Participant | None:
        """Who has this identity now, in the room or before its door."""
        return self._by_identity.get(identity)

    def may_receive(self, subscriber: Participant, track: Publication) -> bool:
        """Whether the publisher lets a participant receive a track."""
        publisher = self.participants.get(track.owner)
        return publisher is not None and publisher.access.allows(
            subscriber.sid, subscriber.identity, track.sid
        )

    def admit(self, participant: Participant) -> None:
        """Somebody is in the room from now on, or waits to be let in."""
        self.door.waiting.pop(participant.sid, None)
        if participant.waits:
            self.door.waiting[participant.sid] = participant
        else:
            self.participants[participant.sid] = participant
            self.door.know(participant.claims.identity)
        self._by_identity[participant.identity] = participant
        self._closes_at = None
        self.effects.touch(participant.sid)

    def dismiss(self, participant: Participant, now: float) -> None:
        """Somebody is there no more."""
        del (self.door.waiting if participant.waits else self.participants)[participant.sid]
        del self._by_identity[participant.identity]
        self.effects.touch(participant.sid)
        self.counts.may_differ = True
        self.speakers.leave(participant.sid)
        if not self.everybody():
            self._closes_at = now + self.limits.departure_seconds

    def delete(self, now: float) -> None:
        """Everybody has to leave, and nobody may come; it is over once all ends were told."""
        leaving.everybody(self, Reason.ROOM_DELETED, DISCONNECT, now)
        self.is_deleted = True
        self._closes_at = now

    def lay_down(self, rules: Rules, now: float) -> None:
        """Other rules: everybody is told with the next tick."""
        self.rules = rules
        self.metadata.lay_down(rules)
        self.counts.due = now

    def describe(self, metadata: str, now: float) -> None:
        """Another text of the app: everybody is told with the next tick."""
        self.metadata.set(metadata)
        self.counts.due = now

    def _tick(self, now: float) -> None:
        for sid in self.agenda.due(now):
            if participant := self._whom(sid):
                self._settle(participant, now)
        if self.counts.due is not None and now >= self.counts.due:
            self.counts.told(self.participants.values())
            telling.send_room(self)
        telling.tell_due_speakers(self, now)
        if self.qualities.due is not None and now >= self.qualities.due:
            telling.send_qualities(self)
        for sid, quality in self.qualities.steps(now):
            self.account.quality_changed(self.participants[sid], quality)
        for number in self.account.endings.expire(now):
            self.lodging.drop(number)

    def _settle(self, participant: Participant, now: float) -> None:
        """Sends what has become due of a participant; removes it when its time is up."""
        if not participant.is_active and now >= participant.ready_by:
            leaving.remove(self, participant, Reason.JOIN_FAILURE, DISCONNECT, now)
            return
        if participant.waits and now >= participant.joined_at + WAITING_SECONDS:
            leaving.remove(self, participant, Reason.USER_UNAVAILABLE, DISCONNECT, now)
            return
        if participant.absence is not None and now >= min(
            participant.absence.until, participant.goodbye_by or participant.absence.until
        ):
            absence.give_up(self, participant, now)
            return
        if participant.goodbye_by is not None and now >= participant.goodbye_by:
            leaving.remove(self, participant, Reason.CONNECTION_TIMEOUT, RECONNECT, now)
            return
        if participant.attempt.due is not None and now >= participant.attempt.due:
            self.account.attempt_ended(participant, now)
        if participant.pace.due is not None and now >= participant.pace.due:
            telling.show(self, participant, now, to_itself=True)
        for track in participant.publisher.tick(now):
            tracks.publish(self, track, track.likely_payload_type, now)
        tracks.follow(self, participant, now)
        is_there = participant.absence is None
        if is_there and participant.subscriber and not participant.subscriber.tick(now):
            leaving.differ(self, participant, now)
            return
        if now >= participant.token_due:
            participant.token_due = now + TOKEN_SECONDS
            self.effects.add(RenewToken(participant.sid, participant.claims))

    def _whom(self, sid: str) -> Participant | None:
        """Whom an input is about: of that participant, something else may be due afterwards."""
        self.effects.touch(sid)
        return self.someone(sid)

    def _note_dues(self) -> None:
        for sid in self.effects.touched:
            if participant := self.someone(sid):
                self.agenda.put(sid, participant.next_timeout())
            else:
                self.agenda.drop(sid)
        self.effects.touched.clear()

    def _close_if_due(self, now: float) -> None:
        if self._closes_at is not None and now >= self._closes_at and self.account.endings.due is None:
            self._close()

    def _close(self) -> None:
        self.lodging.leave()
        self._closed = True
        self.effects.add(RoomClosed())
