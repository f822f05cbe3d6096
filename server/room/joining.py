"""Joining a room: a participant with its transports, and the first message of its session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest, ParticipantUpdate, RoomUpdate, SignalResponse

from server.auth.grants import Claims, requires_encryption
from server.errors import Refusal
from server.room import absence, leaving, telling, tracks, welcome
from server.room.dual import DualSubscriber
from server.room.effects import Act
from server.room.inputs import Join, identity_of
from server.room.participant import Participant
from server.room.publisher import Publisher
from server.room.relay import Registry
from server.room.rules import Sharing
from server.room.single import SingleSubscriber
from server.room.subscriber import Manner, Subscriber

if TYPE_CHECKING:
    from server.room.room import Room


def refuses(room: Room, claims: Claims, second: str) -> Refusal | None:
    """Why somebody cannot join; None: it can, or can wait to be let in."""
    waits = room.door.holds(claims, room.rules)
    if refusal := room.door.refuses(claims, room.rules):
        return refusal
    return Refusal.ROOM_FULL if room.is_full(identity_of(claims, second), waits=waits) else None


def join(room: Room, wanted: Join, now: float) -> None:
    """Lets a client in, or has it wait; whoever has its identity has to leave."""
    previous = room.find(wanted.identity)
    if previous:
        if previous.absence is not None:  # it comes back anew
            absence.give_up(room, previous, now)
        else:
            reason = models.DisconnectReason.DUPLICATE_IDENTITY
            leaving.remove(room, previous, reason, LeaveRequest.Action.DISCONNECT, now)
    waits = room.door.holds(wanted.claims, room.rules)
    if not waits:
        room.metadata.begin(wanted.claims.room_config.metadata if wanted.claims.room_config else "")
    if not room.everybody():
        # Never taken back while the room exists: who comes later relies on it.
        room.encryption_required |= requires_encryption(wanted.claims)
    participant = _participant(room, wanted, now, waits=waits)
    others = telling.shown_to(room, participant)
    room.admit(participant)
    if not waits:
        room.lodging.tell_member(participant, encrypted_only=room.encryption_required)
    ice_servers = room.turn.told(now)
    shown = room.info_outside() if waits else room.info()
    room.effects.send(
        participant.sid,
        welcome.join_response(
            shown, participant, others, ice_servers, resumable=room.limits.resume_seconds > 0
        ),
    )
    if isinstance(participant.subscriber, DualSubscriber):
        participant.subscriber.offer(now)
    tracks.prepare(room, participant, now)
    room.account.joined(participant, wanted.relay)
    if waits:
        telling.tell_of_waiting(room, participant)


def let_in(room: Room, participant: Participant, now: float) -> None:
    """Somebody who has waited comes in: it is shown the others, then is shown to them, and receives."""
    participant.come_in(now)
    others = telling.shown_to(room, participant)
    room.admit(participant)
    room.lodging.tell_member(participant, encrypted_only=room.encryption_required)
    room.effects.send(participant.sid, SignalResponse(update=ParticipantUpdate(participants=others)))
    room.effects.send(participant.sid, SignalResponse(room_update=RoomUpdate(room=room.info())))
    telling.announce(room, participant, to_itself=True)
    if participant.grants.can_subscribe:
        add_subscriber(room, participant, now)
    if participant.is_active:
        begin(room, participant, now)


def begin(room: Room, participant: Participant, now: float) -> None:
    """Somebody who is in the room, and has been shown to the others, can be reached: media can flow."""
    telling.send_permissions(room, participant, room.tracks.values())
    for track in room.tracks.values():
        tracks.reconcile(room, participant, track, now)
    if participant.subscriber:
        participant.subscriber.open(now)
        if participant.subscriber.tracks:
            participant.subscriber.negotiation.want_at_once(now)
    telling.send_voices(room, participant, room.speakers.told())
    room.qualities.arrive(participant.sid, now)
    room.account.active(participant, now)


def add_subscriber(room: Room, participant: Participant, now: float) -> None:
    """Somebody who joined to send only may receive from now on."""
    registry = room.lodging.registry
    assert registry is not None, "who is in the room is on its relay"
    if not participant.single:
        room.account.administered(Act.RECEPTION_OPENED, participant)
    side = _subscriber(room, registry, participant, participant.publisher, now)
    participant.subscriber = side
    if isinstance(side, DualSubscriber):
        side.offer(now)
    if participant.is_active:
        side.open(now)


def _participant(room: Room, wanted: Join, now: float, *, waits: bool) -> Participant:
    registry = room.lodging.on(wanted.relay, room)
    firefox = "firefox" in wanted.client.browser.lower()
    voices = room.lodging.number, room.limits.loudest_voices
    publisher = Publisher(wanted.sid, registry, room.effects, now, firefox=firefox, voices=voices)
    subscriber = None
    if wanted.claims.grants.can_subscribe and not waits:
        subscriber = _subscriber(room, registry, wanted, publisher, now)
    participant = Participant(
        wanted,
        now,
        publisher,
        subscriber,
        room.encryption_required,
        waits=waits,
        shares_screens=room.rules.screen_share is Sharing.EVERYBODY,
    )
    participant.member = registry.new(participant)
    return participant


def _subscriber(
    room: Room, registry: Registry, who: Join | Participant, publisher: Publisher, now: float
) -> Subscriber:
    manner = Manner(who.may_pause, room.limits.playout_delay)
    if who.single:
        return SingleSubscriber(publisher, registry, room.effects, manner)
    return DualSubscriber(publisher.sid, registry, room.effects, now, manner)
