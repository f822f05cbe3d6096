"""A client as SDKs are one: what it knows is what it was sent, and what it wants it says."""

from __future__ import annotations

from dataclasses import dataclass, field

from livekit.protocol import models
from livekit.protocol.rtc import SignalResponse, SyncState, TrackPublishedResponse, UpdateSubscription

from server.sdp.model import Direction
from server.sdp.parse import parse
from tests.unit.stage import Sending

GONE = models.ParticipantInfo.State.DISCONNECTED


@dataclass
class Onlooker:
    """`hears`: its WebSocket works. What is sent meanwhile is lost, and so is what it says.

    `answers` are requests that it makes of its own accord when it is sent something. `single`: it has one
    peer connection, and `receiving` are its sections for what it is sent.
    """

    identity: str
    single: bool = False
    sid: str = ""
    hears: bool = True
    out: bool = False  # it was told to leave, or its session is over
    offers: int = 1
    unanswered: int = 0  # the id of an offer
    people: dict[str, models.ParticipantInfo] = field(default_factory=dict)
    own: models.ParticipantInfo = field(default_factory=models.ParticipantInfo)
    room: models.Room = field(default_factory=models.Room)
    speaking: dict[str, float] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    wanted: dict[str, int] = field(default_factory=dict)  # qualities that are on, by own track
    quality: dict[str, int] = field(default_factory=dict)
    offered: dict[str, str] = field(default_factory=dict)  # sections in the last offer, by track
    sections: list[Sending] = field(default_factory=list)
    receiving: list[Sending] = field(default_factory=list)
    is_asked: bool = False  # for an offer
    published: dict[str, str] = field(default_factory=dict)  # own tracks by cid
    muted: dict[str, bool] = field(default_factory=dict)  # own tracks, as the client has them
    undesired: set[str] = field(default_factory=set)
    awaits_reconnect: bool = False
    answers: list[tuple[str, bool]] = field(default_factory=list)  # own tracks to say muted or not

    def take(self, response: SignalResponse) -> None:
        """A message, as SDKs work it in."""
        kind = response.WhichOneof("message")
        if self.awaits_reconnect:
            assert kind in {"reconnect", "leave"}, "SDKs drop anything else"
            self.awaits_reconnect = False
        match kind:
            case "join":
                self.own, self.room = response.join.participant, response.join.room
                self.people = {one.identity: one for one in response.join.other_participants}
            case "leave":
                self.out = True
            case "offer":
                self._offer(response.offer.sdp, response.offer.id)
            case "answer" if self.single:
                tracks = response.answer.mid_to_track_id
                self._placed({track: mid for mid, track in tracks.items()})
            case "media_sections_requirement":
                self.is_asked = True
                required = response.media_sections_requirement
                kinds = ["audio"] * required.num_audios + ["video"] * required.num_videos
                for kind in kinds:
                    mid = f"r{len(self.receiving)}"
                    self.receiving.append(Sending(kind, mid, "", direction="recvonly"))
            case "update":
                for info in response.update.participants:
                    self._update(info)
            case "room_update":
                self.room = response.room_update.room
            case "speakers_changed":
                for one in response.speakers_changed.speakers:
                    self.speaking.pop(one.sid, None)
                    if one.active:
                        self.speaking[one.sid] = one.level
            case "subscription_permission_update":
                told = response.subscription_permission_update
                (self.forbidden.discard if told.allowed else self.forbidden.add)(told.track_sid)
            case "stream_state_update":
                for state in response.stream_state_update.stream_states:
                    (self.paused.add if state.state else self.paused.discard)(state.track_sid)
            case "subscribed_quality_update":
                told_of = response.subscribed_quality_update
                self.wanted[told_of.track_sid] = sum(one.enabled for one in told_of.subscribed_qualities)
            case "connection_quality":
                for info_of in response.connection_quality.updates:
                    self.quality[info_of.participant_sid] = info_of.quality
            case "track_published":
                self._published(response.track_published)
            case "track_unpublished":
                self._unpublished(response.track_unpublished.track_sid)
            case "mute":
                self.muted[response.mute.sid] = response.mute.muted
                self.answers.append((response.mute.sid, response.mute.muted))

    def knows(self) -> SyncState:
        """What it says of itself when it has come back (livekit-client, RTCEngine.sendSyncState)."""
        tracks = [
            TrackPublishedResponse(cid=cid, track=models.TrackInfo(sid=sid))
            for cid, sid in self.published.items()
        ]
        subscription = UpdateSubscription(track_sids=sorted(self.undesired), subscribe=False)
        return SyncState(publish_tracks=tracks, subscription=subscription)

    def _update(self, info: models.ParticipantInfo) -> None:
        if info.identity == self.identity:
            if info.sid == self.sid and info.version >= self.own.version:
                self.own = info
                differing = [one for one in info.tracks if one.muted != self.muted.get(one.sid, one.muted)]
                self.answers += [(one.sid, self.muted[one.sid]) for one in differing]
            return
        known = self.people.get(info.identity)
        if info.state == GONE:
            self.people.pop(info.identity, None)
            self.speaking.pop(info.sid, None)
            self.quality.pop(info.sid, None)
        elif known is None or known.sid != info.sid or info.version >= known.version:
            self.people[info.identity] = info

    def _offer(self, text: str, number: int) -> None:
        self.unanswered = number
        sections = [one for one in parse(text).sections if one.kind != "application" and not one.rejected]
        self._placed(
            {
                one.msid[1]: one.mid
                for one in sections
                if one.direction is Direction.SENDONLY and one.msid is not None
            }
        )

    def _placed(self, tracks: dict[str, str]) -> None:
        """What is received in which section."""
        before, self.offered = self.offered, tracks
        # In another section it is another track to an SDK, which is not paused.
        self.paused = {sid for sid in self.paused if self.offered.get(sid) == before.get(sid)}

    def _published(self, told: TrackPublishedResponse) -> None:
        self.published[told.cid] = told.track.sid
        self.muted.setdefault(told.track.sid, told.track.muted)

    def _unpublished(self, sid: str) -> None:
        gone = [cid for cid, one in self.published.items() if one == sid]
        for cid in gone:
            del self.published[cid]
            self.sections = [one for one in self.sections if one.cid != cid]
