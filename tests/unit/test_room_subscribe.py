"""Subscribing: automatic and chosen, what the offer and the relay are told, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import (
    LeaveRequest,
    SubscriptionPermission,
    TrackPermission,
    UpdateTrackSettings,
)

from server.control.messages import (
    CloseConsumer,
    ConnectTransport,
    CreateConsumer,
    CreateProducer,
    PauseConsumer,
    SetPreferredLayer,
)
from server.room.effects import ToRelay
from server.sdp.subscriber import MAX_IDLE_SECTIONS
from tests.unit.stage import Sending, Stage, subscribe_message

MIC = Sending("audio", "0", "mic-cid")
CAMERA = Sending("video", "1", "camera-cid", rids=("q", "h", "f"))
ONE_STREAM = Sending("video", "1", "camera-cid")
TWO_LAYERS = Sending("video", "1", "camera-cid", rids=("q", "h"))


def settle(stage: Stage, sid: str) -> None:
    """Lets the offer that is due go out, and answers it."""
    stage.pass_time(0.1)
    stage.answer(sid)


def test_the_publisher_is_announced_before_the_offer_that_carries_its_track() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada")
    stage.forget()
    track = stage.publish(sid, MIC)
    stage.pass_time(0.1)
    kinds = [kind for kind in stage.kinds(watcher) if kind in {"update", "offer"}]
    assert kinds == ["update", "offer"]
    offer = stage.last(watcher, "offer").offer
    assert offer.id == 2
    assert f"a=msid:{sid}|{track} {track}" in offer.sdp


def test_the_answer_makes_the_consumer() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada")
    stage.publish(sid, MIC)
    stage.pass_time(0.1)
    assert stage.requests(CreateConsumer) == []
    stage.answer(watcher)
    (consumer,) = stage.requests(CreateConsumer)
    assert consumer.producer == stage.requests(CreateProducer)[-1].producer
    subscriber = stage.participant(watcher).subscriber
    assert subscriber is not None
    assert consumer.transport == subscriber.transport
    assert not consumer.paused
    assert [mapping.incoming for mapping in consumer.payload_types] == [111]
    assert f"a=ssrc:{consumer.ssrc} " in stage.last(watcher, "offer").offer.sdp
    connected = [one.transport for one in stage.requests(ConnectTransport)]
    assert connected.count(subscriber.transport) == 1


def test_who_comes_later_receives_what_is_there_once_it_is_active() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.publish(sid, MIC)
    late = stage.join("late")
    assert len(stage.last(late, "join").join.other_participants[0].tracks) == 1
    stage.answer(late)
    stage.pass_time(1)
    assert len(stage.sent(late, "offer")) == 1
    stage.connect(late)
    settle(stage, late)
    assert len(stage.requests(CreateConsumer)) == 1


def test_tracks_that_appear_together_share_one_offer_and_one_is_outstanding_at_a_time() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.forget()
    stage.publish(ada, MIC)
    stage.publish(bob, MIC)
    stage.pass_time(0.1)
    assert len(stage.sent(watcher, "offer")) == 1
    stage.publish(bob, Sending("video", "1", "cam"), number=3)
    stage.pass_time(1)
    assert len(stage.sent(watcher, "offer")) == 1
    stage.answer(watcher, number=0)
    stage.pass_time(0.1)
    assert [one.offer.id for one in stage.sent(watcher, "offer")] == [2, 3]


def test_an_answer_to_nothing_outstanding_is_ignored() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    stage.answer(watcher)
    stage.publish(stage.enter("ada"), MIC)
    stage.pass_time(0.1)
    stage.answer(watcher, number=1)
    assert stage.requests(CreateConsumer) == []
    stage.answer(watcher, number=2)
    assert len(stage.requests(CreateConsumer)) == 1


def test_an_offer_left_unanswered_sends_the_client_to_reconnect() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    stage.publish(stage.enter("ada"), MIC)
    stage.pass_time(16)
    leave = stage.last(watcher, "leave").leave
    assert leave.action == LeaveRequest.Action.RECONNECT
    assert leave.reason == models.DisconnectReason.STATE_MISMATCH
    assert watcher not in stage.room.participants


def test_without_auto_subscribe_only_what_is_chosen_comes_even_if_chosen_before_it_exists() -> None:
    stage = Stage()
    watcher = stage.enter("watcher", auto_subscribe=False)
    ada = stage.enter("ada")
    track = stage.publish(ada, MIC)
    stage.pass_time(1)
    assert len(stage.sent(watcher, "offer")) == 1
    stage.signal(watcher, **subscribe_message(track))
    settle(stage, watcher)
    assert len(stage.requests(CreateConsumer)) == 1
    stage.signal(watcher, **subscribe_message(track))
    stage.pass_time(1)
    assert len(stage.sent(watcher, "offer")) == 2


def test_unsubscribing_ends_the_consumer_and_another_track_takes_the_section() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    track = stage.publish(stage.enter("ada"), MIC)
    settle(stage, watcher)
    (consumer,) = stage.requests(CreateConsumer)
    stage.signal(watcher, **subscribe_message(track, subscribe=False))
    assert stage.requests(CloseConsumer) == [CloseConsumer(consumer.consumer)]
    settle(stage, watcher)
    assert "a=inactive" in stage.last(watcher, "offer").offer.sdp
    stage.publish(stage.enter("bob"), MIC)
    settle(stage, watcher)
    assert stage.last(watcher, "offer").offer.sdp.count("m=audio") == 1
    assert len(stage.requests(CreateConsumer)) == 2


def test_a_track_that_comes_back_has_another_section_within_bounds() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    track = stage.publish(stage.enter("ada"), MIC)
    settle(stage, watcher)
    for _ in range(3 * MAX_IDLE_SECTIONS):
        before = stage.last(watcher, "offer").offer.sdp
        stage.signal(watcher, **subscribe_message(track, subscribe=False))
        settle(stage, watcher)
        stage.signal(watcher, **subscribe_message(track))
        settle(stage, watcher)
    assert before.count("m=audio") == stage.last(watcher, "offer").offer.sdp.count("m=audio")
    assert before.count("m=audio") == MAX_IDLE_SECTIONS
    assert len(stage.requests(CreateConsumer)) == 1 + 3 * MAX_IDLE_SECTIONS


def test_a_track_that_ends_leaves_the_offer_and_its_identifiers() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    ada = stage.enter("ada")
    used = set(stage.relay.used)
    stage.publish(ada, MIC)
    settle(stage, watcher)
    assert len(stage.relay.used) == len(used) + 2
    stage.offer(ada, number=3)
    settle(stage, watcher)
    assert stage.relay.used == used
    assert "a=inactive" in stage.last(watcher, "offer").offer.sdp


def test_a_client_that_knows_no_codec_of_a_track_is_told_and_not_asked_again() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    track = stage.publish(stage.enter("ada"), MIC)
    stage.pass_time(0.1)
    stage.answer(watcher, refuse=True)
    response = stage.last(watcher, "subscription_response").subscription_response
    assert (response.track_sid, response.err) == (track, models.SubscriptionError.SE_CODEC_UNSUPPORTED)
    assert stage.requests(CreateConsumer) == []
    stage.signal(watcher, **subscribe_message(track))
    assert track not in (stage.participant(watcher).subscriber.tracks)  # type: ignore[union-attr]


def test_disabling_pauses_without_an_offer_and_enabling_resumes() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    track = stage.publish(stage.enter("ada"), CAMERA)
    settle(stage, watcher)
    consumer = stage.requests(CreateConsumer)[-1].consumer
    offers = len(stage.sent(watcher, "offer"))
    stage.signal(watcher, track_setting=UpdateTrackSettings(track_sids=[track], disabled=True))
    stage.signal(watcher, track_setting=UpdateTrackSettings(track_sids=[track], disabled=False))
    assert stage.requests(PauseConsumer) == [
        PauseConsumer(consumer, paused=True),
        PauseConsumer(consumer, paused=False),
    ]
    stage.pass_time(1)
    assert len(stage.sent(watcher, "offer")) == offers


def test_a_track_disabled_before_its_consumer_exists_begins_paused() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    track = stage.publish(stage.enter("ada"), CAMERA)
    stage.signal(watcher, track_setting=UpdateTrackSettings(track_sids=[track], disabled=True))
    settle(stage, watcher)
    assert stage.requests(CreateConsumer)[-1].paused


LAYERS = [
    models.VideoLayer(quality=models.VideoQuality.LOW, width=320, height=180),
    models.VideoLayer(quality=models.VideoQuality.MEDIUM, width=640, height=360),
    models.VideoLayer(quality=models.VideoQuality.HIGH, width=1280, height=720),
]


@pytest.mark.parametrize(
    ("camera", "wish", "layer"),
    [
        (CAMERA, UpdateTrackSettings(quality=models.VideoQuality.LOW), 0),
        (CAMERA, UpdateTrackSettings(quality=models.VideoQuality.MEDIUM), 1),
        (CAMERA, UpdateTrackSettings(quality=models.VideoQuality.HIGH), 2),
        (CAMERA, UpdateTrackSettings(quality=models.VideoQuality.LOW, width=600, height=300), 1),
        (CAMERA, UpdateTrackSettings(width=4000, height=3000), 2),
        (CAMERA, UpdateTrackSettings(width=100, height=100), 0),
        (TWO_LAYERS, UpdateTrackSettings(quality=models.VideoQuality.LOW), 0),
        (TWO_LAYERS, UpdateTrackSettings(quality=models.VideoQuality.MEDIUM), 1),
        (TWO_LAYERS, UpdateTrackSettings(quality=models.VideoQuality.HIGH), 1),
        (TWO_LAYERS, UpdateTrackSettings(width=320, height=180), 0),
        # Nearly covered: the next costs four times as much.
        (TWO_LAYERS, UpdateTrackSettings(width=320, height=200), 0),
        (TWO_LAYERS, UpdateTrackSettings(width=320, height=201), 1),
        (TWO_LAYERS, UpdateTrackSettings(width=356, height=180), 1),
        (TWO_LAYERS, UpdateTrackSettings(quality=models.VideoQuality.LOW, width=1280, height=720), 1),
    ],
)
def test_wishes_are_layers_by_count_not_by_letter(
    camera: Sending, wish: UpdateTrackSettings, layer: int
) -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    track = stage.publish(stage.enter("ada"), camera, layers=LAYERS[: len(camera.rids)])
    wish.track_sids.append(track)
    stage.signal(watcher, track_setting=wish)
    settle(stage, watcher)
    assert stage.requests(SetPreferredLayer)[-1].layer == layer


@pytest.mark.parametrize(
    ("mime", "wish", "told"),
    [
        ("video/VP9", UpdateTrackSettings(quality=models.VideoQuality.LOW), [(0, 0)]),
        ("video/VP9", UpdateTrackSettings(quality=models.VideoQuality.MEDIUM), [(1, 0)]),
        ("video/AV1", UpdateTrackSettings(quality=models.VideoQuality.HIGH), [(2, 0)]),
        ("video/AV1", UpdateTrackSettings(width=600, height=300, fps=15), [(1, 15)]),
        ("video/VP9", UpdateTrackSettings(quality=models.VideoQuality.HIGH, fps=1000), [(2, 255)]),
        ("video/VP8", UpdateTrackSettings(quality=models.VideoQuality.LOW), []),
        ("video/VP8", UpdateTrackSettings(quality=models.VideoQuality.LOW, fps=7), [(0, 7)]),
    ],
)
def test_the_layers_in_one_stream_are_those_of_codecs_that_have_them(
    mime: str, wish: UpdateTrackSettings, told: list[tuple[int, int]]
) -> None:
    stage = Stage()
    watcher, ada = stage.enter("watcher"), stage.enter("ada")
    codec = mime.lower().removeprefix("video/")
    track = stage.publish(ada, replace(ONE_STREAM, codecs=(codec,)), layers=LAYERS)
    wish.track_sids.append(track)
    stage.signal(watcher, track_setting=wish)
    settle(stage, watcher)
    assert [(one.layer, one.frame_rate) for one in stage.requests(SetPreferredLayer)] == told


def test_what_was_wished_while_disabled_holds_before_the_first_packet() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    track = stage.publish(stage.enter("ada"), CAMERA, layers=LAYERS)
    settle(stage, watcher)
    consumer = stage.requests(CreateConsumer)[-1].consumer
    for message in (
        UpdateTrackSettings(track_sids=[track], quality=models.VideoQuality.OFF),
        UpdateTrackSettings(track_sids=[track], disabled=True, width=320, height=180),
        UpdateTrackSettings(track_sids=[track], quality=models.VideoQuality.OFF, width=640, height=360),
    ):
        stage.signal(watcher, track_setting=message)
    assert [effect.request for effect in stage.log if isinstance(effect, ToRelay)][-4:] == [
        PauseConsumer(consumer, paused=True),
        SetPreferredLayer(consumer, 0),
        SetPreferredLayer(consumer, 1),
        PauseConsumer(consumer, paused=False),
    ]


def test_a_publisher_decides_who_receives() -> None:
    stage = Stage()
    bob, carl = stage.enter("bob"), stage.enter("carl")
    ada = stage.enter("ada")
    track = stage.publish(ada, MIC)
    settle(stage, bob)
    settle(stage, carl)
    stage.forget()
    only_bob = SubscriptionPermission(
        track_permissions=[TrackPermission(participant_identity="bob", track_sids=[track])]
    )
    stage.signal(ada, subscription_permission=only_bob)
    assert len(stage.requests(CloseConsumer)) == 1
    update = stage.last(carl, "subscription_permission_update").subscription_permission_update
    assert (update.participant_sid, update.track_sid, update.allowed) == (ada, track, False)
    assert stage.sent(bob) == []
    stage.signal(carl, **subscribe_message(track))
    settle(stage, carl)
    assert stage.requests(CreateConsumer) == []
    stage.signal(ada, subscription_permission=SubscriptionPermission(all_participants=True))
    settle(stage, carl)
    assert len(stage.requests(CreateConsumer)) == 1


def test_nobody_receives_without_the_grant_and_nobody_receives_itself() -> None:
    stage = Stage()
    stage.enter("watcher", can_subscribe=False)
    ada = stage.join("ada")
    stage.answer(ada)
    stage.connect(ada)
    stage.publish(ada, MIC)
    stage.pass_time(1)
    assert len(stage.sent(ada, "offer")) == 1
    assert stage.requests(CreateConsumer) == []
