"""Who waits to be let in and loses its WebSocket goes on waiting, and is told nothing more than before."""

from __future__ import annotations

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import DataChannelReceiveState, SyncState

from server.control.messages import ReplayData
from server.room.inputs import LayDown, LetIn, Resume, SignalEnd, SignalLost, TurnAway
from server.room.limits import RoomLimits
from server.room.participant import WAITING_SECONDS
from server.room.resuming import may_resume
from server.room.rules import Rules
from tests.unit.stage import Sending, Stage
from tests.unit.waiting import CAMERA, LOBBY, enter_waiting, met

State = models.ParticipantInfo.State
SECONDS = RoomLimits().resume_seconds
MIC = Sending("audio", "1", "mic")


def lost(stage: Stage, identity: str = "bob") -> str:
    """Somebody who waits, and whose WebSocket is gone."""
    sid = enter_waiting(stage, identity)
    stage.put(SignalLost(sid))
    return sid


def come_back(stage: Stage, sid: str) -> list[str]:
    """Resumes; the kinds of messages that the client is sent."""
    assert may_resume(stage.room, sid, stage.participant(sid).identity)
    stage.forget()
    stage.put(Resume(sid))
    return stage.kinds(sid)


def told(stage: Stage, sid: str) -> set[str]:
    """Of whom somebody was told, by identity."""
    return {one.identity for update in stage.sent(sid, "update") for one in update.update.participants}


def test_it_goes_on_waiting_and_moderators_see_no_difference() -> None:
    stage, mona, _ = met()
    before = len(stage.sent(mona))
    bob = lost(stage)
    stage.pass_time(SECONDS - 1)
    assert [*stage.room.door.waiting] == [bob]
    come_back(stage, bob)
    stage.pass_time(SECONDS + 1)
    assert [*stage.room.door.waiting] == [bob]
    states = [one.update.participants[0].state for one in stage.sent(mona, "update")[before:]]
    assert State.DISCONNECTED not in states


def test_who_comes_back_is_told_of_itself_and_the_outside_of_the_room_alone() -> None:
    stage, mona, ada = met()
    stage.publish(ada, CAMERA)
    bob = lost(stage)
    stage.signal(mona, leave={})
    kinds = come_back(stage, bob)
    assert kinds == ["reconnect", "update", "room_update"]
    assert told(stage, bob) == {"bob"}
    room = stage.last(bob, "room_update").room_update.room
    assert (room.num_participants, room.num_publishers) == (0, 0)


def test_who_does_not_come_back_waits_no_more() -> None:
    stage, mona, _ = met()
    bob = lost(stage)
    stage.pass_time(SECONDS)
    assert stage.room.door.waiting == {}
    assert not may_resume(stage.room, bob, "bob")
    assert stage.last(mona, "update").update.participants[0].state == State.DISCONNECTED


def test_who_says_goodbye_waits_no_more_at_once() -> None:
    stage, _, _ = met()
    bob = enter_waiting(stage, "bob")
    stage.put(SignalLost(bob, SignalEnd.GOODBYE))
    assert stage.room.door.waiting == {}


def test_nobody_waits_for_longer_than_an_hour_by_coming_back() -> None:
    stage, _, _ = met()
    bob = enter_waiting(stage, "bob")
    for _ in range(int(WAITING_SECONDS // 15)):
        stage.put(SignalLost(bob))
        stage.pass_time(15)
        if bob in stage.room.door.waiting:
            stage.put(Resume(bob))
    assert stage.room.door.waiting == {}


def test_who_was_refused_meanwhile_does_not_go_on() -> None:
    stage, _, _ = met()
    bob = lost(stage)
    stage.put(TurnAway("bob"))
    assert not may_resume(stage.room, bob, "bob")


@pytest.mark.parametrize("single", [False, True])
def test_who_was_let_in_meanwhile_is_in_and_receives_when_it_is_back(single: bool) -> None:
    stage, _, ada = met()
    track = stage.publish(ada, CAMERA)
    bob = enter_waiting(stage, "bob", single=single)
    stage.put(SignalLost(bob))
    stage.put(LetIn("bob"))
    assert bob in stage.room.participants
    assert stage.sent(bob, "update") == []
    come_back(stage, bob)
    assert told(stage, bob) == {"bob", "ada", "mona"}
    if single:
        stage.offer(bob, Sending("video", "v", "", direction="recvonly"), number=2)
    else:
        stage.answer(bob)
    side = stage.participant(bob).subscriber
    assert side is not None
    assert [one.producer for one in side.tracks.values() if one.consumer] == [
        stage.participant(ada).publisher.tracks[track].main.producer
    ]


def test_who_was_let_in_meanwhile_is_not_told_who_left_before() -> None:
    stage, _, ada = met()
    bob = lost(stage)
    stage.signal(ada, leave={})
    stage.pass_time(1)
    stage.put(LetIn("bob"))
    come_back(stage, bob)
    assert told(stage, bob) == {"bob", "mona"}


def test_when_the_lobby_closes_who_is_away_comes_in_too() -> None:
    stage, _, _ = met()
    bob = lost(stage)
    stage.put(LayDown(lobby=False))
    assert bob in stage.room.participants


def test_its_state_asks_for_nothing_of_the_room() -> None:
    stage, _, ada = met()
    stage.publish(ada, MIC)
    bob = lost(stage)
    come_back(stage, bob)
    heard = [DataChannelReceiveState(publisher_sid=ada, last_seq=1)]
    stage.signal(bob, sync_state=SyncState(datachannel_receive_states=heard))
    assert stage.requests(ReplayData) == []
    assert stage.sent(bob, "subscription_permission_update") == []


def test_where_nothing_is_resumed_a_wait_is_over_with_its_websocket() -> None:
    stage = Stage(RoomLimits(rules=Rules(lobby=True), resume_seconds=0))
    assert LOBBY.resume_seconds
    bob = lost(stage)
    assert bob not in stage.room.door.waiting
