"""Joining a room: a participant with its transports, and the first message of its session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.auth.grants import requires_encryption
from server.room import absence, leaving, welcome
from server.room.dual import DualSubscriber
from server.room.inputs import Join
from server.room.participant import Participant
from server.room.publisher import Publisher
from server.room.relay import Registry
from server.room.single import SingleSubscriber
from server.room.subscriber import Subscriber

if TYPE_CHECKING:
    from server.room.room import Room


def join(room: Room, wanted: Join, now: float) -> None:
    """Lets a client in; whoever has its identity has to leave."""
    previous = room.find(wanted.identity)
    if previous:
        if previous.absence is not None:  # it comes back anew
            absence.give_up(room, previous, now)
        else:
            reason = models.DisconnectReason.DUPLICATE_IDENTITY
            leaving.remove(room, previous, reason, LeaveRequest.Action.DISCONNECT, now)
    room.metadata.begin(wanted.claims.room_config.metadata if wanted.claims.room_config else "")
    if not room.participants:
        # Never taken back while the room exists: who comes later relies on it.
        room.encryption_required |= requires_encryption(wanted.claims)
    participant = _participant(room, wanted, now)
    others = [other.info() for other in room.participants.values() if other.announced]
    room.admit(participant)
    room.lodging.tell_member(participant, encrypted_only=room.encryption_required)
    ice_servers = room.turn.told(now)
    room.effects.send(
        participant.sid,
        welcome.join_response(
            room.info(), participant, others, ice_servers, resumable=room.limits.resume_seconds > 0
        ),
    )
    if isinstance(participant.subscriber, DualSubscriber):
        participant.subscriber.offer(now)
    room.account.joined(participant, wanted.relay)


def add_subscriber(room: Room, participant: Participant, now: float) -> None:
    """Somebody who joined to send only may receive from now on."""
    registry = room.lodging.registry
    assert registry is not None, "who is in the room is on its relay"
    pause = participant.may_pause
    side = _subscriber(room, registry, participant.publisher, now, single=participant.single, may_pause=pause)
    participant.subscriber = side
    if isinstance(side, DualSubscriber):
        side.offer(now)


def _participant(room: Room, wanted: Join, now: float) -> Participant:
    registry = room.lodging.on(wanted.relay, room)
    firefox = "firefox" in wanted.client.browser.lower()
    voices = room.lodging.number, room.limits.loudest_voices
    publisher = Publisher(wanted.sid, registry, room.effects, now, firefox=firefox, voices=voices)
    subscriber = None
    if wanted.claims.grants.can_subscribe:
        pause = wanted.may_pause
        subscriber = _subscriber(room, registry, publisher, now, single=wanted.single, may_pause=pause)
    participant = Participant(wanted, now, publisher, subscriber, room.encryption_required)
    participant.member = registry.new(participant)
    return participant


def _subscriber(
    room: Room, registry: Registry, publisher: Publisher, now: float, *, single: bool, may_pause: bool
) -> Subscriber:
    if single:
        return SingleSubscriber(publisher, registry, room.effects, may_pause=may_pause)
    return DualSubscriber(publisher.sid, registry, room.effects, now, may_pause=may_pause)
