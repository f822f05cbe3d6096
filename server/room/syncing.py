"""SyncState: what a client that has come back knows, and wants. What it and the room differ in is settled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from livekit.protocol.rtc import SignalResponse, SyncState, TrackUnpublishedResponse

from server.control.messages import MOST_HEARD, Heard
from server.room import leaving, tracks
from server.room.departures import UNNOTICED_SECONDS
from server.room.participant import Participant

if TYPE_CHECKING:
    from server.room.room import Room

MAX_TRACKS = 1000
MAX_SID = 32


def sync(room: Room, participant: Participant, state: SyncState, now: float) -> None:
    """Works in the state, once for each time that the client has come back."""
    if not participant.awaits_sync:
        return
    participant.awaits_sync = False
    if not _publishes(room, participant, state):
        leaving.differ(room, participant, now)
        return
    if participant.waits:
        return
    _subscribe(room, participant, state, now)
    if heard := _heard(state):
        room.lodging.replay(participant, heard)


def _heard(state: SyncState) -> list[Heard]:
    """The last data packet that the client got of each sender. Who numbers none is not sent any again."""
    listed = state.datachannel_receive_states[:MOST_HEARD]
    return [Heard(one.publisher_sid, one.last_seq) for one in listed if len(one.publisher_sid) <= MAX_SID]


def _publishes(room: Room, participant: Participant, state: SyncState) -> bool:
    """Tells what the client missed of its own tracks. False: it has one that never was."""
    publisher = participant.publisher
    known = {published.track.sid for published in state.publish_tracks[:MAX_TRACKS]}
    for sid in known:
        if publisher.find(sid) is None:
            if sid not in publisher.withdrawn:
                return False
            response = TrackUnpublishedResponse(track_sid=sid)
            room.effects.send(participant.sid, SignalResponse(track_unpublished=response))
    publisher.confirm_again(known, participant.gone_since - UNNOTICED_SECONDS)
    return True


def _subscribe(room: Room, participant: Participant, state: SyncState, now: float) -> None:
    """The list has the exceptions from what the client does by itself with a new track."""
    subscription = state.subscription
    listed = set(subscription.track_sids[:MAX_TRACKS])
    for one in subscription.participant_tracks[:MAX_TRACKS]:
        listed.update(one.track_sids[:MAX_TRACKS])
    disabled = set(state.track_sids_disabled[:MAX_TRACKS])
    for track in list(room.tracks.values()):
        if track.owner == participant.sid:
            continue
        wanted = subscription.subscribe if track.sid in listed else participant.auto_subscribe
        participant.choose(track.sid, wanted)
        tracks.reconcile(room, participant, track, now)
        side = participant.subscriber
        if side is not None and (wish := side.wish_for(track.sid)).disabled != (track.sid in disabled):
            side.wish(track.sid, replace(wish, disabled=track.sid in disabled), now)
