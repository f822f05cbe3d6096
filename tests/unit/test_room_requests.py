"""The small messages, and hostile ones: each is worked in, refused or ignored."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from livekit.protocol import models
from livekit.protocol.rtc import (
    AddTrackRequest,
    GetDataBlobRequest,
    MuteTrackRequest,
    Ping,
    PublishDataTrackRequest,
    RequestResponse,
    SessionDescription,
    SignalRequest,
    SimulateScenario,
    SyncState,
    TrickleRequest,
    UpdateLocalAudioTrack,
    UpdateLocalVideoTrack,
    UpdateParticipantMetadata,
    UpdateTrackSettings,
)

from server.room.inputs import Signal
from tests.unit.stage import START, Sending, Stage, subscribe_message

Reason = RequestResponse.Reason
MAY = {"can_update_own_metadata": True}


def test_both_pings_are_answered_in_milliseconds() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.signal(sid, ping=123)
    stage.signal(sid, ping_req=Ping(timestamp=456, rtt=7))
    assert stage.last(sid, "pong").pong == int(START * 1000)
    pong = stage.last(sid, "pong_resp").pong_resp
    assert (pong.last_ping_timestamp, pong.timestamp) == (456, int(START * 1000))


def test_metadata_changes_are_shown_and_acknowledged() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada", **MAY)
    change = UpdateParticipantMetadata(
        name="Ada L.", metadata="m", attributes={"a": "1", "b": "2"}, request_id=9
    )
    stage.signal(sid, update_metadata=change)
    stage.signal(sid, update_metadata=UpdateParticipantMetadata(attributes={"a": ""}, request_id=10))
    info = stage.last(watcher, "update").update.participants[0]
    assert (info.name, info.metadata, dict(info.attributes)) == ("Ada L.", "m", {"b": "2"})
    assert stage.last(sid, "update").update.participants[0].name == "Ada L."
    replies = [one.request_response for one in stage.sent(sid, "request_response")]
    assert [(one.request_id, one.reason) for one in replies] == [(9, Reason.OK), (10, Reason.OK)]


@pytest.mark.parametrize(
    ("grants", "change", "reason"),
    [
        ({}, UpdateParticipantMetadata(name="x"), Reason.NOT_ALLOWED),
        (MAY, UpdateParticipantMetadata(name="x" * 300), Reason.LIMIT_EXCEEDED),
        (MAY, UpdateParticipantMetadata(metadata="x" * (512 * 1024 + 1)), Reason.LIMIT_EXCEEDED),
        (MAY, UpdateParticipantMetadata(attributes={"a": "x" * 65536}), Reason.LIMIT_EXCEEDED),
    ],
)
def test_metadata_that_is_not_allowed_or_too_long_is_refused(
    grants: dict[str, bool], change: UpdateParticipantMetadata, reason: RequestResponse.Reason
) -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada", **grants)
    stage.forget()
    change.request_id = 3
    stage.signal(sid, update_metadata=change)
    response = stage.last(sid, "request_response").request_response
    assert (response.request_id, response.reason) == (3, reason)
    assert stage.sent(watcher) == []


def test_local_track_details_are_shown() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    sid = stage.enter("ada")
    mic = stage.publish(sid, Sending("audio", "0", "mic"))
    features = [models.AudioTrackFeature.TF_NOISE_SUPPRESSION]
    stage.signal(sid, update_audio_track=UpdateLocalAudioTrack(track_sid=mic, features=features))
    track = stage.last(watcher, "update").update.participants[0].tracks[0]
    assert list(track.audio_features) == features
    stage.signal(sid, update_video_track=UpdateLocalVideoTrack(track_sid=mic, width=3, height=4))
    track = stage.last(watcher, "update").update.participants[0].tracks[0]
    assert (track.width, track.height) == (3, 4)


def test_features_that_are_not_offered_are_refused_in_words_the_sdk_waits_for() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.signal(sid, publish_data_track_request=PublishDataTrackRequest(pub_handle=1, name="x"))
    stage.signal(sid, get_data_blob_request=GetDataBlobRequest(request_id=5))
    first, second = [one.request_response for one in stage.sent(sid, "request_response")]
    assert first.reason == second.reason == Reason.NOT_ALLOWED
    assert first.publish_data_track.pub_handle == 1
    assert second.request_id == 5


@pytest.mark.parametrize(
    "message",
    [
        {"trickle": TrickleRequest(candidateInit="{" * 1000, final=True)},
        {"mute": MuteTrackRequest(sid="TR_nosuchtrack", muted=True)},
        {"track_setting": UpdateTrackSettings(track_sids=["TR_nosuchtrack"] * 5000)},
        {"update_audio_track": UpdateLocalAudioTrack(track_sid="TR_nosuchtrack")},
        {"update_video_track": UpdateLocalVideoTrack(track_sid="")},
        {"sync_state": SyncState()},
        {"simulate": SimulateScenario(node_failure=True)},
        {"answer": SessionDescription(sdp="v=0", id=99)},
        subscribe_message(*(f"TR_{number}" for number in range(5000))),
        {},
    ],
)
def test_nonsense_changes_nothing(message: dict[str, object]) -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.forget()
    assert stage.signal(sid, **message) == []
    assert sid in stage.room.participants


def test_an_answer_that_cannot_be_used_sends_the_client_to_reconnect() -> None:
    stage = Stage()
    sid = stage.join("ada")
    stage.signal(sid, answer=SessionDescription(type="answer", sdp="v=0", id=1))
    assert stage.last(sid, "leave").leave.reason == models.DisconnectReason.STATE_MISMATCH


def test_what_a_client_may_make_the_server_remember_is_bounded() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    for batch in range(10):
        stage.signal(sid, **subscribe_message(*(f"TR_{batch}_{number}" for number in range(1000))))
    assert len(stage.participant(sid)._choices) <= 4096


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary(max_size=200), max_size=8))
def test_no_sequence_of_bytes_raises(frames: list[bytes]) -> None:
    stage = Stage()
    sid = stage.enter("ada")
    for frame in frames:
        try:
            request = SignalRequest.FromString(frame)
        except Exception:
            continue
        stage.put(Signal(sid, request))
    stage.pass_time(20)


TEXT = st.sampled_from(["", "a", "TR_x", "mic", "v=0\r\n", "x" * 300])
REQUESTS = st.one_of(
    st.builds(
        lambda cid, kind, source: {"add_track": AddTrackRequest(cid=cid, type=kind, source=source)},
        TEXT,
        st.sampled_from([0, 1, 2, 17]),
        st.sampled_from([0, 1, 4, 99]),
    ),
    st.builds(lambda sid, muted: {"mute": MuteTrackRequest(sid=sid, muted=muted)}, TEXT, st.booleans()),
    st.builds(subscribe_message, TEXT),
    st.builds(
        lambda sid, quality: {"track_setting": UpdateTrackSettings(track_sids=[sid], quality=quality)},
        TEXT,
        st.sampled_from([0, 3, 50]),
    ),
    st.builds(
        lambda features: {"update_audio_track": UpdateLocalAudioTrack(features=features)}, st.just([77])
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(REQUESTS, max_size=10))
def test_unknown_numbers_and_odd_words_do_not_raise(messages: list[dict[str, object]]) -> None:
    stage = Stage()
    sid = stage.enter("ada", **MAY)
    stage.publish(sid, Sending("audio", "0", "mic"))
    for message in messages:
        stage.signal(sid, **message)
    stage.pass_time(20)
