"""A client that lost its WebSocket: how long it is waited for, what it is told when it comes back, and what
the others see meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest, SubscriptionPermission

from server.control.messages import CloseTransport, CreateConsumer, RestartIce, TransportPhase
from server.room.absence import CLOSED_SECONDS
from server.room.departures import MOST, UNNOTICED_SECONDS
from server.room.effects import Disconnect, Effect, ParticipantLeft, ParticipantResumed, RenewToken
from server.room.inputs import (
    Admin,
    AdminDelete,
    AdminMute,
    AdminRemove,
    RelayLost,
    Resume,
    SignalEnd,
    SignalLost,
)
from server.room.limits import RoomLimits
from server.room.participant import GOODBYE_SECONDS
from server.room.resuming import may_resume
from server.room.subscriber import Subscriber
from server.sdp.parse import parse
from tests.unit.stage import FakeRelay, Sending, Stage

MIC = Sending("audio", "0", "mic-cid")
CAMERA = Sending("video", "1", "cam-cid")
GONE = models.ParticipantInfo.State.DISCONNECTED
SECONDS = RoomLimits().resume_seconds


def come_back(stage: Stage, sid: str) -> list[str]:
    """Resumes; the kinds of messages that the client is sent."""
    assert may_resume(stage.room, sid, stage.participant(sid).identity)
    stage.forget()
    stage.put(Resume(sid))
    return stage.kinds(sid)


def shown(stage: Stage, sid: str) -> dict[str, models.ParticipantInfo]:
    updates = [info for one in stage.sent(sid, "update") for info in one.update.participants]
    return {info.identity: info for info in updates}


def disconnected(effects: Sequence[Effect]) -> list[str]:
    return [effect.sid for effect in effects if isinstance(effect, Disconnect)]


def test_who_is_away_stays_and_nobody_sees_a_difference() -> None:
    stage = Stage()
    watcher, ada = stage.enter("watcher"), stage.enter("ada")
    stage.publish(ada, MIC)
    stage.pass_time(3)
    stage.answer(watcher)
    stage.forget()
    stage.put(SignalLost(ada))
    stage.pass_time(SECONDS - 1)
    assert ada in stage.room.participants
    assert "update" not in stage.kinds(watcher)
    assert not stage.requests(CloseTransport)


def test_who_does_not_come_back_in_time_is_gone_for_the_others() -> None:
    stage = Stage()
    watcher, ada = stage.enter("watcher"), stage.enter("ada")
    stage.put(SignalLost(ada))
    assert disconnected(stage.pass_time(SECONDS + 0.1)) == [ada]
    assert shown(stage, watcher)["ada"].state == GONE
    (left,) = [fact for fact in stage.facts() if isinstance(fact, ParticipantLeft)]
    assert (left.reason, left.signal) == (models.DisconnectReason.SIGNAL_CLOSE, SignalEnd.LOST)


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        (SignalEnd.GOODBYE, 0.0),
        (SignalEnd.SLOW_READER, 0.0),
        (SignalEnd.PROTOCOL_ERROR, 0.0),
        (SignalEnd.CLOSED, CLOSED_SECONDS),
        (SignalEnd.LOST, SECONDS),
    ],
)
def test_how_long_depends_on_how_the_connection_ended(end: SignalEnd, seconds: float) -> None:
    stage = Stage()
    ada = stage.enter("ada")
    began = stage.now
    stage.put(SignalLost(ada, end))
    while ada in stage.room.participants:
        due = stage.room.next_timeout()
        assert due is not None
        stage.pass_time(due - stage.now)
    assert stage.now - began == seconds


def test_who_was_never_ready_and_who_may_not_be_waited_for_leave_at_once() -> None:
    stage = Stage()
    ada = stage.join("ada")
    assert not may_resume(stage.room, ada, "ada")
    stage.put(SignalLost(ada))
    assert ada not in stage.room.participants
    stage = Stage(RoomLimits(resume_seconds=0))
    ada = stage.enter("ada")
    setting = stage.last(ada, "join").join.client_configuration.resume_connection
    assert setting == models.ClientConfigSetting.DISABLED
    assert not may_resume(stage.room, ada, "ada")


def test_the_media_that_ends_meanwhile_ends_the_wait() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.put(SignalLost(ada))
    stage.tell_transport(stage.participant(ada).publisher.transport, TransportPhase.LOST)
    assert not may_resume(stage.room, ada, "ada")
    assert disconnected(stage.pass_time(GOODBYE_SECONDS + 0.1)) == [ada]


def test_only_the_same_person_goes_on_and_only_where_its_session_is() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.put(SignalLost(ada))
    assert not may_resume(stage.room, ada, "bob")
    assert not may_resume(stage.room, "PA_unknown", "ada")
    stage.put(RelayLost())
    assert not may_resume(stage.room, ada, "ada")


def test_the_first_word_is_the_reconnect_response_and_then_everything_is_as_it_is() -> None:
    stage = Stage()
    watcher, ada = stage.enter("watcher"), stage.enter("ada")
    bob = stage.enter("bob")
    stage.put(SignalLost(ada))
    stage.signal(bob, leave=LeaveRequest())
    cid = stage.enter("cid")
    track = stage.publish(watcher, MIC)
    kinds = come_back(stage, ada)
    assert kinds[0] == "reconnect"
    assert kinds[-1] == "offer"
    reconnect = stage.last(ada, "reconnect").reconnect
    assert reconnect.server_info.protocol == 17
    assert reconnect.last_message_seq > 0
    assert reconnect.client_configuration.resume_connection == models.ClientConfigSetting.ENABLED
    view = shown(stage, ada)
    assert view["bob"].state == GONE
    assert (view["bob"].sid, view["ada"].sid, view["cid"].sid) == (bob, ada, cid)
    assert [one.sid for one in view["watcher"].tracks] == [track]
    assert stage.last(ada, "room_update").room_update.room.num_participants == 3


def test_nothing_is_sent_to_who_is_away_not_even_an_offer_that_nobody_answers() -> None:
    stage = Stage()
    watcher, ada = stage.enter("watcher"), stage.enter("ada")
    stage.put(SignalLost(ada))
    stage.forget()
    stage.publish(watcher, MIC)
    stage.pass_time(SECONDS - 1)
    assert stage.kinds(ada) == []
    come_back(stage, ada)
    (section,) = [one for one in parse(stage.last(ada, "offer").offer.sdp).sections if one.kind == "audio"]
    assert section.msid is not None
    stage.answer(ada)
    assert stage.requests(CreateConsumer)


def test_the_offer_begins_ice_anew_as_the_relay_was_told_before() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    before = parse(stage.last(ada, "offer").offer.sdp).sections[0].ice_ufrag
    stage.put(SignalLost(ada))
    come_back(stage, ada)
    section = parse(stage.last(ada, "offer").offer.sdp).sections[0]
    (restart,) = stage.requests(RestartIce)
    subscriber = stage.participant(ada).subscriber
    assert subscriber is not None
    assert restart.transport == subscriber.transport
    assert (restart.local_ufrag, restart.local_pwd) == (section.ice_ufrag, section.ice_pwd)
    assert section.ice_ufrag != before


def test_an_offer_whose_answer_was_lost_is_offered_again_and_not_held_against_the_client() -> None:
    stage = Stage()
    ada = stage.join("ada")
    stage.offer(ada)
    stage.answer(ada)
    stage.connect(ada)
    stage.publish(stage.enter("watcher"), MIC)
    stage.pass_time(1)
    first = stage.last(ada, "offer").offer.id
    stage.put(SignalLost(ada))
    come_back(stage, ada)
    assert stage.last(ada, "offer").offer.id == first + 1
    stage.answer(ada)
    stage.pass_time(60)
    assert ada in stage.room.participants


def comes_while_a_publisher_is_away(stage: Stage) -> tuple[str, Subscriber]:
    """Bob, while Ada is; he receives nothing of her."""
    ada = stage.enter("ada")
    stage.publish(ada, MIC)
    stage.put(SignalLost(ada))
    bob = stage.enter("bob")
    stage.pass_time(1)
    subscriber = stage.participant(bob).subscriber
    assert subscriber is not None
    assert not subscriber.tracks
    return ada, subscriber


def test_who_comes_while_a_publisher_is_away_receives_it_once_that_has_been_shown() -> None:
    stage = Stage()
    ada, subscriber = comes_while_a_publisher_is_away(stage)
    come_back(stage, ada)
    assert "bob" in shown(stage, ada)
    assert subscriber.tracks


def test_who_is_away_is_shown_nobody_by_being_lost_again() -> None:
    stage = Stage()
    ada, subscriber = comes_while_a_publisher_is_away(stage)
    stage.put(SignalLost(ada))
    stage.publish(ada, CAMERA)
    stage.pass_time(1)
    assert not subscriber.tracks
    stage.pass_time(60)
    assert ada not in stage.room.participants, "nor waited for anew"


def test_what_was_muted_by_somebody_else_is_told_before_the_client_sees_that_it_differs() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    track = stage.publish(ada, MIC)
    stage.put(SignalLost(ada))
    stage.put(AdminMute("ada", track, True))
    kinds = come_back(stage, ada)
    assert kinds.index("mute") < kinds.index("update")
    assert stage.last(ada, "mute").mute.muted


def test_permissions_to_subscribe_are_told_again() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    track = stage.publish(bob, MIC)
    stage.put(SignalLost(ada))
    stage.signal(bob, subscription_permission=SubscriptionPermission(all_participants=False))
    come_back(stage, ada)
    update = stage.last(ada, "subscription_permission_update").subscription_permission_update
    assert (update.track_sid, update.allowed) == (track, False)


def test_what_is_wanted_of_a_video_is_told_again() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    track = stage.publish(ada, CAMERA)
    stage.pass_time(10)
    stage.put(SignalLost(ada))
    come_back(stage, ada)
    update = stage.last(ada, "subscribed_quality_update").subscribed_quality_update
    assert update.track_sid == track
    assert not any(one.enabled for one in update.subscribed_qualities), "nobody watches"


def test_a_fresh_token_follows() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.pass_time(100)
    stage.put(SignalLost(ada))
    come_back(stage, ada)
    renewals = [effect.sid for effect in stage.pass_time(0.1) if isinstance(effect, RenewToken)]
    assert renewals == [ada]


def test_a_client_that_comes_back_before_the_server_noticed_is_told_the_same() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.signal(bob, leave=LeaveRequest())
    kinds = come_back(stage, ada)
    assert kinds[0] == "reconnect"
    assert shown(stage, ada)["bob"].state == GONE


def test_the_same_identity_anew_replaces_who_is_away() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.put(SignalLost(ada))
    again = stage.enter("ada")
    assert list(stage.room.participants) == [again]
    (left,) = [fact for fact in stage.facts() if isinstance(fact, ParticipantLeft)]
    assert left.reason == models.DisconnectReason.SIGNAL_CLOSE


def test_who_was_away_when_its_relay_died_leaves_nothing() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.put(SignalLost(ada))
    stage.put(RelayLost())
    assert stage.room.participants == {}
    stage.relay = FakeRelay(count=100)
    stage.enter("ada")


@pytest.mark.parametrize("how", [AdminRemove("ada"), AdminDelete()])
def test_who_is_removed_while_away_cannot_go_on(how: Admin) -> None:
    stage = Stage()
    watcher, ada = stage.enter("watcher"), stage.enter("ada")
    stage.put(SignalLost(ada))
    stage.forget()
    stage.put(how)
    assert not may_resume(stage.room, ada, "ada")
    assert stage.kinds(ada) == []
    if isinstance(how, AdminRemove):
        assert shown(stage, watcher)["ada"].state == GONE
    else:
        assert stage.last(watcher, "leave").leave.reason == models.DisconnectReason.ROOM_DELETED


def test_who_left_long_ago_is_not_told_of_and_so_many_departures_that_some_are_forgotten_refuse() -> None:
    stage = Stage(RoomLimits(resume_seconds=20, max_participants=10_000))
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.signal(bob, leave=LeaveRequest())
    stage.pass_time(UNNOTICED_SECONDS + 1)
    come_back(stage, ada)
    assert "bob" not in shown(stage, ada)
    for number in range(MOST + 1):
        stage.room.departures.note(models.ParticipantInfo(sid=f"PA_{number}"), stage.now)
    stage.put(SignalLost(ada))
    assert not may_resume(stage.room, ada, "ada"), "it would show some of them for ever"


def test_a_resumed_session_is_noted_with_how_long_it_was_away_and_not_each_time_it_flaps() -> None:
    stage = Stage()
    stage.enter("watcher")
    sid = stage.enter("ada")
    away = []
    for seconds in (3, 1, 12):
        stage.put(SignalLost(sid, SignalEnd.LOST))
        stage.pass_time(seconds)
        come_back(stage, sid)
        away += [round(fact.seconds) for fact in stage.facts() if isinstance(fact, ParticipantResumed)]
    assert away == [3, 12]
