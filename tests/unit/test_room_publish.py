"""Publishing: AddTrack and offer in either order, what the relay is asked, and when others learn of it."""

from __future__ import annotations

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import (
    AddTrackRequest,
    LeaveRequest,
    MuteTrackRequest,
    RequestResponse,
    SessionDescription,
    SimulcastCodec,
)

from server.control.messages import (
    CloseProducer,
    CreateProducer,
    MediaKind,
    PauseProducer,
    RequestKeyFrame,
)
from server.room.effects import TrackPublished, TrackUnpublished
from server.room.publisher import MAX_PENDING
from tests.unit.descriptions import offer, read, section_of
from tests.unit.stage import Sending, Stage

AUDIO, VIDEO = models.TrackType.AUDIO, models.TrackType.VIDEO
MIC = Sending("audio", "0", "mic-cid")
CAMERA = Sending("video", "1", "camera-cid", rids=("q", "h", "f"))
Reason = RequestResponse.Reason


def test_the_reply_comes_at_once_and_echoes_the_request() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    layers = [models.VideoLayer(quality=models.VideoQuality.HIGH, width=1280, height=720, rid="f")]
    layers += [models.VideoLayer(quality=models.VideoQuality.LOW, width=320, height=180, rid="q")]
    stage.signal(
        sid,
        add_track=AddTrackRequest(
            cid="camera-cid",
            name="front",
            type=VIDEO,
            source=models.TrackSource.CAMERA,
            width=1280,
            height=720,
            layers=layers,
            simulcast_codecs=[SimulcastCodec(codec="vp8", cid="camera-cid")],
        ),
    )
    published = stage.last(sid, "track_published").track_published
    track = published.track
    assert published.cid == "camera-cid"
    assert track.sid.startswith("TR_")
    assert (track.name, track.width, track.height, track.stream) == ("front", 1280, 720, "camera")
    assert [layer.rid for layer in track.layers] == ["q", "f"]
    assert track.simulcast
    assert [codec.mime_type for codec in track.codecs] == ["video/VP8"]


@pytest.mark.parametrize("offer_first", [False, True])
def test_request_and_offer_may_come_in_either_order(offer_first: bool) -> None:
    stage = Stage()
    sid = stage.enter("ada")
    request = AddTrackRequest(cid="camera-cid", type=VIDEO)
    if offer_first:
        stage.offer(sid, CAMERA, number=2)
        assert stage.requests(CreateProducer) == []
        stage.signal(sid, add_track=request)
    else:
        stage.signal(sid, add_track=request)
        stage.offer(sid, CAMERA, number=2)
    (producer,) = stage.requests(CreateProducer)
    assert producer.kind is MediaKind.VIDEO
    assert producer.mid == "1"
    assert producer.transport == stage.participant(sid).publisher.transport
    assert [encoding.rid for encoding in producer.encodings] == ["q", "h", "f"]


def test_exact_matches_win_over_order() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    for cid in ("first", "second"):
        stage.signal(sid, add_track=AddTrackRequest(cid=cid, name=cid, type=AUDIO))
    stage.offer(sid, Sending("audio", "0", "second"), Sending("audio", "1", "first"), number=2)
    tracks = stage.participant(sid).publisher.tracks.values()
    assert {track.info.name: track.main.mid for track in tracks} == {"second": "0", "first": "1"}


def test_firefox_rewrites_cids_and_is_matched_by_kind() -> None:
    stage = Stage()
    sid = stage.enter("ada", browser="Firefox")
    stage.signal(sid, add_track=AddTrackRequest(cid="asked", type=AUDIO))
    stage.offer(sid, Sending("audio", "0", "written"), number=2)
    (track,) = stage.participant(sid).publisher.tracks.values()
    assert track.main.producer
    assert track.info.codecs[0].sdp_cid == "written"


@pytest.mark.parametrize(("browser", "codecs"), [("Firefox", {"VP9"}), ("Chrome", {"VP8", "VP9", "AV1"})])
def test_only_firefox_is_answered_nothing_but_the_codec_it_asks_for(browser: str, codecs: set[str]) -> None:
    stage = Stage()
    sid = stage.enter("ada", browser=browser)
    _, cid = section_of(offer("firefox_simulcast"), "video").msid or ("", "")
    asked = SimulcastCodec(codec="vp9", cid=cid)
    stage.signal(sid, add_track=AddTrackRequest(cid=cid, type=VIDEO, simulcast_codecs=[asked]))
    stage.signal(sid, offer=SessionDescription(type="offer", sdp=read("firefox_simulcast"), id=2))
    answer = stage.last(sid, "answer").answer.sdp
    assert {name for name in ("VP8", "VP9", "AV1") if f"{name}/90000" in answer} == codecs


def test_others_are_matched_by_kind_only_after_the_exact_match_had_time() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.signal(sid, add_track=AddTrackRequest(cid="asked", type=AUDIO))
    stage.offer(sid, Sending("audio", "0", "written"), number=2)
    assert stage.requests(CreateProducer) == []
    stage.pass_time(1)
    assert len(stage.requests(CreateProducer)) == 1


def test_others_learn_of_a_track_when_its_media_arrives_with_its_type() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada")
    stage.signal(sid, add_track=AddTrackRequest(cid="mic-cid", type=AUDIO))
    stage.forget()
    stage.offer(sid, MIC, number=2)
    assert stage.sent(watcher) == []
    stage.media(MIC)
    (info,) = stage.last(watcher, "update").update.participants
    assert info.is_publisher
    assert [(track.mime_type, track.mid) for track in info.tracks] == [("audio/opus", "0")]
    (fact,) = [fact for fact in stage.facts() if isinstance(fact, TrackPublished)]
    assert (fact.identity, fact.kind, fact.mime) == ("ada", MediaKind.AUDIO, "audio/opus")


def test_versions_of_a_participant_only_grow() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada")
    track = stage.publish(sid, MIC)
    for muted in (True, False):
        stage.signal(sid, mute=MuteTrackRequest(sid=track, muted=muted))
    infos = [one.update.participants[0] for one in stage.sent(watcher, "update")]
    versions = [info.version for info in infos if info.sid == sid]
    assert versions == sorted(set(versions))
    assert len(versions) == 4


@pytest.mark.parametrize("how", ["inactive", "gone"])
def test_a_section_that_stops_sending_ends_its_track(how: str) -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada")
    track = stage.publish(sid, MIC)
    producer = stage.requests(CreateProducer)[-1].producer
    stage.forget()
    sections = [Sending("audio", "0", "", direction="inactive")] if how == "inactive" else []
    stage.offer(sid, *sections, number=3)
    assert stage.requests(CloseProducer) == [CloseProducer(producer)]
    assert list(stage.last(watcher, "update").update.participants[0].tracks) == []
    (fact,) = [fact for fact in stage.facts() if isinstance(fact, TrackUnpublished)]
    assert fact.track == track
    assert stage.kinds(sid) == ["answer"]


def test_a_section_may_carry_another_track_later() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.publish(sid, MIC)
    stage.signal(sid, add_track=AddTrackRequest(cid="other-cid", type=AUDIO))
    stage.offer(sid, Sending("audio", "0", "other-cid"), number=3)
    first, second = stage.requests(CreateProducer)
    assert stage.requests(CloseProducer) == [CloseProducer(first.producer)]
    assert second.mid == "0"
    (track,) = stage.participant(sid).publisher.tracks.values()
    assert track.main.cid == "other-cid"


def test_a_cid_in_use_waits_until_the_first_track_ends() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.publish(sid, MIC)
    stage.signal(sid, add_track=AddTrackRequest(cid="mic-cid", type=AUDIO))
    assert stage.last(sid, "request_response").request_response.reason == Reason.QUEUED
    assert len(stage.sent(sid, "track_published")) == 1
    stage.offer(sid, Sending("audio", "0", "", direction="inactive"), number=3)
    assert len(stage.sent(sid, "track_published")) == 2


def test_mute_is_shown_to_others_and_stops_the_producer() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada")
    track = stage.publish(sid, CAMERA)
    producer = stage.requests(CreateProducer)[-1].producer
    stage.forget()
    stage.signal(sid, mute=MuteTrackRequest(sid=track, muted=True))
    assert stage.last(watcher, "update").update.participants[0].tracks[0].muted
    assert stage.requests(PauseProducer) == [PauseProducer(producer, paused=True)]
    stage.signal(sid, mute=MuteTrackRequest(sid=track, muted=True))
    assert len(stage.sent(watcher, "update")) == 1
    stage.signal(sid, mute=MuteTrackRequest(sid=track, muted=False))
    assert not stage.last(watcher, "update").update.participants[0].tracks[0].muted
    assert stage.requests(PauseProducer)[-1] == PauseProducer(producer, paused=False)
    assert stage.requests(RequestKeyFrame) == [RequestKeyFrame(producer)]
    assert stage.sent(sid, "update") == []


@pytest.mark.parametrize(
    ("grants", "request_", "reason"),
    [
        ({"can_publish": False}, AddTrackRequest(cid="a", type=AUDIO), Reason.NOT_ALLOWED),
        (
            {"can_publish_sources": ("microphone",)},
            AddTrackRequest(cid="a", type=VIDEO, source=models.TrackSource.CAMERA),
            Reason.NOT_ALLOWED,
        ),
        ({}, AddTrackRequest(cid="a", type=models.TrackType.DATA), Reason.UNSUPPORTED_TYPE),
        ({}, AddTrackRequest(cid="", type=AUDIO), Reason.INVALID_REQUEST),
        ({}, AddTrackRequest(cid="a" * 300, type=AUDIO), Reason.INVALID_REQUEST),
        ({}, AddTrackRequest(cid="a", type=VIDEO, sid="TR_nosuchtrack"), Reason.NOT_FOUND),
    ],
)
def test_refusals_say_why(
    grants: dict[str, object], request_: AddTrackRequest, reason: RequestResponse.Reason
) -> None:
    stage = Stage()
    sid = stage.enter("ada", **grants)
    stage.signal(sid, add_track=request_)
    refusal = stage.last(sid, "request_response").request_response
    assert refusal.reason == reason
    assert refusal.add_track.cid == request_.cid
    assert stage.sent(sid, "track_published") == []


def test_a_source_that_is_granted_may_be_published() -> None:
    stage = Stage()
    sid = stage.enter("ada", can_publish_sources=("microphone",))
    stage.publish(sid, MIC, source=models.TrackSource.MICROPHONE)
    assert len(stage.requests(CreateProducer)) == 1


def test_nothing_is_received_from_who_may_not_publish_however_it_offers() -> None:
    stage = Stage()
    sid = stage.enter("ada", can_publish=False)
    stage.offer(sid, MIC, CAMERA, number=2)
    stage.pass_time(5)
    assert stage.requests(CreateProducer) == []


def test_pending_tracks_are_limited() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    for number in range(MAX_PENDING + 1):
        stage.signal(sid, add_track=AddTrackRequest(cid=f"cid-{number}", type=AUDIO))
    assert len(stage.sent(sid, "track_published")) == MAX_PENDING
    assert stage.last(sid, "request_response").request_response.reason == Reason.LIMIT_EXCEEDED


@pytest.mark.parametrize("text", ["", "v=0", "nonsense", "v=0\r\nm=audio 9 X 1\r\n", "m=" * 1000])
def test_an_offer_that_cannot_be_used_sends_the_client_to_reconnect(text: str) -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.signal(sid, offer=SessionDescription(type="offer", sdp=text, id=2))
    leave = stage.last(sid, "leave").leave
    assert leave.reason == models.DisconnectReason.STATE_MISMATCH
    assert leave.action == LeaveRequest.Action.RECONNECT
    assert sid not in stage.room.participants
