"""What the server API does to a room. `check` says why something may not be, `handle` does what may.

Nobody's track is unmuted from here, nobody is hidden and nobody records: what others hear of somebody is what
that person sends, and who receives it is in the roster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest, MuteTrackRequest, ParticipantUpdate, SignalResponse

from server.control.messages import MOST_SENT
from server.protocol import translate
from server.room import joining, leaving, moderation, requests, telling
from server.room import tracks as room_tracks
from server.room.effects import Act
from server.room.inputs import (
    Admin,
    AdminChange,
    AdminDelete,
    AdminDescribe,
    AdminMute,
    AdminOpened,
    AdminRemove,
    AdminSend,
    AdminSubscribe,
    Moderation,
)
from server.room.participant import Participant
from server.room.publication import Publication
from server.room.refused import AdminRefused, Fault
from server.room.requests import MAX_SIDS

if TYPE_CHECKING:
    from server.room.room import Room

MAX_ROOM_METADATA_BYTES = 64 * 1024
"""It goes to everybody whenever the number of people changes."""
MAX_TOPIC_CHARACTERS = 256
MAX_DESTINATIONS = 1000
NONCE_BYTES = 16
NO_PARTICIPANT = "nobody of this identity is in the room"
NO_UNMUTING = (
    "nobody's track is turned on by somebody else here: ask the participant to unmute, on its own device"
)
NO_HIDING = "recording is blocked on this server, and everybody who receives is visible here"
CLEAR_DATA = (
    "this room requires end-to-end encryption, and what is sent through the API is not encrypted end to end"
)

Reason = models.DisconnectReason


def check(room: Room, wanted: Admin, now: float) -> None:
    """Raises AdminRefused. What is let through, `handle` does."""
    match wanted:
        case AdminRemove(identity):
            _who(room, identity)
        case AdminMute(identity, sid, muted):
            track = _track(_who(room, identity), sid)
            if track.info.muted and not muted:
                raise AdminRefused(Fault.NOT_AS_IT_IS, NO_UNMUTING, "remote_unmute")
        case AdminChange(identity):
            _check_change(_who(room, identity), wanted)
        case AdminSubscribe(identity, tracks):
            _who(room, identity)
            if len(tracks) > MAX_SIDS:
                raise AdminRefused(Fault.BAD_ARGUMENT, f"more than {MAX_SIDS} tracks")
        case AdminSend():
            _check_data(room, wanted, now)
        case AdminDescribe(metadata):
            check_room_metadata(metadata)
        case Moderation():
            moderation.check(room, wanted)
        case _:
            pass


def handle(room: Room, wanted: Admin, now: float) -> None:
    """Does it, or nothing where it is refused."""
    try:
        check(room, wanted, now)
    except AdminRefused:
        return
    match wanted:
        case AdminOpened(metadata):
            room.account.administered(Act.OPENED)
            if metadata:
                room.metadata.begin(metadata)
        case AdminRemove(identity):
            who = _who(room, identity)
            room.account.administered(Act.REMOVED, who)
            room.door.forget(who.claims.identity)
            leaving.remove(room, who, Reason.PARTICIPANT_REMOVED, LeaveRequest.Action.DISCONNECT, now)
        case AdminMute(identity, sid, muted):
            _mute(room, _who(room, identity), sid, muted, now)
        case AdminChange(identity):
            _change(room, _who(room, identity), wanted, now)
        case AdminSubscribe(identity, tracks, subscribe):
            who = _who(room, identity)
            room.account.administered(Act.SUBSCRIPTIONS_CHANGED, who)
            requests.subscribe(room, who, tracks, subscribe, now)
        case AdminSend():
            _send(room, wanted, now)
        case AdminDescribe(metadata):
            room.account.administered(Act.DESCRIBED)
            room.describe(metadata, now)
        case AdminDelete():
            room.account.administered(Act.DELETED)
            room.delete(now)
        case Moderation():
            moderation.handle(room, wanted, now)
        case _:
            pass


def check_room_metadata(metadata: str) -> None:
    """Raises AdminRefused."""
    if len(metadata.encode()) > MAX_ROOM_METADATA_BYTES:
        raise AdminRefused(Fault.BAD_ARGUMENT, f"room metadata has at most {MAX_ROOM_METADATA_BYTES} bytes")


def _who(room: Room, identity: str) -> Participant:
    who = room.find(identity)
    if who is None:
        raise AdminRefused(Fault.NOT_FOUND, NO_PARTICIPANT)
    return who


def _track(who: Participant, sid: str) -> Publication:
    track = who.publisher.find(sid)
    if track is None:
        raise AdminRefused(Fault.NOT_FOUND, "the participant publishes no such track")
    return track


def _check_change(who: Participant, wanted: AdminChange) -> None:
    permission = wanted.permission
    if permission is not None:
        if permission.hidden or permission.recorder:
            raise AdminRefused(Fault.NEVER, NO_HIDING, "hidden" if permission.hidden else "recorder")
        known = [translate.source_name(source) != "unknown" for source in permission.can_publish_sources]
        if not all(known) or len(known) > MAX_SIDS:
            raise AdminRefused(Fault.BAD_ARGUMENT, "can_publish_sources has what is no source of a track")
    if (
        not requests.is_bounded(wanted.name, wanted.metadata)
        or requests.changed_attributes(who, wanted.attributes) is None
    ):
        raise AdminRefused(
            Fault.BAD_ARGUMENT,
            f"a name has at most {requests.MAX_NAME_CHARACTERS} characters, metadata "
            f"{requests.MAX_METADATA_BYTES} bytes, attributes together {requests.MAX_ATTRIBUTES_BYTES}",
        )


def _check_data(room: Room, wanted: AdminSend, now: float) -> None:
    message = wanted.message
    if room.encryption_required:
        raise AdminRefused(Fault.NOT_AS_IT_IS, CLEAR_DATA, "encryption")
    if len(message.nonce) not in {0, NONCE_BYTES}:
        raise AdminRefused(Fault.BAD_ARGUMENT, f"a nonce has {NONCE_BYTES} bytes")
    if (
        len(message.topic) > MAX_TOPIC_CHARACTERS
        or len(message.destination_identities) + len(message.destination_sids) > MAX_DESTINATIONS
        or _packet(wanted).ByteSize() > MOST_SENT
    ):
        raise AdminRefused(
            Fault.BAD_ARGUMENT,
            f"a message has at most {MOST_SENT} bytes with everything around it, {MAX_DESTINATIONS} "
            f"destinations and a topic of {MAX_TOPIC_CHARACTERS} characters",
        )
    if not room.deliveries.affords(len(room.participants), now):
        raise AdminRefused(Fault.TOO_MUCH, "so many messages are more than this room's share; wait a moment")


def _mute(room: Room, who: Participant, sid: str, muted: bool, now: float) -> None:
    track = who.publisher.mute(sid, muted, now)
    if track is None:  # it is as it was wanted
        return
    track.muted_by_other = True
    room.account.administered(Act.TRACK_MUTED, who)
    room.effects.send(who.sid, SignalResponse(mute=MuteTrackRequest(sid=sid, muted=muted)))
    if track.announced:
        telling.silence(room, track, now)
        telling.announce(room, who, to_itself=True)


def _change(room: Room, who: Participant, wanted: AdminChange, now: float) -> None:
    if wanted.name or wanted.metadata or wanted.attributes:
        attributes = requests.changed_attributes(who, wanted.attributes)
        who.describe(name=wanted.name or None, metadata=wanted.metadata or None, attributes=attributes)
        who.token_due = now
        room.account.administered(Act.CHANGED, who)
    if wanted.permission is not None:
        room.account.administered(Act.PERMISSIONS_CHANGED, who)
        _permit(room, who, wanted.permission, now)
    if who.announced:
        telling.announce(room, who, to_itself=True)
    elif who.waits:
        telling.tell_of_waiting(room, who, to_itself=True)
    else:
        own = ParticipantUpdate(participants=[who.own_info(changed=True)])
        room.effects.send(who.sid, SignalResponse(update=own))


def _permit(room: Room, who: Participant, permission: models.ParticipantPermission, now: float) -> None:
    before = who.grants
    who.permit(translate.granted(permission, who.claims.grants), now)
    grants = who.grants
    if grants.can_publish_data != before.can_publish_data:
        room.lodging.tell_member(who, encrypted_only=room.encryption_required)
    room_tracks.unpublish(room, who, who.publisher.withdraw(grants.may_publish, now), now)
    if grants.can_subscribe and who.subscriber is None:
        joining.add_subscriber(room, who, now)
    for track in list(room.tracks.values()):
        room_tracks.reconcile(room, who, track, now)


def _send(room: Room, wanted: AdminSend, now: float) -> None:
    if room.deliveries.take(len(room.participants), now):
        room.account.administered(Act.DATA_SENT)
    room.lodging.say(_packet(wanted), reliable=wanted.reliable)


def _packet(wanted: AdminSend) -> models.DataPacket:
    """Old and new clients read the destinations in different places."""
    kind = models.DataPacket.RELIABLE if wanted.reliable else models.DataPacket.LOSSY
    identities = wanted.message.destination_identities
    return models.DataPacket(kind=kind, user=wanted.message, destination_identities=identities)
