"""Leaving: by wish, by silence, by a lost transport, by a lost relay, by the server's end."""

from __future__ import annotations

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.control.messages import (
    CloseTransport,
    CreateTransport,
    RefusalReason,
    Refused,
    RemoveDataMember,
    TransportPhase,
)
from server.room.effects import Disconnect, ParticipantLeft, RoomClosed
from server.room.inputs import RelayLost, RelayNotified, Shutdown, SignalEnd, SignalLost
from server.room.limits import RoomLimits
from server.room.participant import GOODBYE_SECONDS
from tests.unit.stage import FakeRelay, Sending, Stage

DISCONNECT, RECONNECT = LeaveRequest.Action.DISCONNECT, LeaveRequest.Action.RECONNECT
Reason = models.DisconnectReason
MIC = Sending("audio", "0", "mic-cid")


@pytest.mark.parametrize("how", ["leave", "goodbye", "silence"])
def test_who_leaves_is_shown_gone_and_everything_of_it_is_closed(how: str) -> None:
    stage = Stage(RoomLimits(resume_seconds=0))
    watcher = stage.enter("watcher")
    used = set(stage.relay.used)
    sid = stage.enter("ada")
    stage.publish(sid, MIC)
    stage.pass_time(0.1)
    stage.answer(watcher)
    stage.forget()
    stage.now += 2
    if how == "leave":
        stage.signal(sid, leave=LeaveRequest())
    else:
        stage.put(SignalLost(sid, SignalEnd.GOODBYE if how == "goodbye" else SignalEnd.LOST))
    reason = Reason.SIGNAL_CLOSE if how == "silence" else Reason.CLIENT_INITIATED
    assert stage.sent(sid) == []
    assert Disconnect(sid) in stage.log
    assert len(stage.requests(CloseTransport)) == 2
    assert len(stage.requests(RemoveDataMember)) == 1
    assert stage.relay.used == used
    (info,) = stage.last(watcher, "update").update.participants
    assert (info.sid, info.state, list(info.tracks)) == (sid, models.ParticipantInfo.State.DISCONNECTED, [])
    (fact,) = [fact for fact in stage.facts() if isinstance(fact, ParticipantLeft)]
    assert (fact.identity, fact.reason) == ("ada", reason)
    assert 2 <= fact.seconds < 3
    stage.pass_time(0.1)
    assert "a=inactive" in stage.last(watcher, "offer").offer.sdp


def test_what_a_client_says_after_leaving_is_ignored() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.signal(sid, leave=LeaveRequest())
    stage.forget()
    stage.signal(sid, ping=1)
    stage.put(SignalLost(sid))
    assert stage.log == []


@pytest.mark.parametrize("phase", [TransportPhase.FAILED, TransportPhase.LOST])
def test_a_lost_transport_sends_the_client_to_reconnect(phase: TransportPhase) -> None:
    stage = Stage()
    sid = stage.enter("ada")
    participant = stage.participant(sid)
    stage.tell_transport(participant.publisher.transport, phase)
    stage.pass_time(GOODBYE_SECONDS - 0.1)
    assert participant.subscriber is not None
    stage.tell_transport(participant.subscriber.transport, phase)
    assert stage.sent(sid, "leave") == []
    stage.pass_time(0.1)  # counted from the first
    leave = stage.last(sid, "leave").leave
    assert (leave.reason, leave.action) == (Reason.CONNECTION_TIMEOUT, RECONNECT)
    assert leave.can_reconnect


def test_who_closes_its_transports_before_it_says_goodbye_has_left() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.tell_transport(stage.participant(sid).publisher.transport, TransportPhase.LOST)
    stage.now += GOODBYE_SECONDS / 2
    stage.signal(sid, leave=LeaveRequest())
    assert stage.sent(sid, "leave") == []
    (fact,) = [fact for fact in stage.facts() if isinstance(fact, ParticipantLeft)]
    assert fact.reason == Reason.CLIENT_INITIATED


def test_who_finds_no_place_on_the_relay_is_told_at_once() -> None:
    stage = Stage()
    sid = stage.join("ada")
    refused = stage.participant(sid).publisher.transport
    stage.put(RelayNotified(Refused(refused, RefusalReason.ARENA_FULL)))
    leave = stage.last(sid, "leave").leave
    assert (leave.reason, leave.action) == (Reason.JOIN_FAILURE, DISCONNECT)
    assert sid not in stage.room.participants


def test_a_relay_may_speak_once_more_of_what_is_gone() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    transport = stage.participant(sid).publisher.transport
    stage.signal(sid, leave=LeaveRequest())
    stage.forget()
    stage.tell_transport(transport, TransportPhase.LOST)
    assert stage.log == []


def test_when_the_relay_is_lost_everybody_reconnects_and_the_room_lives_on_another() -> None:
    stage = Stage()
    sids = [stage.enter("ada"), stage.enter("bob")]
    room_sid = stage.room.sid
    stage.put(RelayLost())
    for sid in sids:
        leave = stage.last(sid, "leave").leave
        assert (leave.reason, leave.action) == (Reason.MEDIA_FAILURE, RECONNECT)
        assert Disconnect(sid) in stage.log
    assert stage.relay.used == set()
    stage.forget()
    stage.relay = FakeRelay(fingerprint=bytes(32), count=100)
    again = stage.enter("ada")
    assert stage.last(again, "join").join.room.sid == room_sid
    assert min(one.transport for one in stage.requests(CreateTransport)) > 100
    assert ":".join(["00"] * 32) in stage.last(again, "offer").offer.sdp


def test_the_end_of_the_server_is_told_and_the_room_takes_nothing_more() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.put(Shutdown())
    leave = stage.last(sid, "leave").leave
    assert (leave.reason, leave.action, leave.can_reconnect) == (Reason.SERVER_SHUTDOWN, DISCONNECT, False)
    assert stage.log[-1] == RoomClosed()
    assert stage.relay.used == set()
    assert stage.room.next_timeout() is None
    assert stage.put(SignalLost(sid)) == []


def test_nothing_is_left_after_many_have_come_and_gone() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    used = set(stage.relay.used)
    for number in range(20):
        sid = stage.enter(f"guest-{number}")
        stage.publish(sid, MIC)
        stage.pass_time(0.1)
        stage.answer(watcher)
        stage.signal(sid, leave=LeaveRequest())
        stage.pass_time(0.1)
        stage.answer(watcher)
    assert stage.relay.used == used
    subscriber = stage.participant(watcher).subscriber
    assert subscriber is not None
    assert subscriber.tracks == {}
    assert stage.last(watcher, "offer").offer.sdp.count("m=audio") == 1


def test_counts_are_sent_once_a_second_at_most() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    stage.pass_time(2)
    stage.forget()
    for number in range(5):
        stage.enter(f"guest-{number}")
    stage.pass_time(2)
    (update,) = stage.sent(watcher, "room_update")
    assert update.room_update.room.num_participants == 6
