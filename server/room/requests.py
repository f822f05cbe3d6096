"""What a participant's signal messages do: each is worked in, refused or ignored, and none raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from livekit.protocol import models
from livekit.protocol.rtc import (
    AddTrackRequest,
    LeaveRequest,
    MuteTrackRequest,
    Ping,
    Pong,
    RequestResponse,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    SignalTarget,
    SubscriptionPermission,
    SubscriptionPermissionUpdate,
    TrickleRequest,
    UpdateLocalAudioTrack,
    UpdateLocalVideoTrack,
    UpdateParticipantMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
)

from server.protocol import translate
from server.protocol.requests import MEMBERS, Handled, Refused
from server.room import leaving, simulating, syncing, telling, tracks
from server.room.attempt import Stage
from server.room.dual import DualSubscriber
from server.room.layers import wish_of
from server.room.participant import Participant
from server.room.publisher import Publisher
from server.room.single import SingleSubscriber
from server.room.subscription import AccessList
from server.sdp.candidates import read_trickled
from server.sdp.model import SdpError
from server.sdp.parse import parse
from server.sdp.shared import Placement

if TYPE_CHECKING:
    from server.room.room import Room

MAX_METADATA_BYTES = 512 * 1024  # the reference server's limits
MAX_ATTRIBUTES_BYTES = 64 * 1024
MAX_NAME_CHARACTERS = 256
MAX_SIDS = 1000  # in one message
TRACK_NOT_ENCRYPTED = (
    "this room requires end-to-end encryption: the track is not declared encrypted and is not forwarded"
)
DATA_NOT_ENCRYPTED = (
    "this room requires end-to-end encryption: data that is not declared encrypted is not forwarded"
)
NOT_IN_YET = "nothing is sent before a moderator lets you in"
SCREENS_OF_MODERATORS = "only moderators share a screen in this room"
_ENCRYPTED = {models.Encryption.Type.GCM, models.Encryption.Type.CUSTOM}
OK_SINCE_PROTOCOL = 15  # older clients do not expect an OK

Reason = RequestResponse.Reason


def handle(room: Room, participant: Participant, request: SignalRequest, now: float) -> None:
    """Works in one message, or refuses it; of a kind this server does not know, nothing happens."""
    name = str(request.WhichOneof("message") or "")
    if isinstance(MEMBERS.get(name), Handled):
        _WORK[name](room, participant, getattr(request, name), now)
    elif isinstance(refused := MEMBERS.get(name), Refused):
        _refuse(room, participant, name, getattr(request, name), refused.why)


def _offer(room: Room, participant: Participant, message: SessionDescription, now: float) -> None:
    one = participant.subscriber if isinstance(participant.subscriber, SingleSubscriber) else None
    try:
        offer = parse(message.sdp)
        placement = one.place(offer) if one else Placement({}, {}, ())
        text, removed = participant.publisher.offer(offer, now, placement.sections)
    except SdpError:
        leaving.differ(room, participant, now)
        return
    # The answer carries the id of its offer: browsers never complete a negotiation otherwise.
    mids = one.mid_to_track if one else {}
    answer = SessionDescription(type="answer", sdp=text, id=message.id, mid_to_track_id=mids)
    participant.attempt.reach(Stage.NEGOTIATION, now)
    room.effects.send(participant.sid, SignalResponse(answer=answer))
    if one:
        one.placed(placement, now)
    tracks.unpublish(room, participant, removed, now)
    tracks.follow(room, participant, now)


def _answer(room: Room, participant: Participant, message: SessionDescription, now: float) -> None:
    if not isinstance(participant.subscriber, DualSubscriber):
        return
    try:
        participant.subscriber.answer(message.sdp, message.id, now)
    except SdpError:
        leaving.differ(room, participant, now)
    else:
        participant.attempt.reach(Stage.NEGOTIATION, now)


def _trickle(room: Room, participant: Participant, message: TrickleRequest, now: float) -> None:
    """Every candidate that matters is proved by STUN: this is for telling its kind, and for nothing else."""
    is_publisher = message.target == SignalTarget.PUBLISHER
    side = participant.publisher if is_publisher else participant.subscriber
    candidate = read_trickled(message.candidateInit)
    if isinstance(side, Publisher | DualSubscriber) and candidate is not None:
        side.add_candidates([candidate])


def _add_track(room: Room, participant: Participant, message: AddTrackRequest, now: float) -> None:
    source = translate.source_name(message.source)
    words = ""
    refusal: RequestResponse.Reason | None = Reason.NOT_ALLOWED
    if participant.grants.may_publish(source):
        if room.encryption_required and message.encryption not in _ENCRYPTED:
            words = TRACK_NOT_ENCRYPTED
        else:
            refusal = participant.publisher.add_track(message, now)
            tracks.follow(room, participant, now)
    elif participant.waits:
        words = NOT_IN_YET
    elif participant.claims.grants.may_publish(source):
        words = SCREENS_OF_MODERATORS
    if refusal is not None:
        _reply(room, participant, RequestResponse(reason=refusal, message=words, add_track=message))


def refuse_data(room: Room, participant: Participant) -> None:
    """The relay dropped data of a participant that it sent in the clear where only encrypted data goes."""
    _reply(room, participant, RequestResponse(reason=Reason.NOT_ALLOWED, message=DATA_NOT_ENCRYPTED))


def _mute(room: Room, participant: Participant, message: MuteTrackRequest, now: float) -> None:
    known = participant.publisher.find(message.sid)
    if known is not None:
        known.muted_by_other = False
    track = participant.publisher.mute(message.sid, message.muted, now)
    if track is not None and track.announced:
        if track.info.muted:
            telling.silence(room, track, now)
        telling.show(room, participant, now)


def _subscription(room: Room, participant: Participant, message: UpdateSubscription, now: float) -> None:
    sids = [*message.track_sids]
    for one in message.participant_tracks:
        sids += one.track_sids
    subscribe(room, participant, sids[:MAX_SIDS], message.subscribe, now)


def subscribe(room: Room, participant: Participant, sids: Sequence[str], wanted: bool, now: float) -> None:
    """A participant is to receive these tracks, or not any more."""
    for sid in sids:
        participant.choose(sid, wanted)
    for track in tracks.those_of(room, sids):
        tracks.reconcile(room, participant, track, now)


def _track_setting(room: Room, participant: Participant, message: UpdateTrackSettings, now: float) -> None:
    if participant.subscriber is None:
        return
    wish = wish_of(message)
    for track in tracks.those_of(room, list(message.track_sids)[:MAX_SIDS]):
        participant.subscriber.wish(track.sid, wish, now)


def _subscription_permission(
    room: Room, participant: Participant, message: SubscriptionPermission, now: float
) -> None:
    access = AccessList.from_message(message)
    if access is None:
        return
    before, participant.access = participant.access, access
    participant.has_restricted |= not access.everybody
    for other in room.participants.values():
        changed = False
        for track in participant.published():
            allowed = access.allows(other.sid, other.identity, track.sid)
            if other is participant or allowed == before.allows(other.sid, other.identity, track.sid):
                continue
            update = SubscriptionPermissionUpdate(
                participant_sid=participant.sid, track_sid=track.sid, allowed=allowed
            )
            room.effects.send(other.sid, SignalResponse(subscription_permission_update=update))
            tracks.reconcile(room, other, track, now)
            changed = True
        if changed and any(voice.sid == participant.sid for voice in room.speakers.told()):
            telling.tell_voices_of(room, other, [participant])


def _update_metadata(
    room: Room, participant: Participant, message: UpdateParticipantMetadata, now: float
) -> None:
    """Empty means unchanged, and an attribute set to "" is deleted."""
    refusal = _refuse_metadata(participant, message)
    if refusal is None:
        attributes = changed_attributes(participant, message.attributes)
        if attributes is None:
            refusal = Reason.LIMIT_EXCEEDED
        else:
            participant.describe(
                name=message.name or None, metadata=message.metadata or None, attributes=attributes
            )
            telling.show(room, participant, now, to_itself=True)
    if refusal is not None or participant.client.protocol >= OK_SINCE_PROTOCOL:
        reason = Reason.OK if refusal is None else refusal
        _reply(room, participant, RequestResponse(request_id=message.request_id, reason=reason))


def _refuse_metadata(
    participant: Participant, message: UpdateParticipantMetadata
) -> RequestResponse.Reason | None:
    if not participant.grants.can_update_own_metadata:
        return Reason.NOT_ALLOWED
    return None if is_bounded(message.name, message.metadata) else Reason.LIMIT_EXCEEDED


def is_bounded(name: str, metadata: str) -> bool:
    """Whether a participant may have these."""
    return len(metadata.encode()) <= MAX_METADATA_BYTES and len(name) <= MAX_NAME_CHARACTERS


def changed_attributes(participant: Participant, changes: Mapping[str, str]) -> dict[str, str] | None:
    """All its attributes after a change, in which "" deletes; None where they are too much."""
    merged = {**participant.claims.attributes, **changes}
    attributes = {name: value for name, value in merged.items() if value}
    size = sum(len(name.encode()) + len(value.encode()) for name, value in attributes.items())
    return attributes if size <= MAX_ATTRIBUTES_BYTES else None


def _update_audio_track(
    room: Room, participant: Participant, message: UpdateLocalAudioTrack, now: float
) -> None:
    track = participant.publisher.tracks.get(message.track_sid)
    if track is None or len(message.features) > MAX_SIDS:
        return
    del track.info.audio_features[:]
    track.info.audio_features.extend(dict.fromkeys(message.features))
    if track.announced:
        telling.show(room, participant, now)


def _update_video_track(
    room: Room, participant: Participant, message: UpdateLocalVideoTrack, now: float
) -> None:
    track = participant.publisher.tracks.get(message.track_sid)
    if track is None:
        return
    track.info.width, track.info.height = message.width, message.height
    if track.announced:
        telling.show(room, participant, now)


def _leave(room: Room, participant: Participant, message: LeaveRequest, now: float) -> None:
    leaving.remove(room, participant, models.DisconnectReason.CLIENT_INITIATED, None, now)


def _ping(room: Room, participant: Participant, message: int, now: float) -> None:
    # Milliseconds: nanoseconds overflow what a browser counts exactly.
    room.effects.send(participant.sid, SignalResponse(pong=int(now * 1000)))


def _ping_request(room: Room, participant: Participant, message: Ping, now: float) -> None:
    pong = Pong(last_ping_timestamp=message.timestamp, timestamp=int(now * 1000))
    room.effects.send(participant.sid, SignalResponse(pong_resp=pong))


def _refuse(room: Room, participant: Participant, name: str, message: Any, why: str) -> None:
    """The answer names the request by its number, or has it in itself, as far as there is a place for it."""
    response = RequestResponse(
        request_id=getattr(message, "request_id", 0), reason=Reason.NOT_ALLOWED, message=why
    )
    place = name.removesuffix("_request")
    if place in RequestResponse.DESCRIPTOR.fields_by_name:
        getattr(response, place).CopyFrom(message)
    _reply(room, participant, response)


def _reply(room: Room, participant: Participant, response: RequestResponse) -> None:
    room.effects.send(participant.sid, SignalResponse(request_response=response))


# Every member is in the table of `server.protocol.requests`; those that are not here are refused or ignored.
_WORK: dict[str, Callable[[Room, Participant, Any, float], None]] = {
    "offer": _offer,
    "answer": _answer,
    "trickle": _trickle,
    "add_track": _add_track,
    "mute": _mute,
    "subscription": _subscription,
    "track_setting": _track_setting,
    "subscription_permission": _subscription_permission,
    "update_metadata": _update_metadata,
    "update_audio_track": _update_audio_track,
    "update_video_track": _update_video_track,
    "sync_state": syncing.sync,
    "simulate": simulating.simulate,
    "leave": _leave,
    "ping": _ping,
    "ping_req": _ping_request,
}
