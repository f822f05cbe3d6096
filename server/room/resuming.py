"""A client that lost its WebSocket comes back: its session goes on, and its view of the room is made true.

ReconnectResponse comes first, since SDKs drop what is sent before it. What may have been lost follows: who
has left, complete snapshots of everybody, and the present state of all that is told as changes otherwise. The
receiving side begins ICE anew; the client does so with its sending side. What the client knows comes as
SyncState (`syncing.py`). Who waits to be let in is told no more than before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol.rtc import (
    MuteTrackRequest,
    ParticipantUpdate,
    RoomUpdate,
    SignalResponse,
)

from server.room import telling, tracks, welcome
from server.room.participant import Participant

if TYPE_CHECKING:
    from server.room.room import Room


def may_resume(room: Room, sid: str, identity: str) -> bool:
    """Whether the session of this sid is this person's, and can go on."""
    participant = room.someone(sid)
    if participant is None or participant.identity != identity or not participant.is_resumable:
        return False
    absence = participant.absence
    return room.limits.resume_seconds > 0 and (
        absence is None
        or None not in (room.departures.missed(absence.since), room.door.departures.missed(absence.since))
    )


def resume(room: Room, participant: Participant, now: float) -> None:
    """The client has connected again."""
    gone_since = now if participant.absence is None else participant.absence.since
    participant.absence = None
    participant.awaits_sync = True
    participant.gone_since = gone_since
    room.account.resumed(participant, gone_since, now)
    participant.token_due = now
    room.effects.restore(participant.sid)

    def send(response: SignalResponse) -> None:
        room.effects.send(participant.sid, response)

    send(SignalResponse(reconnect=welcome.reconnect_response(room.turn.told(now))))
    if participant.waits:  # which is all that it may know
        own = ParticipantUpdate(participants=[participant.own_info()])
        send(SignalResponse(update=own))
        send(SignalResponse(room_update=RoomUpdate(room=room.info_outside())))
        return
    if departed := room.departures.missed(gone_since, participant.begun_at):
        send(SignalResponse(update=ParticipantUpdate(participants=departed)))
    if participant.is_moderator and (turned_away := room.door.departures.missed(gone_since)):
        send(SignalResponse(update=ParticipantUpdate(participants=turned_away)))
    for track in participant.publisher.muted_by_others():
        # Before the client sees that it differs from its own.
        send(SignalResponse(mute=MuteTrackRequest(sid=track.sid, muted=True)))
    everybody = ParticipantUpdate(participants=[participant.own_info(), *telling.shown_to(room, participant)])
    send(SignalResponse(update=everybody))
    send(SignalResponse(room_update=RoomUpdate(room=room.info())))
    telling.send_permissions(room, participant, room.tracks.values())
    telling.resend_voices(room, participant)
    room.qualities.tell_again(participant.sid, now)
    participant.publisher.tell_demand_again()
    if participant.subscriber is not None:
        participant.subscriber.restart(now)
    for track in participant.published():
        for other in list(room.participants.values()):
            tracks.reconcile(room, other, track, now)  # who came meanwhile has been shown
