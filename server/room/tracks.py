"""The announced tracks of a room, and who receives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from server.room import telling
from server.room.participant import Participant
from server.room.publication import Publication
from server.room.single import SingleSubscriber

if TYPE_CHECKING:
    from server.room.room import Room


def publish(room: Room, track: Publication, payload_type: int, now: float) -> None:
    """Announces a track, in the codec of this payload type of its publisher."""
    participant = room.participants[track.owner]
    participant.publisher.announce(track, payload_type, now)
    room.tracks[track.sid] = track
    telling.announce(room, participant)
    for other in list(room.participants.values()):
        telling.send_permissions(room, other, [track])
        reconcile(room, other, track, now)
    room.account.published(participant, track)


def unpublish(room: Room, participant: Participant, tracks: list[Publication], now: float) -> None:
    """Tracks whose sections stopped sending; the publisher has closed them already."""
    announced = [track for track in tracks if track.announced]
    if announced:
        telling.announce(room, participant)
    for track in announced:
        withdraw(room, participant, track, now)


def withdraw(room: Room, participant: Participant, track: Publication, now: float) -> None:
    """An announced track is over, and everybody's reception of it."""
    del room.tracks[track.sid]
    telling.silence(room, track, now)
    for other in room.participants.values():
        other.forget_choice(track.sid)
        if other.subscriber:
            other.subscriber.forget(track.sid, now)
    room.account.unpublished(participant, track, now)
    main = track.main
    if main.is_refused:
        room.lodging.drop(main.producer)
    else:
        room.lodging.retire(main.producer)
    main.producer = 0


def reconcile(room: Room, subscriber: Participant, track: Publication, now: float) -> None:
    """Makes a participant's reception of a track what it wants and may have."""
    side = subscriber.subscriber
    if side is None or not subscriber.is_active or track.owner == subscriber.sid:
        return
    if _is_for(room, subscriber, track):
        side.subscribe(track, now)
    else:
        side.unsubscribe(track.sid, now)


def prepare(room: Room, subscriber: Participant, now: float) -> None:
    """The first answer to who joins by one connection has what it is to receive once it is active."""
    if isinstance(subscriber.subscriber, SingleSubscriber):
        for track in room.tracks.values():
            if _is_for(room, subscriber, track):
                subscriber.subscriber.subscribe(track, now)


def _is_for(room: Room, subscriber: Participant, track: Publication) -> bool:
    """Whether somebody who receives wants a track and may have it."""
    absence = room.participants[track.owner].absence
    is_known = absence is None or subscriber.sid in absence.shown
    return is_known and subscriber.wants(track.sid) and room.may_receive(subscriber, track)


def follow(room: Room, participant: Participant, now: float) -> None:
    """Backups of this publisher's tracks have come or gone: who needs them is sent them, or waits anew."""
    for track in participant.publisher.take_changed():
        if track.announced:
            telling.show(room, participant, now)
            learn(room, track, now)


def learn(room: Room, track: Publication, now: float) -> None:
    """What there is of a track is sent to those whom it suits."""
    for other in list(room.participants.values()):
        if other.subscriber is not None:
            other.subscriber.follow(track, now)
        reconcile(room, other, track, now)


def those_of(room: Room, sids: Sequence[str]) -> list[Publication]:
    """The announced tracks among these."""
    return [track for sid in sids if (track := room.tracks.get(sid))]
