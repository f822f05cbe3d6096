"""A video in a second codec for those who cannot decode the first: asked for, sent, and called off."""

from __future__ import annotations

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import AddTrackRequest, MuteTrackRequest, RequestResponse, SimulcastCodec

from server.control.messages import (
    CloseConsumer,
    CloseProducer,
    CreateConsumer,
    CreateProducer,
    PauseProducer,
    PayloadMapping,
    ProducerLayers,
    Receiver,
    SetPreferredLayer,
)
from server.room.demand import PATIENCE_SECONDS
from server.room.inputs import RelayNotified
from server.room.reception import Reception
from server.room.subscriber import BACKUP_SECONDS
from tests.unit.stage import PAYLOAD_TYPES, Sending, Stage, subscribe_message
from tests.unit.two_codecs import (
    BACKUP,
    BOTH,
    MAIN,
    QUALITY,
    VIDEO,
    publishing,
    request,
    send_backup,
    settle,
    told,
)

Reason = RequestResponse.Reason


def test_a_track_in_two_codecs_is_told_with_both_and_the_policy_that_is_followed() -> None:
    stage = Stage()
    sid, _ = publishing(stage)
    info = stage.last(sid, "track_published").track_published.track
    assert [(one.mime_type, one.cid) for one in info.codecs] == [("video/VP9", "camera"), ("video/VP8", "")]
    assert info.backup_codec_policy == models.BackupCodecPolicy.SIMULCAST


def test_while_everybody_can_play_the_main_codec_the_other_is_not_asked_for() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid, _ = publishing(stage)
    settle(stage, watcher)
    stage.pass_time(60)
    assert told(stage, sid) == []
    assert len(stage.requests(CreateConsumer)) == 1


def test_who_cannot_play_the_main_codec_is_sent_the_other_once_it_comes() -> None:
    stage = Stage()
    old, new = stage.enter("old"), stage.enter("new")
    sid, track = publishing(stage)
    settle(stage, old, without="vp9")
    settle(stage, new)
    stage.pass_time(0)
    assert told(stage, sid) == [{"vp9": 3, "vp8": 3}]
    (main,) = stage.requests(CreateProducer)
    assert [one.producer for one in stage.requests(CreateConsumer)] == [main.producer]
    backup = send_backup(stage, sid, track)
    assert backup.mid == "2"
    assert [one.rid for one in backup.encodings] == ["q", "h", "f"]
    confirmed = stage.last(sid, "track_published").track_published
    assert (confirmed.cid, confirmed.track.sid) == ("clone", track)
    assert [one.cid for one in confirmed.track.codecs] == ["camera", "clone"]
    consumer = stage.requests(CreateConsumer)[-1]
    assert consumer.producer == backup.producer
    assert consumer.payload_types == [PayloadMapping(PAYLOAD_TYPES["vp8"], PAYLOAD_TYPES["vp8"])]
    side = stage.participant(old).subscriber
    assert side is not None
    assert consumer.transport == side.transport
    assert stage.sent(old, "subscription_response") == []
    assert len(stage.requests(CreateConsumer)) == 2
    others = stage.last(new, "update").update.participants[0].tracks
    assert [(one.sid, [codec.mid for codec in one.codecs]) for one in others] == [(track, ["1", "2"])]


def test_with_one_connection_it_is_the_same() -> None:
    stage = Stage()
    old = stage.join("old", single=True)
    receiving = Sending("video", "v0", "", direction="recvonly")
    stage.offer(old, receiving)
    stage.connect(old)
    sid, track = publishing(stage)
    stage.pass_time(0.1)
    stage.offer(old, receiving, number=2)
    stage.pass_time(0)
    assert told(stage, sid) == [{"vp9": 3, "vp8": 3}]
    backup = send_backup(stage, sid, track)
    (consumer,) = stage.requests(CreateConsumer)
    assert consumer.producer == backup.producer
    stage.pass_time(60)
    assert told(stage, sid)[1:] == [{"vp9": 0, "vp8": 3}]


def test_the_backup_is_answered_in_its_codec_alone() -> None:
    stage = Stage()
    sid, track = publishing(stage)
    send_backup(stage, sid, track)
    main, backup = stage.last(sid, "answer").answer.sdp.split("m=video")[1:]
    assert ("VP9/90000" in main, "VP8/90000" in main) == (True, True)
    assert ("VP9/90000" in backup, "VP8/90000" in backup) == (False, True)


def test_a_request_that_comes_after_its_section_finds_it() -> None:
    stage = Stage()
    old = stage.enter("old")
    sid, track = publishing(stage)
    settle(stage, old, without="vp9")
    stage.offer(sid, MAIN, BACKUP, number=3)
    assert stage.requests(CreateConsumer) == []
    stage.signal(sid, add_track=request(track))
    (consumer,) = stage.requests(CreateConsumer)
    assert consumer.producer == stage.requests(CreateProducer)[-1].producer


def test_when_nobody_needs_it_any_more_it_is_called_off_and_asked_for_again_when_somebody_does() -> None:
    stage = Stage()
    old, new = stage.enter("old"), stage.enter("new")
    sid, track = publishing(stage)
    settle(stage, old, without="vp9")
    settle(stage, new)
    send_backup(stage, sid, track)
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, sid) == [{"vp9": 3, "vp8": 3}]
    stage.signal(old, leave={})
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, sid)[1:] == [{"vp9": 3, "vp8": 0}]
    back = stage.enter("old")
    settle(stage, back, without="vp9")
    stage.pass_time(0)
    assert told(stage, sid)[2:] == [{"vp9": 3, "vp8": 3}]
    assert len(stage.requests(CreateConsumer)) == 3


def test_the_main_codec_is_called_off_where_everybody_needs_the_backup() -> None:
    stage = Stage()
    old = stage.enter("old")
    sid, _ = publishing(stage)
    settle(stage, old, without="vp9")
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, sid) == [{"vp9": 3, "vp8": 3}, {"vp9": 0, "vp8": 3}]


def test_of_the_backup_too_no_more_is_asked_for_than_somebody_wants() -> None:
    stage = Stage()
    old = stage.enter("old")
    sid, track = publishing(stage)
    stage.signal(old, track_setting={"track_sids": [track], "quality": QUALITY.LOW})
    settle(stage, old, without="vp9")
    send_backup(stage, sid, track)
    consumer = stage.requests(CreateConsumer)[-1].consumer
    assert stage.requests(SetPreferredLayer)[-1] == SetPreferredLayer(consumer, 0, 0)
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, sid)[-1] == {"vp9": 0, "vp8": 1}
    stage.signal(old, track_setting={"track_sids": [track], "quality": QUALITY.HIGH})
    stage.pass_time(0)
    assert told(stage, sid)[-1] == {"vp9": 0, "vp8": 3}


def test_who_can_play_neither_is_told_at_once() -> None:
    stage = Stage()
    old = stage.enter("old")
    sid = stage.enter("ada")
    section = Sending("video", "1", "camera", codecs=("vp9", "vp8"))
    track = stage.publish(sid, section, simulcast_codecs=[SimulcastCodec(codec="vp9")])
    settle(stage, old, without="vp9")
    response = stage.last(old, "subscription_response").subscription_response
    assert (response.track_sid, response.err) == (track, models.SubscriptionError.SE_CODEC_UNSUPPORTED)
    assert stage.requests(CreateConsumer) == []
    # What it cannot play may be another codec later.
    producer = stage.requests(CreateProducer)[-1].producer
    stage.put(RelayNotified(ProducerLayers(producer, PAYLOAD_TYPES["vp8"], 1)))
    settle(stage, old, without="vp9")
    assert len(stage.requests(CreateConsumer)) == 1


@pytest.mark.parametrize("single", [False, True])
def test_another_track_is_taken_while_one_waits_for_its_backup(single: bool) -> None:
    stage = Stage()
    sections = [Sending("video", mid, "", direction="recvonly") for mid in ("v0", "v1")]
    old = stage.enter("old", single=single)
    sid, track = publishing(stage)
    number = iter(range(2, 10))

    def accept() -> None:
        stage.pass_time(0.1)
        if single:
            stage.offer(old, *sections, number=next(number))
        else:
            stage.answer(old, without="vp9")

    accept()
    stage.publish(stage.enter("bob"), Sending("video", "1", "other"))
    other = stage.requests(CreateProducer)[-1].producer
    accept()
    assert [one.producer for one in stage.requests(CreateConsumer)] == [other]
    assert stage.sent(old, "subscription_response") == []
    backup = send_backup(stage, sid, track).producer
    assert [one.producer for one in stage.requests(CreateConsumer)] == [other, backup]
    stage.pass_time(BACKUP_SECONDS)
    assert stage.sent(old, "subscription_response") == []
    assert stage.requests(CloseConsumer) == []


@pytest.mark.parametrize("single", [False, True])
def test_a_backup_that_does_not_come_is_not_waited_for_for_ever_and_taken_if_it_comes_at_last(
    single: bool,
) -> None:
    stage = Stage()
    receiving = Sending("video", "v0", "", direction="recvonly")
    more = Sending("video", "v1", "", direction="recvonly")
    old = stage.join("old", single=True) if single else stage.enter("old")
    if single:
        stage.offer(old, receiving)
        stage.connect(old)
    sid, track = publishing(stage)

    def accept(number: int) -> None:
        stage.pass_time(0.1)
        if single:
            stage.offer(old, receiving, more, number=number)
        else:
            stage.answer(old, without="vp9")

    accept(2)
    stage.pass_time(BACKUP_SECONDS - 1)
    assert stage.sent(old, "subscription_response") == []
    stage.pass_time(1)
    accept(3)
    response = stage.last(old, "subscription_response").subscription_response
    assert (response.track_sid, response.err) == (track, models.SubscriptionError.SE_CODEC_UNSUPPORTED)
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, sid)[-1] == {"vp9": 0, "vp8": 0}
    send_backup(stage, sid, track)
    accept(4)
    accept(5)
    assert len(stage.requests(CreateConsumer)) == 1


def test_receivers_of_both_are_listed_under_the_one_track() -> None:
    stage = Stage()
    old, new = stage.enter("old"), stage.enter("new")
    sid, track = publishing(stage)
    settle(stage, old, without="vp9")
    settle(stage, new)
    send_backup(stage, sid, track)
    lines = [
        Receiver(1, one.consumer, one.producer, one.transport, one.paused)
        for one in stage.requests(CreateConsumer)
    ]
    heard = Reception(stage.room, sid).read(lines, stage.now)
    assert [(one.sid, {listener.sid for listener in one.receivers}) for one in heard.tracks] == [
        (track, {old, new})
    ]


def test_a_muted_track_is_paused_in_both() -> None:
    stage = Stage()
    old = stage.enter("old")
    sid, track = publishing(stage)
    settle(stage, old, without="vp9")
    main = stage.requests(CreateProducer)[-1].producer
    stage.signal(sid, mute=MuteTrackRequest(sid=track, muted=True))
    backup = send_backup(stage, sid, track).producer
    assert stage.requests(PauseProducer) == [
        PauseProducer(main, paused=True),
        PauseProducer(backup, paused=True),
    ]
    stage.forget()
    stage.signal(sid, mute=MuteTrackRequest(sid=track, muted=False))
    assert [(one.producer, one.paused) for one in stage.requests(PauseProducer)] == [
        (main, False),
        (backup, False),
    ]


def test_with_the_track_the_backup_ends_and_leaves_no_identifier() -> None:
    stage = Stage()
    old = stage.enter("old")
    used = len(stage.relay.used)
    sid, track = publishing(stage)
    settle(stage, old, without="vp9")
    send_backup(stage, sid, track)
    before = {one.producer for one in stage.requests(CreateProducer)}
    stage.offer(sid, number=4)
    assert {one.producer for one in stage.requests(CloseProducer)} == before
    stage.signal(sid, leave={})
    stage.pass_time(10)
    assert len(stage.relay.used) == used


def test_a_backup_that_ends_alone_is_asked_for_again_and_sent_on_another_stream() -> None:
    stage = Stage()
    old = stage.enter("old")
    sid, track = publishing(stage)
    settle(stage, old, without="vp9")
    send_backup(stage, sid, track)
    (first,) = stage.requests(CreateConsumer)
    stage.offer(sid, MAIN, number=4)
    assert stage.requests(CloseConsumer) == []  # it went with its producer
    settle(stage, old, without="vp9")
    stage.pass_time(0)
    assert told(stage, sid)[-1] == {"vp9": 3, "vp8": 3}
    send_backup(stage, sid, track, number=5)
    second = stage.requests(CreateConsumer)[-1]
    assert second.ssrc != first.ssrc
    assert second.producer == stage.requests(CreateProducer)[-1].producer
    assert len(stage.participant(sid).published()) == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"codec": "av1"}, Reason.UNSUPPORTED_TYPE),
        ({"cid": "camera"}, Reason.INVALID_REQUEST),
    ],
)
def test_a_further_codec_is_taken_only_as_it_was_announced(
    changed: dict[str, str], reason: RequestResponse.Reason
) -> None:
    stage = Stage()
    sid, track = publishing(stage)
    stage.signal(sid, add_track=request(track, **changed))
    assert stage.last(sid, "request_response").request_response.reason == reason


def test_a_second_request_for_the_same_is_refused() -> None:
    stage = Stage()
    sid, track = publishing(stage)
    send_backup(stage, sid, track)
    stage.signal(sid, add_track=request(track, cid="again"))
    assert stage.last(sid, "request_response").request_response.reason == Reason.INVALID_REQUEST


def test_what_is_encrypted_has_no_backup() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    sealed = models.Encryption.Type.GCM
    track = stage.publish(sid, MAIN, simulcast_codecs=BOTH, encryption=sealed)
    info = stage.last(sid, "track_published").track_published.track
    assert [one.mime_type for one in info.codecs] == ["video/VP9"]
    stage.signal(sid, add_track=request(track))
    assert stage.last(sid, "request_response").request_response.reason == Reason.UNSUPPORTED_TYPE


def test_a_codec_that_is_not_published_here_is_told_as_one_that_is() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    codecs = [SimulcastCodec(codec="h265", cid="camera"), SimulcastCodec(codec="vp8")]
    stage.signal(sid, add_track=AddTrackRequest(cid="camera", type=VIDEO, simulcast_codecs=codecs))
    info = stage.last(sid, "track_published").track_published.track
    assert [one.mime_type for one in info.codecs] == ["video/VP8"]


def test_choosing_and_leaving_the_backup_again_and_again_leaves_nothing() -> None:
    stage = Stage()
    old = stage.enter("old")
    sid, track = publishing(stage)
    settle(stage, old, without="vp9")
    stage.pass_time(0)
    send_backup(stage, sid, track)
    used = len(stage.relay.used)
    for _ in range(20):
        stage.signal(old, **subscribe_message(track, subscribe=False))
        settle(stage, old, without="vp9")
        stage.signal(old, **subscribe_message(track))
        settle(stage, old, without="vp9")
    assert len(stage.relay.used) == used
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, sid) == [{"vp9": 3, "vp8": 3}, {"vp9": 0, "vp8": 3}]
