"""One participant's sending side: its transport, its offers, and the tracks that it sends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from math import inf

from livekit.protocol import models
from livekit.protocol.rtc import (
    AddTrackRequest,
    RequestResponse,
    SignalResponse,
    TrackPublishedResponse,
    TrackUnpublishedResponse,
)

from server import ids
from server.control.messages import (
    AddCandidates,
    CloseProducer,
    CloseTransport,
    ConnectTransport,
    CreateProducer,
    CreateTransport,
    MediaKind,
    PauseProducer,
    RemoteCandidate,
    RequestKeyFrame,
    RestartIce,
)
from server.protocol import translate
from server.room import demand as demands
from server.room import publication as publications
from server.room.answers import offered_codecs, options_of
from server.room.effects import Effects
from server.room.history import History, Side
from server.room.publication import Publication
from server.room.relay import Registry, dtls_role, local_transport, remote_fingerprints
from server.room.rendition import Media, Rendition
from server.room.sections import Sections, sending_sections
from server.sdp.model import Description, Section
from server.sdp.negotiate import TrackOptions, answer_publisher
from server.sdp.shared import SentSection

MAX_PENDING = 20  # the reference server's limit
MAX_WITHDRAWN = 256
# Others learn of a track with its first packet, which tells the codec. Some programs send none before
# somebody receives, and a muted camera sends none at all.
AWAITED_SECONDS = 1.0

Reason = RequestResponse.Reason


class Publisher:
    """`tracks` are the publications bound to a section, announced or not, by track sid."""

    def __init__(
        self,
        sid: str,
        registry: Registry,
        effects: Effects,
        now: float,
        *,
        firefox: bool,
        voices: tuple[int, int] = (0, 0),
    ) -> None:
        """`voices`: the room's identifier on its relay, and how many of its voices are forwarded; 0: all."""
        self.tracks: dict[str, Publication] = {}
        self.connected = False
        self.history = History(Side.PUBLISHER, now)
        self.sid = sid
        self._registry = registry
        self._effects = effects
        self._firefox = firefox
        self._voices = voices
        self._local = local_transport(registry.relay)
        self._remote: tuple[str, str] | None = None  # the client's ICE credentials
        self.transport = registry.new(self)
        self._described = False
        self._sections = Sections(firefox=firefox)
        self._queued: list[AddTrackRequest] = []
        self._media: dict[str, Media] = {}
        self.withdrawn: deque[str] = deque(
            maxlen=MAX_WITHDRAWN
        )  # tracks that the server ended, the last of them
        self._removed: list[Publication] = []  # by an offer that could not be answered
        self._changed: dict[str, Publication] = {}
        effects.relay(
            CreateTransport(
                self.transport, self._local.ice_ufrag, self._local.ice_pwd, opens_data_channels=False
            )
        )

    def add_track(self, request: AddTrackRequest, now: float) -> RequestResponse.Reason | None:
        """Takes a permitted request: None, or why not. The client is told the new track's sid at once."""
        if request.type not in {models.TrackType.AUDIO, models.TrackType.VIDEO}:
            return Reason.UNSUPPORTED_TYPE
        if not publications.is_bounded(request):
            return Reason.INVALID_REQUEST
        if request.sid:
            return self._add_backup(request, now)
        if len(self._sections.pending) + len(self._queued) >= MAX_PENDING:
            return Reason.LIMIT_EXCEEDED
        if self._sections.is_taken(request.cid):
            self._queued.append(request)
            return Reason.QUEUED
        self._accept(request)
        self._match(now)
        return None

    def _add_backup(self, request: AddTrackRequest, now: float) -> RequestResponse.Reason | None:
        """A further codec of a track: the one that was named when the track was."""
        track = self.tracks.get(request.sid)
        if track is None:
            return Reason.NOT_FOUND
        named = [translate.codec_name(one.codec, audio=False) for one in request.simulcast_codecs]
        backup = track.backup
        if backup is None or named != [backup.codec] or request.encryption != track.info.encryption:
            return Reason.UNSUPPORTED_TYPE
        if backup.cid or self._sections.is_taken(request.cid):
            return Reason.INVALID_REQUEST
        backup.request(request.cid, request.simulcast_codecs[0].layers or request.layers, now)
        self._sections.await_section(backup)
        self._confirm(backup)
        self._match(now)
        return None

    def take_changed(self) -> list[Publication]:
        """Tracks whose backup has come or gone since this was asked last."""
        changed, self._changed = [*self._changed.values()], {}
        return changed

    def offer(
        self, offer: Description, now: float, sent: Mapping[str, SentSection]
    ) -> tuple[str, list[Publication]]:
        """Answers an offer: the answer's text, and the tracks whose sections stopped sending. `sent` is what
        goes to the client in sections of it.

        Raises SdpError; the participant's negotiation is then beyond repair.
        """
        sending = sending_sections(offer)
        for ended in self._sections.ended(sending):
            if ended.mid in self._sections.bound:  # the backup of another may have ended with it
                self._removed += self._close(ended, now)
        self._media.clear()
        self._sections.park(sending, now)
        for request in self._unqueue():
            self._accept(request)
        self._match(now)
        self._follow_restart(offer)
        answer = answer_publisher(offer, self._local, self._options, translate.ENABLED_CODECS, sent)
        if not self._described:
            self._described = True
            self._effects.relay(
                ConnectTransport(
                    self.transport,
                    dtls_role(answer.setup),
                    remote_fingerprints(answer.fingerprints),
                    answer.has_data,
                )
            )
        self.add_candidates(offer.candidates)
        for track in answer.tracks:
            self._media[track.mid] = Media.of(offer, track)
        self._produce(now)
        removed, self._removed = self._removed, []
        return answer.text, removed

    def _follow_restart(self, offer: Description) -> None:
        """Where the client begins ICE anew, so do we (RFC 8445 section 9); DTLS and media go on."""
        described = next((one for one in offer.sections if not one.rejected and one.ice_ufrag), None)
        if described is None:
            return
        before, self._remote = self._remote, (described.ice_ufrag, described.ice_pwd)
        if before is None or before == self._remote:
            return
        fresh = local_transport(self._registry.relay)
        self._local = replace(self._local, ice_ufrag=fresh.ice_ufrag, ice_pwd=fresh.ice_pwd)
        self._effects.relay(RestartIce(self.transport, self._local.ice_ufrag, self._local.ice_pwd))

    def add_candidates(self, candidates: Iterable[RemoteCandidate]) -> None:
        """Where the client says it may be reached."""
        if admitted := self.history.admit(candidates):
            self._effects.relay(AddCandidates(self.transport, admitted))

    def connect(self, now: float) -> None:
        """The transport is up: media can come."""
        self.connected = True
        for track in self.tracks.values():
            self._await_media(track, now)

    def tick(self, now: float) -> list[Publication]:
        """Gives up waiting for exact matches, and for media: returns the tracks to announce without."""
        self._match(now)
        for track in self.tracks.values():
            self._tell_demand(track, now)
        return [track for track in self._awaited() if track.awaited_until <= now]

    def next_timeout(self) -> float | None:
        """When `tick` has something to do."""
        times = self._sections.match_times()
        times += [track.awaited_until for track in self._awaited()]
        renditions = [one for track in self.tracks.values() for one in track.renditions]
        due = [one.demand.due for one in renditions if one.demand is not None]
        return min(times + [time for time in due if time is not None], default=None)

    @property
    def is_idle(self) -> bool:
        """Whether it sends nothing and is not about to."""
        return not (self.tracks or self._sections.pending or self._queued)

    def find(self, track_sid: str) -> Publication | None:
        """A track, with a section or not yet."""
        pending = (one.track for one in self._sections.pending.values() if one.track.sid == track_sid)
        return self.tracks.get(track_sid) or next(pending, None)

    def mute(self, track_sid: str, muted: bool, now: float) -> Publication | None:
        """Mutes or unmutes a track, pending ones too. None: unknown, or it changes nothing."""
        track = self.find(track_sid)
        if track is None or track.info.muted == muted:
            return None
        track.info.muted = muted
        track.count_mute(now)
        # A track is paused only once it has been announced: before that its first packets are awaited.
        if track.announced:
            self._pause(track)
        return track

    def muted_by_others(self) -> list[Publication]:
        """Tracks that its client may not know to be muted."""
        return [track for track in self._all() if track.muted_by_other]

    def confirm_again(self, known: Set[str], since: float) -> None:
        """The client is told of its tracks but those it knows to be published. Of backups it tells nothing:
        it is told of those that it has asked for `since` then."""
        for track in self._all():
            if track.sid not in known:
                self._confirm(track.main)
            if track.backup is not None and track.backup.cid and track.backup.asked_at >= since:
                self._confirm(track.backup)

    def tell_demand_again(self) -> None:
        """The client may have missed what is wanted of its videos."""
        for track in self.tracks.values():
            if track.main.demand is not None:
                self._send_demand(track)

    def announce(self, track: Publication, payload_type: int, now: float) -> None:
        """The others are told of a track."""
        track.announce(payload_type, now)
        if track.info.muted:
            self._pause(track)

    def withdraw(self, may_publish: Callable[[str], bool], now: float) -> list[Publication]:
        """Ends what may not be published any more, by its source, and tells the client. Returns the tracks
        that had a section; of those that were announced, the identifiers are the caller's to drop."""

        def refused(source: int) -> bool:
            return not may_publish(translate.source_name(source))

        gone = [track for track in self.tracks.values() if refused(track.info.source)]
        for track in gone:
            self._close(track.main, now)
        pending = [one for one in self._all() if refused(one.info.source)]
        for track in pending:
            self._sections.give_up(track.main)
        self._queued = [request for request in self._queued if not refused(request.source)]
        for track in (*gone, *pending):
            self.withdrawn.append(track.sid)
            unpublished = TrackUnpublishedResponse(track_sid=track.sid)
            self._effects.send(self.sid, SignalResponse(track_unpublished=unpublished))
        return gone

    def close(self) -> list[Publication]:
        """Closes the transport, which takes its producers along. Returns the tracks that were announced; the
        identifiers of these and of the transport are the caller's to drop, once their ends were told."""
        announced = [track for track in (*self._removed, *self.tracks.values()) if track.announced]
        for bound in list(self._sections.bound.values()):
            self._unbind(bound)
        self._effects.relay(CloseTransport(self.transport))
        return announced

    def _all(self) -> list[Publication]:
        """Those that wait for their section first."""
        return [*(one.track for one in self._sections.pending.values() if one.is_main), *self.tracks.values()]

    def _tell_demand(self, track: Publication, now: float) -> None:
        told = [one.demand.tell(now) for one in track.renditions if one.demand is not None]
        if any(highest is not None for highest in told):
            self._send_demand(track)

    def _send_demand(self, track: Publication) -> None:
        codecs = [
            (one.name, one.encodings, one.demand.told) for one in track.renditions if one.demand is not None
        ]
        update = demands.update(track.sid, codecs)
        self._effects.send(self.sid, SignalResponse(subscribed_quality_update=update))

    def _pause(self, track: Publication) -> None:
        for one in track.renditions:
            if one.producer:
                self._effects.relay(PauseProducer(one.producer, track.info.muted))
                if not track.info.muted and track.kind is MediaKind.VIDEO:
                    self._effects.relay(RequestKeyFrame(one.producer))

    def _unqueue(self) -> list[AddTrackRequest]:
        """Requests that waited for their cid to become free, at most one for each cid."""
        free: dict[str, AddTrackRequest] = {}
        for request in self._queued:
            if request.cid not in free and not self._sections.is_taken(request.cid):
                free[request.cid] = request
        self._queued = [one for one in self._queued if free.get(one.cid) is not one]
        return list(free.values())

    def _accept(self, request: AddTrackRequest) -> None:
        track = publications.from_request(request, self.sid, ids.track_sid())
        self._sections.await_section(track.main)
        self._confirm(track.main)

    def _confirm(self, rendition: Rendition) -> None:
        reply = TrackPublishedResponse(cid=rendition.cid, track=rendition.track.info)
        self._effects.send(self.sid, SignalResponse(track_published=reply))

    def _match(self, now: float) -> None:
        """Brings sections and tracks together, and produces what can be."""
        for matched in self._sections.match(now):
            if matched.is_main:
                self.tracks[matched.track.sid] = matched.track
        self._produce(now)

    def _close(self, rendition: Rendition, now: float) -> list[Publication]:
        """A section sends no more. Returns the track that is over with it, if one is."""
        if rendition.producer:
            self._effects.relay(CloseProducer(rendition.producer))
        self._unbind(rendition)
        track = rendition.track
        if not rendition.is_main:
            rendition.end(now)
            self._changed[track.sid] = track
            return []
        if track.backup is not None and track.backup.cid:
            if track.backup.mid:
                self._close(track.backup, now)
            else:
                self._sections.give_up(track.backup)
        self._changed.pop(track.sid, None)
        return [track]

    def _unbind(self, rendition: Rendition) -> None:
        self._sections.release(rendition)
        if rendition.is_main:
            del self.tracks[rendition.track.sid]
        # Nobody waits for the end of what was not announced, nor of a backup.
        if rendition.producer and not (rendition.is_main and rendition.track.announced):
            self._registry.drop(rendition.producer)
            rendition.producer = 0

    def _produce(self, now: float) -> None:
        """Creates the producers of tracks that have both a publication and an answered section."""
        for mid, media in self._media.items():
            one = self._sections.bound.get(mid)
            if one is None or one.producer or not one.take(media, now):
                continue
            track = one.track
            one.producer = self._registry.new(one)
            self._effects.relay(
                CreateProducer(
                    one.producer,
                    self.transport,
                    track.kind,
                    mid,
                    list(media.sent.codecs),
                    list(media.sent.extensions),
                    list(media.sent.encodings),
                    *self._voices_of(track),
                )
            )
            if one.is_main:
                track.codecs = offered_codecs(one, media)
                self._await_media(track, now)
            else:
                self._changed[track.sid] = track
                if track.announced and track.info.muted:
                    self._effects.relay(PauseProducer(one.producer, paused=True))

    def _voices_of(self, track: Publication) -> tuple[int, int]:
        """The room, and of a voice how many are forwarded of it; what a screen plays is no voice."""
        is_voice = (
            track.kind is MediaKind.AUDIO and track.info.source != models.TrackSource.SCREEN_SHARE_AUDIO
        )
        room, most_voices = self._voices
        return room, most_voices if is_voice else 0

    def _await_media(self, track: Publication, now: float) -> None:
        if self.connected and track.main.producer:
            track.awaited_until = now + AWAITED_SECONDS

    def _awaited(self) -> list[Publication]:
        tracks = self.tracks.values()
        return [track for track in tracks if not track.announced and track.awaited_until < inf]

    def _options(self, section: Section) -> TrackOptions:
        return options_of(self._sections.bound.get(section.mid), firefox=self._firefox)
