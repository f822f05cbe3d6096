"""A publisher with a main codec and a backup, and clients that lack one of them, on a `stage`."""

from __future__ import annotations

from livekit.protocol import models
from livekit.protocol.rtc import AddTrackRequest, SimulcastCodec

from server.control.messages import CreateProducer
from tests.unit.stage import Sending, Stage

VIDEO = models.TrackType.VIDEO
QUALITY = models.VideoQuality
MAIN = Sending("video", "1", "camera", codecs=("vp9", "vp8"))
BACKUP = Sending("video", "2", "clone", rids=("q", "h", "f"), codecs=("vp8", "vp9"))
BOTH = [SimulcastCodec(codec="vp9", cid="camera"), SimulcastCodec(codec="vp8")]
LAYERS = [
    models.VideoLayer(quality=quality, width=320 * 2**quality, height=180 * 2**quality)
    for quality in (QUALITY.LOW, QUALITY.MEDIUM, QUALITY.HIGH)
]


def settle(stage: Stage, sid: str, without: str = "") -> None:
    """Lets the offer that is due go out, and answers it."""
    stage.pass_time(0.1)
    stage.answer(sid, without=without)


def publishing(stage: Stage, policy: models.BackupCodecPolicy | None = None) -> tuple[str, str]:
    """Who publishes in VP9, with VP8 as a backup, and its track."""
    sid = stage.enter("ada")
    track = stage.publish(sid, MAIN, simulcast_codecs=BOTH, layers=LAYERS, backup_codec_policy=policy or 0)
    return sid, track


def request(track: str, **changed: object) -> AddTrackRequest:
    """As SDKs ask for the second codec of a track."""
    words = {"codec": "vp8", "cid": "clone", **changed}
    codec = SimulcastCodec(codec=str(words["codec"]), cid=str(words["cid"]), layers=LAYERS)
    return AddTrackRequest(
        cid=str(words["cid"]), type=VIDEO, sid=track, layers=LAYERS, simulcast_codecs=[codec]
    )


def send_backup(stage: Stage, sid: str, track: str, number: int = 3) -> CreateProducer:
    """Its publisher does as it was asked."""
    stage.signal(sid, add_track=request(track))
    stage.offer(sid, MAIN, BACKUP, number=number)
    return stage.requests(CreateProducer)[-1]


def told(stage: Stage, sid: str) -> list[dict[str, int]]:
    """How many qualities of each codec were enabled, message by message."""
    updates = [one.subscribed_quality_update for one in stage.sent(sid, "subscribed_quality_update")]
    return [
        {
            codec.codec: sum(quality.enabled for quality in codec.qualities)
            for codec in update.subscribed_codecs
        }
        for update in updates
    ]
