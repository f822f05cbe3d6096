"""What a room's relay says: each word is worked in or ignored, and none raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.control.messages import (
    ConsumerState,
    DataRefused,
    Notification,
    ProducerEnded,
    ProducerLayers,
    Refused,
    SpeakerLevel,
    TransportEnded,
    TransportPhase,
    TransportQuality,
    TransportState,
)
from server.room import requests
from server.room.attempt import Stage
from server.room.participant import Participant, State
from server.room.publication import Publication
from server.room.publisher import Publisher
from server.room.subscriber import Subscriber
from server.room.subscription import Subscription

if TYPE_CHECKING:
    from server.room.room import Room


def handle(room: Room, notification: Notification, now: float) -> None:
    """Works in one notification; of what the room does not have any more, nothing happens."""
    if room.registry is None:
        return
    match notification:
        case TransportState(transport):
            side = room.registry.get(transport)
            if isinstance(side, Publisher | Subscriber):
                _transport_changed(room, side, notification, now)
        case ProducerLayers(producer, payload_type):
            track = room.registry.get(producer)
            if isinstance(track, Publication):
                _media_arrived(room, track, payload_type, now)
        case SpeakerLevel(producer, level):
            track = room.registry.get(producer)
            if isinstance(track, Publication) and track.announced and not track.info.muted:
                room.speakers.hear(track.owner, track.sid, level)
                room.tell_due_speakers(now)
        case TransportQuality(transport, quality):
            side = room.registry.get(transport)
            if isinstance(side, Publisher | Subscriber):
                room.qualities.judge(side.sid, transport, quality, now)
        case ConsumerState(consumer, congested=congested):
            subscription = room.registry.get(consumer)
            if isinstance(subscription, Subscription):
                _congested(room, subscription, congested)
        case DataRefused(member):
            participant = room.registry.get(member)
            if isinstance(participant, Participant):
                requests.refuse_data(room, participant)
        case TransportEnded(number) | ProducerEnded(number):
            if room.account.endings.told(number, notification):
                room.registry.drop(number)
        case Refused(number):  # the relay has no room
            side = room.registry.get(number)
            if isinstance(side, Publication):
                side.is_refused = True
            elif isinstance(side, Publisher | Subscriber):
                side.history.is_refused = True
                who = room.participants[side.sid]
                failure = models.DisconnectReason.JOIN_FAILURE
                room.remove(who, failure, LeaveRequest.Action.DISCONNECT, now)
        case _:
            pass


def _congested(room: Room, subscription: Subscription, congested: bool) -> None:
    participant = room.participants.get(subscription.subscriber)
    if participant is not None and participant.subscriber is not None:
        participant.subscriber.congest(subscription, congested)


def _transport_changed(room: Room, side: Publisher | Subscriber, state: TransportState, now: float) -> None:
    participant, phase = room.participants[side.sid], state.phase
    side.history.note(state, now)
    if phase is TransportPhase.REACHABLE:
        participant.attempt.reach(Stage.ICE, now)
    elif phase is TransportPhase.CONNECTED:
        participant.attempt.reach(Stage.DTLS, now)
        side.connect(now)
        if participant.primary_is_connected and not participant.is_active:
            _activate(room, participant, now)
    else:
        participant.transport_lost(now)


def _activate(room: Room, participant: Participant, now: float) -> None:
    participant.state = State.ACTIVE
    participant.attempt.reach(Stage.READY, now)
    room.announce(participant, to_itself=True)
    for track in room.tracks.values():
        room.reconcile(participant, track, now)
    if participant.subscriber and participant.subscriber.tracks:
        participant.subscriber.negotiation.want_at_once(now)
    room.send_voices(participant, room.speakers.voices())
    room.qualities.arrive(participant.sid, now)
    room.account.active(participant, now)


def _media_arrived(room: Room, track: Publication, payload_type: int, now: float) -> None:
    participant = room.participants[track.owner]
    participant.attempt.reach(Stage.MEDIA, now)
    if not track.announced:
        room.publish(track, payload_type, now)
    elif track.learn_type(payload_type):
        room.show(participant, now)
