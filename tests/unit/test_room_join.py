"""Joining: what a client is told first, when it counts as active, and who learns of it."""

from __future__ import annotations

from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.control.messages import ConnectTransport, CreateTransport, DataMember, DtlsRole, TransportPhase
from server.room.effects import (
    Disconnect,
    ParticipantActive,
    ParticipantJoined,
    RenewToken,
    RoomClosed,
    Send,
)
from server.room.limits import RoomLimits
from tests.unit.stage import Stage

ACTIVE = models.ParticipantInfo.State.ACTIVE


def test_the_first_message_is_the_welcome_and_an_offer_follows() -> None:
    stage = Stage()
    sid = stage.join("ada")
    assert stage.kinds(sid) == ["join", "offer"]
    join = stage.last(sid, "join").join
    assert join.room.sid.startswith("RM_")
    assert join.room.name == "hall"
    assert not join.room.active_recording
    assert (join.participant.sid, join.participant.identity, join.participant.name) == (sid, "ada", "Ada")
    assert join.participant.permission.can_publish
    assert join.participant.version > 0
    assert join.subscriber_primary
    assert join.fast_publish
    assert (join.ping_interval, join.ping_timeout) == (5, 15)
    assert join.server_info.protocol == 17
    assert join.server_info.version == join.server_version == "1.9.0"
    assert "video/VP8" in [codec.mime for codec in join.enabled_publish_codecs]
    assert stage.last(sid, "offer").offer.id == 1


def test_what_the_room_is_for_comes_with_the_token_of_who_opens_it() -> None:
    stage = Stage()
    first = stage.join("ada", room_metadata="weekly")
    second = stage.join("bob", room_metadata="mine now")
    rooms = [stage.last(sid, "join").join.room for sid in (first, second)]
    assert [room.metadata for room in rooms] == ["weekly", "weekly"]


def test_transports_and_the_data_member_are_asked_for_before_the_welcome() -> None:
    stage = Stage()
    sid = stage.join("ada")
    publisher, subscriber = stage.requests(CreateTransport)
    assert (publisher.opens_data_channels, subscriber.opens_data_channels) == (False, True)
    (member,) = stage.requests(DataMember)
    assert (member.identity, member.sid, member.may_publish) == ("ada", sid, True)
    assert (member.send_transport, member.receive_transport) == (publisher.transport, subscriber.transport)
    welcome = next(index for index, effect in enumerate(stage.log) if isinstance(effect, Send))
    assert welcome >= 3


def test_an_offer_is_answered_with_its_own_number_and_connects_the_transport_once() -> None:
    stage = Stage()
    sid = stage.join("ada")
    for number in (7, 0, 8):
        stage.offer(sid, number=number)
        assert stage.last(sid, "answer").answer.id == number
    (connected,) = stage.requests(ConnectTransport)
    assert connected.transport == stage.participant(sid).publisher.transport
    assert connected.role is DtlsRole.SERVER
    assert connected.has_data_channels


def test_a_participant_is_active_when_its_primary_transport_is_connected() -> None:
    stage = Stage()
    sid = stage.join("ada")
    participant = stage.participant(sid)
    stage.answer(sid)
    stage.tell_transport(participant.publisher.transport, TransportPhase.CONNECTED)
    assert not participant.is_active
    assert participant.subscriber is not None
    stage.now += 0.25
    stage.tell_transport(participant.subscriber.transport, TransportPhase.REACHABLE)
    assert not participant.is_active
    stage.tell_transport(participant.subscriber.transport, TransportPhase.CONNECTED)
    assert participant.is_active
    (update,) = stage.sent(sid, "update")
    assert update.update.participants[0].state == ACTIVE
    (active,) = [fact for fact in stage.facts() if isinstance(fact, ParticipantActive)]
    assert active.milliseconds == 250


def test_somebody_who_may_not_subscribe_has_one_transport_and_that_is_primary() -> None:
    stage = Stage()
    sid = stage.join("ada", can_subscribe=False)
    assert stage.kinds(sid) == ["join"]
    assert not stage.last(sid, "join").join.subscriber_primary
    (transport,) = stage.requests(CreateTransport)
    (member,) = stage.requests(DataMember)
    assert member.send_transport == member.receive_transport == transport.transport
    stage.tell_transport(transport.transport, TransportPhase.CONNECTED)
    assert stage.participant(sid).is_active


def test_old_clients_have_the_publisher_as_primary() -> None:
    stage = Stage()
    sid = stage.join("ada", protocol=2)
    assert not stage.last(sid, "join").join.subscriber_primary
    stage.tell_transport(stage.participant(sid).publisher.transport, TransportPhase.CONNECTED)
    assert stage.participant(sid).is_active


def test_others_learn_of_somebody_active_and_the_next_one_finds_both_in_the_welcome() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    bob = stage.join("bob")
    assert [one.sid for one in stage.last(bob, "join").join.other_participants] == [ada]
    assert not [one for one in stage.sent(ada, "update") if one.update.participants[0].sid == bob]
    stage.connect(bob)
    update = stage.last(ada, "update").update
    assert [(one.sid, one.state) for one in update.participants] == [(bob, ACTIVE)]
    carl = stage.join("carl")
    assert [one.sid for one in stage.last(carl, "join").join.other_participants] == [ada, bob]


def test_a_token_is_renewed_soon_and_then_every_five_minutes() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    renewals = [effect for effect in stage.pass_time(601) if isinstance(effect, RenewToken)]
    assert len(renewals) == 2
    assert all(one.sid == sid and one.claims.identity == "ada" for one in renewals)


def test_who_never_becomes_ready_is_removed_after_a_minute() -> None:
    stage = Stage()
    sid = stage.join("ada")
    stage.answer(sid)
    assert not [one for one in stage.pass_time(59) if isinstance(one, Disconnect)]
    effects = stage.pass_time(2)
    assert Disconnect(sid) in effects
    leave = stage.last(sid, "leave").leave
    assert leave.reason == models.DisconnectReason.JOIN_FAILURE
    assert leave.action == LeaveRequest.Action.DISCONNECT


def test_the_same_identity_again_replaces_the_first() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    first = stage.enter("ada")
    stage.forget()
    second = stage.join("ada")
    leave = stage.last(first, "leave").leave
    assert leave.reason == models.DisconnectReason.DUPLICATE_IDENTITY
    assert leave.action == LeaveRequest.Action.DISCONNECT
    assert Disconnect(first) in stage.log
    assert second != first
    (gone,) = stage.last(watcher, "update").update.participants
    assert (gone.sid, gone.identity) == (first, "ada")
    assert gone.state == models.ParticipantInfo.State.DISCONNECTED
    assert gone.disconnect_reason == models.DisconnectReason.DUPLICATE_IDENTITY
    assert [one.sid for one in stage.last(second, "join").join.other_participants] == [watcher]


def test_a_room_that_is_full_says_so_but_not_to_who_is_in_it() -> None:
    stage = Stage(RoomLimits(max_participants=1))
    stage.enter("ada")
    assert stage.room.is_full("bob")
    assert not stage.room.is_full("ada")


def test_a_room_closes_when_nobody_comes_and_when_everybody_has_left() -> None:
    empty = Stage(RoomLimits(empty_seconds=30))
    assert not empty.pass_time(29)
    assert empty.pass_time(2) == [RoomClosed()]
    left = Stage(RoomLimits(departure_seconds=5))
    sid = left.enter("ada")
    left.signal(sid, leave=LeaveRequest())
    assert RoomClosed() not in left.pass_time(4)
    assert RoomClosed() in left.pass_time(2)
    assert left.relay.used == set()


def test_joining_is_recorded_with_the_client_and_no_address() -> None:
    stage = Stage()
    sid = stage.join("ada")
    (fact,) = stage.facts()
    assert isinstance(fact, ParticipantJoined)
    assert (fact.room, fact.identity, fact.sid) == ("hall", "ada", sid)
