"""Tracks of which nothing comes: others learn of them all the same, so that their clients need not wait."""

from __future__ import annotations

from livekit.protocol import models
from livekit.protocol.rtc import AddTrackRequest, MuteTrackRequest, SessionDescription

from server.control.messages import CreateConsumer, PauseProducer, ProducerLayers
from server.room.inputs import RelayNotified
from server.room.publisher import AWAITED_SECONDS
from tests.unit.descriptions import offer, read, section_of
from tests.unit.stage import Sending, Stage

VIDEO = models.TrackType.VIDEO
CAMERA = Sending("video", "1", "camera-cid", rids=("q", "h", "f"))


def publish_silently(stage: Stage, sid: str, *, muted: bool = False) -> None:
    """A camera that sends nothing."""
    stage.signal(sid, add_track=AddTrackRequest(cid=CAMERA.cid, type=VIDEO, muted=muted))
    stage.offer(sid, CAMERA, number=2)


def test_a_track_that_sends_nothing_is_announced_after_a_second() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada")
    publish_silently(stage, sid)
    stage.forget()
    stage.pass_time(AWAITED_SECONDS - 0.1)
    assert stage.sent(watcher, "update") == []
    stage.pass_time(0.2)
    (info,) = stage.last(watcher, "update").update.participants
    assert [(track.mime_type, track.mid) for track in info.tracks] == [("video/VP8", "1")]
    stage.pass_time(0.1)
    stage.answer(watcher)
    assert len(stage.requests(CreateConsumer)) == 1
    (track,) = stage.participant(sid).published()
    stage.forget()
    stage.put(RelayNotified(ProducerLayers(track.main.producer, 96, 1)))
    assert stage.sent(watcher, "update") == []


def test_nothing_is_announced_of_who_is_not_connected() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.join("ada")
    stage.answer(sid)
    publish_silently(stage, sid)
    stage.forget()
    stage.pass_time(30)
    assert stage.sent(watcher, "update") == []
    stage.connect(sid)
    stage.pass_time(AWAITED_SECONDS)
    assert len(stage.last(watcher, "update").update.participants[0].tracks) == 1


def test_the_type_of_media_that_comes_late_is_shown_when_it_is_another() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada", browser="Firefox")
    _, cid = section_of(offer("firefox_simulcast"), "video").msid or ("", "")
    stage.signal(sid, add_track=AddTrackRequest(cid=cid, type=VIDEO))
    stage.signal(sid, offer=SessionDescription(type="offer", sdp=read("firefox_simulcast"), id=2))
    stage.pass_time(AWAITED_SECONDS)
    (track,) = stage.participant(sid).published()
    assert stage.last(watcher, "update").update.participants[0].tracks[0].mime_type == "video/VP8"
    number = next(number for number, mime in track.main.mimes if mime == "video/VP9")
    stage.put(RelayNotified(ProducerLayers(track.main.producer, number, 1)))
    assert stage.last(watcher, "update").update.participants[0].tracks[0].mime_type == "video/VP9"


def test_a_track_that_begins_muted_is_shown_muted() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada")
    publish_silently(stage, sid, muted=True)
    stage.pass_time(AWAITED_SECONDS)
    (track,) = stage.last(watcher, "update").update.participants[0].tracks
    assert track.muted
    stage.signal(sid, mute=MuteTrackRequest(sid=track.sid, muted=False))
    assert [one.paused for one in stage.requests(PauseProducer)] == [True, False]
    assert not stage.last(watcher, "update").update.participants[0].tracks[0].muted
