"""SyncState: what a client that has come back says that it knows and wants, and what comes of it."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.protocol import models
from livekit.protocol.models import ParticipantPermission
from livekit.protocol.rtc import (
    AddTrackRequest,
    DataChannelReceiveState,
    LeaveRequest,
    SyncState,
    TrackPublishedResponse,
    UpdateSubscription,
)

from server.control.codec import LARGEST_REQUEST, encode
from server.control.messages import Heard, PauseConsumer, ReplayData
from server.room.departures import UNNOTICED_SECONDS
from server.room.inputs import AdminChange, Resume, SignalLost
from tests.unit.stage import Sending, Stage
from tests.unit.two_codecs import publishing, request

MIC = Sending("audio", "0", "mic-cid")


def published(*tracks: str) -> list[TrackPublishedResponse]:
    return [TrackPublishedResponse(cid=MIC.cid, track=models.TrackInfo(sid=sid)) for sid in tracks]


def come_back(stage: Stage, sid: str, state: SyncState) -> None:
    stage.put(SignalLost(sid))
    stage.put(Resume(sid))
    stage.forget()
    stage.signal(sid, sync_state=state)


def received(stage: Stage, sid: str) -> set[str]:
    subscriber = stage.participant(sid).subscriber
    assert subscriber is not None
    return set(subscriber.tracks)


def test_a_track_that_never_was_sends_the_client_to_join_anew() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    come_back(stage, ada, SyncState(publish_tracks=published("TR_unknown")))
    leave = stage.last(ada, "leave").leave
    assert leave.reason == models.DisconnectReason.STATE_MISMATCH
    assert leave.action == LeaveRequest.Action.RECONNECT


def test_a_track_that_was_taken_meanwhile_is_told_to_be_gone() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    track = stage.publish(ada, MIC)
    stage.put(SignalLost(ada))
    permission = ParticipantPermission(can_subscribe=True, can_publish=False)
    stage.put(AdminChange("ada", "", "", {}, permission))
    stage.put(Resume(ada))
    stage.signal(ada, sync_state=SyncState(publish_tracks=published(track)))
    assert stage.last(ada, "track_unpublished").track_unpublished.track_sid == track
    assert ada in stage.room.participants


def test_a_track_whose_confirmation_was_lost_is_confirmed_again_and_no_other() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    track = stage.publish(ada, MIC)
    stage.signal(ada, add_track=AddTrackRequest(cid="lost", type=models.TrackType.AUDIO))
    come_back(stage, ada, SyncState(publish_tracks=published(track)))
    (again,) = stage.sent(ada, "track_published")
    assert again.track_published.cid == "lost"


def test_a_backup_whose_confirmation_was_lost_is_confirmed_again_and_no_earlier_one() -> None:
    stage = Stage()
    ada, track = publishing(stage)
    stage.signal(ada, add_track=request(track))
    state = SyncState(publish_tracks=published(track))
    stage.put(SignalLost(ada))
    stage.put(Resume(ada))
    stage.answer(ada)
    stage.forget()
    stage.signal(ada, sync_state=state)
    (again,) = stage.sent(ada, "track_published")
    assert (again.track_published.cid, again.track_published.track.sid) == ("clone", track)
    stage.pass_time(UNNOTICED_SECONDS + 1)
    come_back(stage, ada, state)
    assert ada in stage.room.participants
    assert stage.sent(ada, "track_published") == []


@pytest.mark.parametrize("automatic", [True, False])
def test_the_list_has_the_exceptions_from_what_the_client_does_by_itself(automatic: bool) -> None:
    stage = Stage()
    ada, bob = stage.enter("ada", auto_subscribe=automatic), stage.enter("bob")
    tracks = {
        stage.publish(bob, MIC),
        stage.publish(stage.enter("cid"), Sending("audio", "0", "other-cid")),
    }
    listed = min(tracks)
    state = SyncState(subscription=UpdateSubscription(track_sids=[listed], subscribe=not automatic))
    come_back(stage, ada, state)
    assert received(stage, ada) == (tracks - {listed} if automatic else {listed})
    come_back(stage, ada, SyncState(subscription=UpdateSubscription(subscribe=not automatic)))
    assert received(stage, ada) == (tracks if automatic else set())


def test_what_is_turned_off_is_paused_and_what_is_not_goes_on() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    track = stage.publish(bob, MIC)
    stage.pass_time(1)
    stage.answer(ada)
    come_back(stage, ada, SyncState(track_sids_disabled=[track]))
    assert [one.paused for one in stage.requests(PauseConsumer)] == [True]
    come_back(stage, ada, SyncState())
    assert [one.paused for one in stage.requests(PauseConsumer)] == [False]


def test_it_counts_once_each_time_that_a_client_has_come_back_and_never_otherwise() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    strange = SyncState(publish_tracks=published("TR_unknown"))
    stage.signal(ada, sync_state=strange)
    come_back(stage, ada, SyncState())
    stage.signal(ada, sync_state=strange)
    assert ada in stage.room.participants


def test_data_that_may_be_missing_is_asked_for_by_what_has_been_heard() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    heard = [DataChannelReceiveState(publisher_sid="PA_bob", last_seq=7)]
    heard.append(DataChannelReceiveState(publisher_sid="x" * 1000, last_seq=7))
    come_back(stage, ada, SyncState(datachannel_receive_states=heard))
    assert stage.requests(ReplayData) == [ReplayData(stage.participant(ada).member, [Heard("PA_bob", 7)])]
    come_back(stage, ada, SyncState())
    assert not stage.requests(ReplayData)


WORDS = st.sampled_from(["", "TR_x", "PA_x", "x" * 300, "\x00"])
STATES = st.builds(
    SyncState,
    publish_tracks=st.lists(
        st.builds(
            lambda cid, sid: TrackPublishedResponse(cid=cid, track=models.TrackInfo(sid=sid)), WORDS, WORDS
        ),
        max_size=3,
    ),
    subscription=st.builds(
        UpdateSubscription, track_sids=st.lists(WORDS, max_size=3), subscribe=st.booleans()
    ),
    track_sids_disabled=st.lists(WORDS, max_size=3),
    datachannel_receive_states=st.lists(
        st.builds(DataChannelReceiveState, publisher_sid=WORDS, last_seq=st.integers(0, 2**32 - 1)),
        max_size=3,
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(STATES, st.binary(max_size=60)), max_size=4))
def test_no_state_raises_and_whoever_has_an_impossible_one_joins_anew(
    states: list[SyncState | bytes],
) -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.publish(stage.enter("bob"), MIC)
    for one in states:
        try:
            state = SyncState.FromString(one) if isinstance(one, bytes) else one
        except DecodeError:
            continue
        if ada in stage.room.participants:
            come_back(stage, ada, state)
        for replay in stage.requests(ReplayData):
            assert encode(replay, LARGEST_REQUEST)
    if ada not in stage.room.participants:
        leave = stage.last(ada, "leave").leave
        assert leave.action == LeaveRequest.Action.RECONNECT


def test_the_largest_state_fits_into_what_a_relay_takes() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    heard = [DataChannelReceiveState(publisher_sid="x" * 32, last_seq=2**32 - 1)] * 5000
    come_back(stage, ada, SyncState(datachannel_receive_states=heard))
    (request,) = stage.requests(ReplayData)
    assert encode(request, LARGEST_REQUEST)
