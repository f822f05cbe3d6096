"""A track that a participant publishes: what AddTrack said of it, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from livekit.protocol import models
from livekit.protocol.rtc import AddTrackRequest

from server.control.messages import MediaKind
from server.protocol import translate
from server.room.demand import Demand
from server.room.rendition import Rendition
from server.sdp.model import Codec
from server.sdp.subscriber import AcceptedTrack

MAX_TEXT = 256  # cid, track name, stream name
MAX_LAYERS = 4
MAX_CODECS = 4
MAX_FEATURES = 16


@dataclass(slots=True, eq=False)
class Publication:
    """`owner` is the publisher's sid. `announced_at` is when the others were told; `awaited_until` when they
    are told though no media has arrived. `codecs` are those that receivers are offered, with the publisher's
    payload types: what the main section may send, and the backup's.
    """

    sid: str
    owner: str
    kind: MediaKind
    info: models.TrackInfo
    codecs: tuple[Codec, ...] = ()
    announced_at: float | None = None
    awaited_until: float = inf
    muted_seconds: float = 0.0  # while announced
    muted_since: float | None = None
    muted_by_other: bool = False  # the server API has muted it, and its publisher has not said so yet
    main: Rendition = field(init=False)
    backup: Rendition | None = None

    @property
    def announced(self) -> bool:
        """Whether the others know of it."""
        return self.announced_at is not None

    @property
    def renditions(self) -> list[Rendition]:
        """The main one first."""
        return [self.main] if self.backup is None else [self.main, self.backup]

    @property
    def is_regressed(self) -> bool:
        """Whether all are sent the backup who can play it, as its publisher wanted once somebody needs it."""
        wanted = self.info.backup_codec_policy == models.BackupCodecPolicy.REGRESSION
        return wanted and self.backup is not None and self.backup.flows

    @property
    def preferred(self) -> list[Rendition]:
        """What there is of it; what everybody is sent who can play it comes first."""
        return self.renditions[::-1] if self.is_regressed else self.renditions

    def announce(self, payload_type: int, now: float) -> None:
        """The others are told of it, in the codec of this payload type."""
        self.announced_at = now
        self.count_mute(now)
        self.learn_type(payload_type)
        if self.kind is MediaKind.VIDEO:
            self.main.demand = Demand(self.main.encodings, now)
            if self.backup is not None:
                self.backup.demand = Demand(0, now, sends=False)

    def count_mute(self, now: float) -> None:
        """It was announced, muted or unmuted, or is over: the time so far is added up."""
        if self.muted_since is not None:
            self.muted_seconds += now - self.muted_since
        self.muted_since = now if self.announced and self.info.muted else None

    @property
    def likely_payload_type(self) -> int:
        """What the publisher will send as far as its description tells."""
        return self.main.mimes[0][0] if self.main.mimes else 0

    def learn_type(self, payload_type: int) -> bool:
        """Takes the type of the media that arrives in its main section. True when that is news."""
        mime = dict(self.main.mimes).get(payload_type, "")
        if mime in {"", self.info.mime_type}:
            return False
        self.info.mime_type = mime
        self.main.info.mime_type = mime
        return True

    def fitting(self, accepted: AcceptedTrack) -> Rendition | None:
        """What somebody is sent who accepts so much of `codecs`. None: nothing of it can be played."""
        taken = {each.incoming for each in accepted.payload_types}
        names = {codec.name for codec in self.codecs if codec.payload_type in taken}
        if names and (self.kind is MediaKind.AUDIO or not self.main.name):
            return self.main
        return next((one for one in self.preferred if one.name in names), None)


def is_bounded(request: AddTrackRequest) -> bool:
    """Whether a request is of a size that a client with honest intentions sends."""
    texts = [request.cid, request.name, request.stream]
    texts += [codec.cid for codec in request.simulcast_codecs]
    return (
        bool(request.cid)
        and max(map(len, texts)) <= MAX_TEXT
        and len(request.layers) <= MAX_LAYERS
        and len(request.simulcast_codecs) <= MAX_CODECS
        and all(len(codec.layers) <= MAX_LAYERS for codec in request.simulcast_codecs)
        and len(request.audio_features) <= MAX_FEATURES
        and len(request.packet_trailer_features) <= MAX_FEATURES
    )


def from_request(request: AddTrackRequest, owner: str, sid: str) -> Publication:
    """The publication that a bounded request asks for; every descriptive field is echoed."""
    kind = MediaKind.AUDIO if request.type == models.TrackType.AUDIO else MediaKind.VIDEO
    wanted = _wanted(request, kind)
    track = Publication(sid, owner, kind, _track_info(request, sid, wanted))
    first = request.simulcast_codecs[0].cid if request.simulcast_codecs else ""
    track.main = Rendition(track, wanted[0] if wanted else "", 0, request.cid, frozenset({first} - {""}))
    if len(wanted) > 1:
        track.backup = Rendition(track, wanted[1], 1)
    return track


def _wanted(request: AddTrackRequest, kind: MediaKind) -> list[str]:
    """The codecs of a track, by their bare names: the first that is named, or what everybody has where it is
    not published here, and one other as a backup. What is encrypted has none: SDKs send it in the clear."""
    named = [
        translate.codec_name(one.codec, audio=kind is MediaKind.AUDIO) for one in request.simulcast_codecs
    ]
    has_backup = kind is MediaKind.VIDEO and request.encryption == models.Encryption.Type.NONE
    others = [name for name in dict.fromkeys(named[1:]) if name not in {"", named[0]}]
    return named[:1] + (others[:1] if has_backup else [])


def _track_info(request: AddTrackRequest, sid: str, wanted: list[str]) -> models.TrackInfo:
    first = request.simulcast_codecs[0] if request.simulcast_codecs else None
    mime = translate.mime(wanted[0]) if wanted else ""
    layers = _by_quality(request.layers)
    main = models.SimulcastCodecInfo(
        mime_type=mime,
        cid=first.cid if first else request.cid,
        layers=_by_quality(first.layers) if first and first.layers else layers,
        video_layer_mode=first.video_layer_mode if first else models.VideoLayer.Mode.MODE_UNUSED,
    )
    backups = [
        models.SimulcastCodecInfo(mime_type=translate.mime(name), layers=layers) for name in wanted[1:]
    ]
    several_in_one = models.VideoLayer.Mode.MULTIPLE_SPATIAL_LAYERS_PER_STREAM
    return models.TrackInfo(
        sid=sid,
        type=request.type,
        name=request.name,
        muted=request.muted,
        width=request.width,
        height=request.height,
        simulcast=len(layers) > 1 and main.video_layer_mode != several_in_one,
        disable_dtx=request.disable_dtx,
        source=request.source,
        layers=layers,
        mime_type=mime,
        codecs=[main, *backups],
        stereo=request.stereo,
        # RED is taken apart for those who lack it: not where only participants can read what is in it.
        disable_red=request.disable_red or request.encryption != models.Encryption.Type.NONE,
        encryption=request.encryption,
        stream=request.stream or _default_stream(request.source),
        audio_features=_audio_features(request),
        backup_codec_policy=_policy(request) if backups else request.backup_codec_policy,
        packet_trailer_features=request.packet_trailer_features,
    )


def _policy(request: AddTrackRequest) -> models.BackupCodecPolicy:
    """What is followed. Where going over to the backup is only preferred, both are sent."""
    followed = {models.BackupCodecPolicy.SIMULCAST, models.BackupCodecPolicy.REGRESSION}
    policy = request.backup_codec_policy
    return policy if policy in followed else models.BackupCodecPolicy.SIMULCAST


def _by_quality(layers: Iterable[models.VideoLayer]) -> list[models.VideoLayer]:
    return sorted(layers, key=lambda layer: layer.quality)


def _default_stream(source: int) -> str:
    if source in {models.TrackSource.CAMERA, models.TrackSource.MICROPHONE}:
        return "camera"
    if source in {models.TrackSource.SCREEN_SHARE, models.TrackSource.SCREEN_SHARE_AUDIO}:
        return "screen"
    return ""


def _audio_features(request: AddTrackRequest) -> list[models.AudioTrackFeature]:
    """The list, completed from the two older booleans that it replaces."""
    features = list(dict.fromkeys(request.audio_features))
    if request.stereo and models.AudioTrackFeature.TF_STEREO not in features:
        features.append(models.AudioTrackFeature.TF_STEREO)
    if request.disable_dtx and models.AudioTrackFeature.TF_NO_DTX not in features:
        features.append(models.AudioTrackFeature.TF_NO_DTX)
    return features
