"""What everybody in a room is told of the others: who they are, who speaks, how well they are connected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from livekit.protocol import models
from livekit.protocol.rtc import (
    ConnectionQualityUpdate,
    ParticipantUpdate,
    RoomUpdate,
    SignalResponse,
    SpeakersChanged,
    SubscriptionPermissionUpdate,
)

from server.room.participant import Participant
from server.room.publication import Publication
from server.room.speakers import Voice

if TYPE_CHECKING:
    from server.room.room import Room

FEW = 20
"""In a room of more, those who only listen are shown others in batches (`batch.py`). Who sends media is not:
it is to know at once who may receive it."""


def announce(room: Room, participant: Participant, *, to_itself: bool = False) -> None:
    """Shows everybody else what a participant is now."""
    info = _snapshot(room, participant)
    response = SignalResponse(update=ParticipantUpdate(participants=[info]))
    is_large = len(room.participants) > FEW
    listeners: list[str] = []
    for other in room.participants.values():
        if other is participant:
            if to_itself:
                own = ParticipantUpdate(participants=[participant.own_info()])
                room.effects.send(participant.sid, SignalResponse(update=own))
        elif is_large and other.publisher.is_idle:
            listeners.append(other.sid)
        else:
            room.effects.send(other.sid, response)
    if listeners:
        room.effects.show(info, listeners)


def show(room: Room, participant: Participant, now: float, *, to_itself: bool = False) -> None:
    """The same for what a client may change as often as it likes: what is too much waits."""
    if participant.pace.take(participant.info().ByteSize(), now):
        announce(room, participant, to_itself=to_itself)


def _snapshot(room: Room, participant: Participant) -> models.ParticipantInfo:
    """What the others are shown next."""
    room.counts.may_differ = True
    participant.shown = participant.info(changed=True)
    return participant.shown


def announce_all(room: Room, changed: list[Participant]) -> None:
    """The same of several at once, to themselves too."""
    infos = {one.sid: _snapshot(room, one) for one in changed if one.announced}
    if not infos:
        return
    for other in room.participants.values():
        updates = [info if sid != other.sid else other.own_info() for sid, info in infos.items()]
        room.effects.send(other.sid, SignalResponse(update=ParticipantUpdate(participants=updates)))


def shown_to(room: Room, participant: Participant) -> list[models.ParticipantInfo]:
    """The others as they were shown last, as far as somebody sees them: moderators see who waits too, and who
    waits sees nobody."""
    if participant.waits:
        return []
    waiting = room.door.waiting.values() if participant.is_moderator else ()
    others = (one.shown for one in room.participants.values() if one is not participant)
    return [*(shown for shown in others if shown is not None), *(one.info() for one in waiting)]


def tell_of_waiting(room: Room, participant: Participant, *, to_itself: bool = False) -> None:
    """Shows moderators somebody who waits to be let in, or does so no more. Nobody else is shown it."""
    response = SignalResponse(update=ParticipantUpdate(participants=[participant.info(changed=True)]))
    for other in room.participants.values():
        if other.is_moderator:
            room.effects.send(other.sid, response)
    if to_itself:
        own = ParticipantUpdate(participants=[participant.own_info()])
        room.effects.send(participant.sid, SignalResponse(update=own))


def silence(room: Room, track: Publication, now: float) -> None:
    """A track is muted or gone: its voice ends at once."""
    room.speakers.hear(track.owner, track.sid, 0)
    tell_speakers(room, now)


def tell_speakers(room: Room, now: float) -> None:
    """Tells everybody whose voice has changed."""
    if voices := room.speakers.changes(now):
        alike: dict[tuple[str, ...], SignalResponse] = {}  # most hear the same
        for participant in room.participants.values():
            if heard := _heard(room, participant, voices):
                sids = tuple(voice.sid for voice in heard)
                update = alike[sids] = alike.get(sids) or _speakers_changed(heard)
                room.effects.send(participant.sid, update)


def tell_due_speakers(room: Room, now: float) -> None:
    """The same, but not more often than clients need it."""
    due = room.speakers.next_timeout()
    if due is not None and now >= due:
        tell_speakers(room, now)


def send_voices(room: Room, participant: Participant, voices: list[Voice]) -> None:
    """To those who receive: their own voice, and those that they may hear."""
    if heard := _heard(room, participant, voices):
        room.effects.send(participant.sid, _speakers_changed(heard))


def _heard(room: Room, participant: Participant, voices: list[Voice]) -> list[Voice]:
    receives = participant.subscriber is not None and participant.grants.can_subscribe
    if not receives or not participant.is_active:
        return []
    return [voice for voice in voices if not voice.active or _may_hear(room, participant, voice)]


def _speakers_changed(voices: list[Voice]) -> SignalResponse:
    speakers = [models.SpeakerInfo(sid=voice.sid, level=voice.level, active=voice.active) for voice in voices]
    return SignalResponse(speakers_changed=SpeakersChanged(speakers=speakers))


def resend_voices(room: Room, participant: Participant) -> None:
    """All of them, for who may have missed changes: those whom it hears, and that the others do not speak."""
    tell_voices_of(room, participant, [one for one in room.participants.values() if one.announced])


def tell_voices_of(room: Room, participant: Participant, others: Iterable[Participant]) -> None:
    """How they speak, as clients were told last; whom it may not hear is as silent."""
    heard = {voice.sid: voice for voice in room.speakers.told() if _may_hear(room, participant, voice)}
    voices = [heard.get(other.sid, Voice(other.sid, "", 0.0)) for other in others]
    send_voices(room, participant, sorted(voices, key=lambda voice: -voice.level))


def _may_hear(room: Room, participant: Participant, voice: Voice) -> bool:
    track = room.tracks.get(voice.track)
    return voice.sid == participant.sid or (track is not None and room.may_receive(participant, track))


def send_permissions(room: Room, participant: Participant, tracks: Iterable[Publication]) -> None:
    """Which of these tracks somebody may receive, of publishers who have ever named who may: clients take the
    others as allowed."""
    for track in tracks:
        if track.owner != participant.sid and room.participants[track.owner].has_restricted:
            allowed = room.may_receive(participant, track)
            update = SubscriptionPermissionUpdate(
                participant_sid=track.owner, track_sid=track.sid, allowed=allowed
            )
            room.effects.send(participant.sid, SignalResponse(subscription_permission_update=update))


def send_qualities(room: Room) -> None:
    """Tells everybody whose connection has become better or worse, and who has just come of all."""
    changes = room.qualities.changes()
    new, everything = (
        SignalResponse(connection_quality=ConnectionQualityUpdate(updates=infos))
        for infos in (changes.new, changes.everything)
    )
    for participant in room.participants.values():
        update = everything if participant.sid in changes.newcomers else new
        if participant.is_active and update.connection_quality.updates:
            room.effects.send(participant.sid, update)


def send_room(room: Room) -> None:
    """Tells everybody what the room is now."""
    response = SignalResponse(room_update=RoomUpdate(room=room.info()))
    for participant in room.participants.values():
        room.effects.send(participant.sid, response)
    if room.door.waiting:
        outside = SignalResponse(room_update=RoomUpdate(room=room.info_outside()))
        for sid in room.door.waiting:
            room.effects.send(sid, outside)
