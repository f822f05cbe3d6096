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
from server.sdp.model import Codec

MAX_TEXT = 256  # cid, track name, stream name
MAX_LAYERS = 4
MAX_CODECS = 4
MAX_FEATURES = 16
_LAYERED_MIMES = frozenset({"video/vp9", "video/av1"})


@dataclass(slots=True)
class Publication:
    """`owner` is the publisher's sid. `announced_at` is when the others were told; `awaited_until` when they
    are told though no media has arrived.

    `codecs` are those of the publisher's section that the answer kept, with the publisher's payload types.
    `demand` is that for a video which the others know of.
    """

    sid: str
    owner: str
    cid: str
    codec_cids: frozenset[str]
    kind: MediaKind
    preferred_codec: str
    info: models.TrackInfo
    mid: str = ""
    producer: int = 0
    encodings: int = 0
    codecs: tuple[Codec, ...] = ()
    mimes: dict[int, str] = field(default_factory=dict)
    demand: Demand | None = None
    announced_at: float | None = None
    awaited_until: float = inf
    is_refused: bool = False  # the relay had no room for its producer
    muted_seconds: float = 0.0  # while announced
    muted_since: float | None = None
    muted_by_other: bool = False  # the server API has muted it, and its publisher has not said so yet

    @property
    def announced(self) -> bool:
        """Whether the others know of it."""
        return self.announced_at is not None

    def count_mute(self, now: float) -> None:
        """It was announced, muted or unmuted, or is over: the time so far is added up."""
        if self.muted_since is not None:
            self.muted_seconds += now - self.muted_since
        self.muted_since = now if self.announced and self.info.muted else None

    @property
    def layer_count(self) -> int:
        """Layers to choose from: its encodings, or those in the one encoding of a codec that has them."""
        if self.encodings == 1 and self.info.mime_type.lower() in _LAYERED_MIMES:
            return max(len(self.info.layers), 1)
        return self.encodings

    @property
    def likely_payload_type(self) -> int:
        """What the publisher will send as far as its description tells."""
        return next(iter(self.mimes), 0)

    def learn_type(self, payload_type: int) -> bool:
        """Takes the type of the media that arrives. True when that is news."""
        mime = self.mimes.get(payload_type, "")
        if mime in {"", self.info.mime_type}:
            return False
        self.info.mime_type = mime
        self.info.codecs[0].mime_type = mime
        return True

    def sorted_layers(self) -> list[models.VideoLayer]:
        """The publisher's layers, lowest first."""
        return _by_quality(self.info.layers)


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
    first = request.simulcast_codecs[0] if request.simulcast_codecs else None
    codec = translate.codec_name(first.codec) if first else ""
    return Publication(
        sid=sid,
        owner=owner,
        cid=request.cid,
        codec_cids=frozenset(one.cid for one in request.simulcast_codecs if one.cid),
        kind=MediaKind.AUDIO if request.type == models.TrackType.AUDIO else MediaKind.VIDEO,
        preferred_codec=codec,
        info=_track_info(request, sid, codec),
    )


def _track_info(request: AddTrackRequest, sid: str, codec: str) -> models.TrackInfo:
    first = request.simulcast_codecs[0] if request.simulcast_codecs else None
    mime = translate.mime(codec)
    layers = _by_quality(request.layers)
    one_codec = models.SimulcastCodecInfo(
        mime_type=mime,
        cid=first.cid if first else request.cid,
        layers=_by_quality(first.layers) if first and first.layers else layers,
        video_layer_mode=first.video_layer_mode if first else models.VideoLayer.Mode.MODE_UNUSED,
    )
    several_in_one = models.VideoLayer.Mode.MULTIPLE_SPATIAL_LAYERS_PER_STREAM
    return models.TrackInfo(
        sid=sid,
        type=request.type,
        name=request.name,
        muted=request.muted,
        width=request.width,
        height=request.height,
        simulcast=len(layers) > 1 and one_codec.video_layer_mode != several_in_one,
        disable_dtx=request.disable_dtx,
        source=request.source,
        layers=layers,
        mime_type=mime,
        codecs=[one_codec],
        stereo=request.stereo,
        # RED is taken apart for those who lack it: not where only participants can read what is in it.
        disable_red=request.disable_red or request.encryption != models.Encryption.Type.NONE,
        encryption=request.encryption,
        stream=request.stream or _default_stream(request.source),
        audio_features=_audio_features(request),
        backup_codec_policy=request.backup_codec_policy,
        packet_trailer_features=request.packet_trailer_features,
    )


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
