"""A room with a lobby: who is new waits, sees and receives nothing, is seen by moderators alone, and comes in
or has to leave by their word."""

from __future__ import annotations

from typing import Any

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.auth.grants import Claims, VideoGrants
from server.control.messages import (
    CreateConsumer,
    CreateProducer,
    CreateTransport,
    DataMember,
    Quality,
    SendData,
    SpeakerLevel,
    TransportQuality,
)
from server.errors import Refusal
from server.room import administration, joining
from server.room.door import MOST_WAITING
from server.room.effects import Act, Administered, ParticipantActive, ParticipantLeft, RoomClosed
from server.room.inputs import (
    AdminChange,
    AdminDelete,
    AdminDescribe,
    AdminRemove,
    AdminSend,
    LayDown,
    LetIn,
    Moderation,
    RelayNotified,
    Resume,
    SignalLost,
    TurnAway,
)
from server.room.limits import RoomLimits
from server.room.participant import WAITING_SECONDS
from server.room.reception import reception
from server.room.refused import AdminRefused, Fault
from server.room.rules import Rules
from tests.unit.balance import is_balanced
from tests.unit.stage import Sending, Stage
from tests.unit.waiting import CAMERA, enter_waiting, met

MICROPHONE = Sending("audio", "1", "mic")
State = models.ParticipantInfo.State
Reason = models.DisconnectReason
NOTHING_ALLOWED = models.ParticipantPermission()


def acts(stage: Stage) -> list[tuple[str, Act]]:
    return [(fact.identity, fact.act) for fact in stage.facts() if isinstance(fact, Administered)]


def refused(stage: Stage, wanted: Moderation) -> Fault:
    with pytest.raises(AdminRefused) as caught:
        administration.check(stage.room, wanted, stage.now)
    assert stage.put(wanted) == []
    return caught.value.fault


def claims(identity: str, **grants: Any) -> Claims:
    return Claims(identity, grants=VideoGrants(room="hall", room_join=True, **grants))


def test_who_waits_is_told_so_and_nothing_of_the_others() -> None:
    stage, mona, ada = met()
    stage.put(AdminDescribe("tulips"))
    stage.publish(ada, CAMERA)
    stage.pass_time(2)
    bob = enter_waiting(stage, "bob", room_metadata="mine")
    join = stage.last(bob, "join").join
    assert list(join.other_participants) == []
    assert join.participant.attributes["offrecord.role"] == "waiting"
    assert join.participant.permission == NOTHING_ALLOWED
    assert join.participant.state == State.JOINED
    assert (join.room.name, join.room.num_participants, join.room.num_publishers) == ("hall", 0, 0)
    assert join.room.metadata == '{"offrecord":{"moderation":{"lobby":true}}}'
    assert not join.subscriber_primary
    assert "tulips" in stage.last(mona, "room_update").room_update.room.metadata


def test_who_waits_is_sent_nothing_whatever_happens_in_the_room() -> None:
    stage, mona, ada = met()
    bob = enter_waiting(stage, "bob")
    stage.pass_time(3)  # its token is renewed
    stage.forget()
    camera = stage.publish(ada, CAMERA)
    stage.pass_time(1)
    stage.answer(mona)
    microphone = stage.publish(ada, MICROPHONE, number=3)
    producer = stage.requests(CreateProducer)[-1].producer
    stage.put(RelayNotified(SpeakerLevel(producer, 7)))
    transport = stage.participant(ada).publisher.transport
    stage.put(RelayNotified(TransportQuality(transport, Quality.POOR)))
    stage.signal(ada, mute={"sid": microphone, "muted": True})
    stage.signal(ada, subscription_permission={"all_participants": False})
    stage.signal(bob, subscription={"track_sids": [camera], "subscribe": True})
    stage.put(AdminChange("ada", "Ada L.", "", {"hand": "up"}, None))
    stage.put(AdminSend(models.UserPacket(payload=b"x"), True))
    stage.pass_time(8)
    stage.signal(ada, leave=LeaveRequest())
    stage.pass_time(2)
    rooms = [one.room_update.room for one in stage.sent(bob, "room_update")]
    assert set(stage.kinds(bob)) <= {"room_update"}
    assert {(one.num_participants, one.num_publishers) for one in rooms} <= {(0, 0)}
    assert stage.requests(DataMember) == [], "who is no member is sent no data by the relay"
    assert stage.requests(SendData)


def test_no_media_and_no_data_come_from_who_waits() -> None:
    stage, _, _ = met()
    before = len(stage.requests(CreateTransport))
    bob = enter_waiting(stage, "bob", can_update_own_metadata=True)
    assert len(stage.requests(CreateTransport)) == before + 1, "one to send by, which SDKs wait for"
    stage.forget()
    stage.signal(bob, add_track={"cid": "cam", "type": models.TrackType.VIDEO, "source": 1})
    response = stage.last(bob, "request_response").request_response
    assert (response.reason, response.message) == (
        response.Reason.NOT_ALLOWED,
        "nothing is sent before a moderator lets you in",
    )
    stage.offer(bob, CAMERA, number=2)
    stage.signal(bob, update_metadata={"name": "Bobby", "request_id": 3})
    assert stage.last(bob, "request_response").request_response.reason == response.Reason.NOT_ALLOWED
    stage.pass_time(5)
    assert stage.requests(CreateProducer) == []
    assert stage.requests(CreateConsumer) == []
    assert stage.requests(DataMember) == []


def test_moderators_alone_see_who_waits_also_those_who_come_later() -> None:
    stage, mona, ada = met()
    stage.forget()
    bob = enter_waiting(stage, "bob")
    [shown] = stage.last(mona, "update").update.participants
    assert (shown.identity, shown.name, shown.state) == ("bob", "Bob", State.JOINED)
    assert (shown.attributes["offrecord.role"], list(shown.tracks)) == ("waiting", [])
    assert stage.sent(ada, "update") == []
    late = stage.last(stage.enter("max", room_admin=True), "join").join.other_participants
    assert {one.identity for one in late} == {"mona", "ada", "bob"}
    stage.signal(bob, leave=LeaveRequest())
    [gone] = stage.last(mona, "update").update.participants
    assert (gone.sid, gone.state) == (bob, State.DISCONNECTED)
    assert all(one.update.participants[0].identity != "bob" for one in stage.sent(ada, "update"))


def test_moderators_are_marked_for_everybody_and_nobody_marks_itself() -> None:
    stage, mona, ada = met()
    stage.put(AdminChange("ada", "", "", {"offrecord.role": "moderator"}, None))
    others = {one.identity: one for one in stage.last(ada, "update").update.participants}
    assert "offrecord.role" not in others["ada"].attributes
    assert stage.participant(mona).info().attributes["offrecord.role"] == "moderator"


@pytest.mark.parametrize("single", [False, True])
def test_who_is_let_in_is_shown_the_others_shown_to_them_and_receives(single: bool) -> None:
    stage, mona, ada = met()
    stage.put(AdminDescribe("tulips"))
    stage.publish(ada, CAMERA)
    stage.pass_time(1)
    stage.answer(mona)
    bob = enter_waiting(stage, "bob", single=single)
    stage.forget()
    consumers = len(stage.requests(CreateConsumer))
    stage.put(LetIn("bob"))
    first, second = (one.update.participants for one in stage.sent(bob, "update")[:2])
    assert {one.identity: len(one.tracks) for one in first} == {"mona": 0, "ada": 1}
    [own] = second
    assert (own.identity, own.state, own.permission.can_subscribe) == ("bob", State.ACTIVE, True)
    assert "offrecord.role" not in own.attributes
    assert "tulips" in stage.last(bob, "room_update").room_update.room.metadata
    for sid in (mona, ada):
        [shown] = stage.last(sid, "update").update.participants
        assert (shown.sid, shown.state, shown.permission.can_publish) == (bob, State.ACTIVE, True)
        assert "offrecord.role" not in shown.attributes
    assert [one.identity for one in stage.requests(DataMember)] == ["bob"]
    if single:
        stage.pass_time(1)
        stage.offer(bob, Sending("video", "r0", "", direction="recvonly"), number=2)
    else:
        stage.answer(bob)
        stage.connect(bob)
        stage.pass_time(1)
        stage.answer(bob)
    assert len(stage.requests(CreateConsumer)) == consumers + 1
    track = stage.publish(bob, CAMERA, number=3)
    assert track in stage.room.tracks
    assert acts(stage)[0] == ("bob", Act.ADMITTED)


def test_who_is_let_in_before_it_is_connected_receives_once_it_is() -> None:
    stage, mona, ada = met()
    stage.publish(ada, CAMERA)
    stage.pass_time(1)
    bob = stage.join("bob")
    stage.offer(bob)
    stage.put(LetIn("bob"))
    assert stage.last(mona, "update").update.participants[0].state == State.JOINED
    stage.answer(bob)
    before = len(stage.requests(CreateConsumer))
    stage.connect(bob)
    stage.pass_time(1)
    stage.answer(bob)
    assert len(stage.requests(CreateConsumer)) == before + 1
    assert stage.last(mona, "update").update.participants[0].state == State.ACTIVE


def test_who_is_refused_has_to_leave_and_may_ask_again() -> None:
    stage, mona, _ = met()
    bob = enter_waiting(stage, "bob")
    stage.put(TurnAway("bob"))
    leave = stage.last(bob, "leave").leave
    assert (leave.reason, leave.action) == (Reason.USER_REJECTED, LeaveRequest.Action.DISCONNECT)
    [gone] = stage.last(mona, "update").update.participants
    assert (gone.sid, gone.disconnect_reason) == (bob, Reason.USER_REJECTED)
    assert acts(stage)[-1] == ("bob", Act.REFUSED)
    assert enter_waiting(stage, "bob") in stage.room.door.waiting
    stage.put(AdminDelete())
    assert is_balanced(stage.facts())
    assert stage.relay.used == set()


def test_only_who_waits_is_let_in_or_refused() -> None:
    stage, _, _ = met()
    for identity in ("ada", "nobody"):
        assert refused(stage, LetIn(identity)) is Fault.NOT_FOUND
        assert refused(stage, TurnAway(identity)) is Fault.NOT_FOUND


def test_who_has_been_let_in_comes_back_without_waiting_until_it_is_removed() -> None:
    stage, _, ada = met()
    stage.signal(ada, leave=LeaveRequest())
    again = stage.enter("ada")
    assert again in stage.room.participants
    twice = stage.enter("ada")  # by another session, which takes the place of the first
    assert twice in stage.room.participants
    stage.put(AdminRemove("ada"))
    assert enter_waiting(stage, "ada") in stage.room.door.waiting


def test_moderators_and_who_is_there_when_it_opens_do_not_wait() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.put(LayDown(lobby=True))
    assert ada in stage.room.participants
    assert stage.enter("mona", room_admin=True) in stage.room.participants
    assert enter_waiting(stage, "bob") in stage.room.door.waiting
    assert acts(stage) == [("", Act.LOBBY_OPENED)]


def test_when_the_lobby_closes_everybody_who_waits_comes_in() -> None:
    stage, mona, _ = met()
    bob, cid = enter_waiting(stage, "bob"), enter_waiting(stage, "cid")
    stage.put(LayDown(lobby=False))
    assert {bob, cid} <= set(stage.room.participants)
    stage.pass_time(1)
    assert stage.last(mona, "room_update").room_update.room.metadata == ""
    assert acts(stage)[-5:-3] == [("", Act.LOBBY_CLOSED), ("bob", Act.ADMITTED)]
    assert stage.enter("dan") in stage.room.participants


def test_nobody_is_let_in_beyond_the_places_of_the_room() -> None:
    stage, _, _ = met(RoomLimits(max_participants=2, rules=Rules(lobby=True)))
    bob = enter_waiting(stage, "bob")
    assert refused(stage, LetIn("bob")) is Fault.NOT_AS_IT_IS
    assert refused(stage, LayDown(lobby=False)) is Fault.NOT_AS_IT_IS
    stage.put(AdminRemove("ada"))
    stage.put(LetIn("bob"))
    assert bob in stage.room.participants


def test_so_many_wait_and_take_no_place_of_the_room() -> None:
    stage, _, _ = met(RoomLimits(max_participants=3, rules=Rules(lobby=True)))
    for number in range(MOST_WAITING):
        stage.join(f"p{number}")
    assert joining.refuses(stage.room, claims("late"), "") is Refusal.ROOM_FULL
    assert joining.refuses(stage.room, claims("p0"), "") is None
    assert joining.refuses(stage.room, claims("max", room_admin=True), "") is None


def test_nobody_waits_for_ever() -> None:
    stage, mona, _ = met()
    bob = enter_waiting(stage, "bob")
    stage.pass_time(WAITING_SECONDS - 1)
    assert bob in stage.room.door.waiting
    stage.pass_time(2)
    assert stage.last(bob, "leave").leave.reason == Reason.USER_UNAVAILABLE
    assert stage.room.door.waiting == {}
    assert mona in stage.room.participants


def test_who_waits_keeps_the_room_until_it_leaves() -> None:
    stage = Stage(RoomLimits(departure_seconds=5, rules=Rules(lobby=True)))
    bob = enter_waiting(stage, "bob")
    stage.pass_time(400)
    assert bob in stage.room.door.waiting
    stage.signal(bob, leave=LeaveRequest())
    assert RoomClosed() in stage.pass_time(6)
    assert stage.relay.used == set()


def test_a_room_that_everybody_left_stays_while_somebody_waits() -> None:
    stage = Stage(RoomLimits(departure_seconds=5, rules=Rules(lobby=True)))
    mona = stage.enter("mona", room_admin=True)
    bob = enter_waiting(stage, "bob")
    stage.signal(mona, leave=LeaveRequest())
    assert RoomClosed() not in stage.pass_time(60)
    stage.enter("mona", room_admin=True)
    stage.put(LetIn("bob"))
    assert bob in stage.room.participants


def test_a_moderator_who_was_away_learns_who_waits_and_who_does_no_more() -> None:
    stage, mona, ada = met()
    bob = enter_waiting(stage, "bob")
    for sid in (mona, ada):
        stage.put(SignalLost(sid))
    stage.put(TurnAway("bob"))
    cid = enter_waiting(stage, "cid")
    stage.forget()
    for sid in (mona, ada):
        stage.put(Resume(sid))
    told = [one for update in stage.sent(mona, "update") for one in update.update.participants]
    assert {(one.sid, one.state) for one in told if one.sid in {bob, cid}} == {
        (bob, State.DISCONNECTED),
        (cid, State.JOINED),
    }
    others = [one.sid for update in stage.sent(ada, "update") for one in update.update.participants]
    assert set(others) == {ada, mona}


def test_rights_given_to_who_waits_are_its_own_once_it_is_in() -> None:
    stage, mona, _ = met()
    bob = enter_waiting(stage, "bob")
    listens = models.ParticipantPermission(can_subscribe=True)
    stage.put(AdminChange("bob", "Bobby", "", {}, listens))
    assert stage.last(bob, "update").update.participants[0].permission == NOTHING_ALLOWED
    assert stage.last(mona, "update").update.participants[0].name == "Bobby"
    assert stage.requests(DataMember)[-1].identity != "bob"
    stage.put(LetIn("bob"))
    assert stage.participant(bob).info().permission == listens


def test_who_waits_receives_by_no_account_and_asks_for_none() -> None:
    stage, _, _ = met()
    bob = enter_waiting(stage, "bob")
    assert reception(stage.room, "bob") is None
    asked = reception(stage.room, "ada")
    assert asked is not None
    assert bob not in {person.sid for person in asked._roster.values()}


def test_the_token_of_who_waits_grants_what_it_did() -> None:
    stage, _, _ = met()
    bob = enter_waiting(stage, "bob")
    assert stage.room.door.waiting[bob].claims.grants == claims("bob").grants


def test_media_can_flow_from_when_somebody_is_let_in_and_the_wait_counts_for_nothing() -> None:
    stage, _, _ = met()
    bob = enter_waiting(stage, "bob")
    stage.pass_time(90)
    assert not [fact for fact in stage.facts() if isinstance(fact, ParticipantActive) and fact.sid == bob]
    stage.put(LetIn("bob"))
    [active] = [fact for fact in stage.facts() if isinstance(fact, ParticipantActive) and fact.sid == bob]
    assert active.milliseconds == 0


def test_a_refused_wait_has_its_word_in_the_ledger() -> None:
    stage, _, _ = met()
    bob = stage.join("bob")
    stage.put(TurnAway("bob"))
    stage.pass_time(5)
    left = next(fact for fact in stage.facts() if isinstance(fact, ParticipantLeft) and fact.sid == bob)
    assert left.reason == Reason.USER_REJECTED
