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
from server.room import joining, leaving, requests, telling, tracks
from server.room.attempt import Stage
from server.room.dual import DualSubscriber
from server.room.participant import Participant, State
from server.room.publication import Publication
from server.room.publisher import Publisher
from server.room.rendition import Rendition
from server.room.subscription import Subscription

if TYPE_CHECKING:
    from server.room.room import Room


def handle(room: Room, notification: Notification, now: float) -> None:
    """Works in one notification; of what the room does not have any more, nothing happens."""
    registry = room.lodging.registry
    if registry is None:
        return
    match notification:
        case TransportState(transport):
            side = registry.get(transport)
            if isinstance(side, Publisher | DualSubscriber):
                _transport_changed(room, side, notification, now)
        case ProducerLayers(producer, payload_type):
            rendition = registry.get(producer)
            if isinstance(rendition, Rendition):
                room.effects.touch(rendition.track.owner)
                if rendition.is_main:
                    _media_arrived(room, rendition.track, payload_type, now)
                else:
                    _backup_arrived(room, rendition, now)
        case SpeakerLevel(producer, level):
            rendition = registry.get(producer)
            track = rendition.track if isinstance(rendition, Rendition) else None
            if track is not None and track.announced and not track.info.muted:
                room.speakers.hear(track.owner, track.sid, level)
                telling.tell_due_speakers(room, now)
        case TransportQuality(transport, quality):
            side = registry.get(transport)
            if isinstance(side, Publisher | DualSubscriber):
                room.qualities.judge(side.sid, transport, quality, now)
        case ConsumerState(consumer, congested=congested):
            subscription = registry.get(consumer)
            if isinstance(subscription, Subscription):
                _congested(room, subscription, congested)
        case DataRefused(member):
            participant = registry.get(member)
            if isinstance(participant, Participant):
                requests.refuse_data(room, participant)
        case TransportEnded(number) | ProducerEnded(number):
            if room.account.endings.told(number, notification):
                registry.drop(number)
        case Refused(number):  # the relay has no room
            side = registry.get(number)
            if isinstance(side, Rendition):
                side.is_refused = True
            elif isinstance(side, Publisher | DualSubscriber):
                side.history.is_refused = True
                who = _owner(room, side)
                failure = models.DisconnectReason.JOIN_FAILURE
                leaving.remove(room, who, failure, LeaveRequest.Action.DISCONNECT, now)
        case _:
            pass


def _congested(room: Room, subscription: Subscription, congested: bool) -> None:
    participant = room.participants.get(subscription.subscriber)
    if participant is not None and participant.subscriber is not None:
        participant.subscriber.congest(subscription, congested)


def _transport_changed(
    room: Room, side: Publisher | DualSubscriber, state: TransportState, now: float
) -> None:
    participant, phase = _owner(room, side), state.phase
    room.effects.touch(participant.sid)
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


def _owner(room: Room, side: Publisher | DualSubscriber) -> Participant:
    owner = room.someone(side.sid)
    assert owner is not None, "who has a transport is there"
    return owner


def _activate(room: Room, participant: Participant, now: float) -> None:
    participant.state = State.ACTIVE
    participant.attempt.reach(Stage.READY, now)
    if not participant.waits:
        telling.announce(room, participant, to_itself=True)
        joining.begin(room, participant, now)


def _media_arrived(room: Room, track: Publication, payload_type: int, now: float) -> None:
    participant = room.participants[track.owner]
    participant.attempt.reach(Stage.MEDIA, now)
    if not track.announced:
        tracks.publish(room, track, payload_type, now)
    elif track.learn_type(payload_type):
        telling.show(room, participant, now)
        tracks.learn(room, track, now)


def _backup_arrived(room: Room, backup: Rendition, now: float) -> None:
    """Not before there is something to see is anybody sent it who can do without."""
    if backup.flows:
        return
    backup.flows = True
    if backup.track.announced and backup.track.is_regressed:
        tracks.learn(room, backup.track, now)
