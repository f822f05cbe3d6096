"""What the answer to a publisher says of the track in a section, and what receivers are offered of it."""

from __future__ import annotations

from livekit.protocol import models

from server.room.publication import Publication
from server.room.rendition import Media, Rendition
from server.sdp.codecs import is_forwarded
from server.sdp.model import Codec
from server.sdp.negotiate import TrackOptions


def options_of(rendition: Rendition | None, *, firefox: bool) -> TrackOptions:
    """Of the section that carries it; None: what it carries is not known.

    Firefox sends a codec of its own choice among those of the answer (on Linux and Android), so it gets no
    choice.
    """
    if rendition is None:
        return TrackOptions()
    track = rendition.track
    features = models.AudioTrackFeature
    return TrackOptions(
        stereo=features.TF_STEREO in track.info.audio_features,
        dtx=features.TF_NO_DTX not in track.info.audio_features,
        red=_takes_red(track),
        preferred_codec=rendition.codec,
        takes_order=rendition.is_main and not firefox,
    )


def offered_codecs(main: Rendition, media: Media) -> tuple[Codec, ...]:
    """What receivers of a track are offered: what its main section may send, and those of the backup that
    its publisher has beyond that."""
    backup = main.track.backup
    if backup is None:
        return main.codecs
    return main.codecs + tuple(
        codec
        for codec in media.offered
        if codec.name == backup.codec and codec not in main.codecs and is_forwarded("video", codec)
    )


def _takes_red(track: Publication) -> bool:
    """Whether the answer has RED. A producer that the relay made without it keeps being sent none."""
    is_known = not track.main.producer or any(codec.name == "red" for codec in track.codecs)
    return is_known and not track.info.disable_red
