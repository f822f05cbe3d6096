"""What the server API does to a room: everybody concerned learns of it, and what may not be is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.control.codec import LARGEST_REQUEST, encode
from server.control.messages import (
    MOST_SENT,
    CloseConsumer,
    CloseProducer,
    CreateConsumer,
    CreateTransport,
    DataMember,
    PauseProducer,
    SendData,
)
from server.room.deliveries import AT_ONCE, PER_SECOND, TOLD_SECONDS
from server.room.effects import Act, RoomClosed
from server.room.inputs import (
    Admin,
    AdminChange,
    AdminDelete,
    AdminDescribe,
    AdminMute,
    AdminRemove,
    AdminSend,
    AdminSubscribe,
)
from server.room.limits import RoomLimits
from server.room.refused import Fault
from tests.unit.administered import acts, refused
from tests.unit.balance import is_balanced
from tests.unit.stage import Sending, Stage

CAMERA = Sending("video", "0", "cam")
MICROPHONE = Sending("audio", "1", "mic")
Reason = models.DisconnectReason
ALL: dict[str, Any] = {"can_subscribe": True, "can_publish": True, "can_publish_data": True}


def change(identity: str, **changes: object) -> AdminChange:
    fields = {"name": "", "metadata": "", "attributes": {}, "permission": None, **changes}
    return AdminChange(identity, **fields)  # type: ignore[arg-type]


def permission(sources: Sequence[int] = (), **allowed: Any) -> models.ParticipantPermission:
    return models.ParticipantPermission(can_publish_sources=sources, **allowed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wanted",
    [
        AdminRemove("eve"),
        AdminMute("eve", "TR_x", True),
        change("eve", name="Eve"),
        AdminSubscribe("eve", ("TR_x",), True),
    ],
)
def test_of_nobody_nothing_can_be_changed(wanted: Admin) -> None:
    stage = Stage()
    stage.enter("ada")
    assert refused(stage, wanted).fault is Fault.NOT_FOUND


def test_who_is_removed_is_told_why_and_the_others_see_it_leave() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.put(AdminRemove("ada"))
    leave = stage.last(ada, "leave").leave
    assert (leave.reason, leave.action) == (Reason.PARTICIPANT_REMOVED, LeaveRequest.Action.DISCONNECT)
    [gone] = stage.last(bob, "update").update.participants
    assert (gone.identity, gone.disconnect_reason) == ("ada", Reason.PARTICIPANT_REMOVED)
    assert list(stage.room.participants) == [bob]
    assert acts(stage) == [("ada", Act.REMOVED)]


def test_a_muted_track_is_paused_and_its_owner_and_the_others_are_told() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    track = stage.publish(ada, MICROPHONE)
    stage.put(AdminMute("ada", track, True))
    mute = stage.last(ada, "mute").mute
    assert (mute.sid, mute.muted) == (track, True)
    assert stage.requests(PauseProducer)[-1].paused
    for sid in (ada, bob):
        [info] = stage.last(sid, "update").update.participants
        assert [one.muted for one in info.tracks] == [True]
    assert acts(stage) == [("ada", Act.TRACK_MUTED)]
    assert stage.put(AdminMute("ada", track, True)) == [], "it is muted already"


def test_nobody_is_unmuted_by_somebody_else() -> None:
    stage = Stage()
    track = stage.publish(stage.enter("ada"), MICROPHONE)
    assert stage.put(AdminMute("ada", track, False)) == [], "it is as it was wanted"
    stage.put(AdminMute("ada", track, True))
    assert refused(stage, AdminMute("ada", track, False)).fault is Fault.NOT_AS_IT_IS
    assert stage.requests(PauseProducer)[-1].paused


def test_a_track_of_somebody_else_is_not_found() -> None:
    stage = Stage()
    track = stage.publish(stage.enter("ada"), MICROPHONE)
    stage.enter("bob")
    assert refused(stage, AdminMute("bob", track, True)).fault is Fault.NOT_FOUND


def test_name_metadata_and_attributes_change_for_everybody_and_the_renewed_token() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.put(change("ada", name="Ada L.", metadata="m", attributes={"hand": "up", "seat": "1"}))
    stage.put(change("ada", attributes={"seat": ""}))
    for sid in (ada, bob):
        [info] = stage.last(sid, "update").update.participants
        assert (info.name, info.metadata, info.attributes["hand"]) == ("Ada L.", "m", "up")
        assert "seat" not in info.attributes
    assert stage.participant(ada).token_due == stage.now
    assert acts(stage) == [("ada", Act.CHANGED)] * 2


def test_texts_beyond_their_bounds_are_refused() -> None:
    stage = Stage()
    stage.enter("ada")
    for wanted in (
        change("ada", name="n" * 257),
        change("ada", metadata="m" * (512 * 1024 + 1)),
        change("ada", attributes={"a": "x" * 64 * 1024}),
        AdminDescribe("m" * (64 * 1024 + 1)),
        AdminSubscribe("ada", ("TR_x",) * 1001, True),
    ):
        assert refused(stage, wanted).fault is Fault.BAD_ARGUMENT


def test_who_may_not_publish_any_more_publishes_nothing_any_more() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    track = stage.publish(ada, CAMERA, source=models.TrackSource.CAMERA)
    stage.answer(bob)
    stage.put(change("ada", permission=permission(can_subscribe=True)))
    assert stage.last(ada, "track_unpublished").track_unpublished.track_sid == track
    assert len(stage.requests(CloseProducer)) == 1
    [info] = stage.last(bob, "update").update.participants
    assert (list(info.tracks), info.permission.can_publish) == ([], False)
    assert not stage.requests(DataMember)[-1].may_publish
    [own] = stage.last(ada, "update").update.participants
    assert (own.permission.can_publish, own.permission.can_publish_data) == (False, False)
    assert acts(stage) == [("ada", Act.PERMISSIONS_CHANGED)]
    assert not stage.room.tracks


def test_only_tracks_of_sources_that_are_not_allowed_any_more_end() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    camera = stage.publish(ada, CAMERA, source=models.TrackSource.CAMERA)
    stage.put(change("ada", permission=permission([models.TrackSource.CAMERA], **ALL)))
    assert list(stage.room.tracks) == [camera]
    stage.put(change("ada", permission=permission([models.TrackSource.MICROPHONE], **ALL)))
    assert not stage.room.tracks
    stage.put(change("ada", permission=permission(**ALL)))
    stage.offer(ada, number=3)
    assert stage.publish(ada, Sending("video", "0", "again"), number=4, source=1) in stage.room.tracks


def test_a_request_that_waits_for_its_section_ends_with_the_permission() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.signal(ada, add_track={"cid": "cam", "type": models.TrackType.VIDEO, "source": 1})
    track = stage.last(ada, "track_published").track_published.track.sid
    stage.put(change("ada", permission=permission(can_subscribe=True)))
    assert stage.last(ada, "track_unpublished").track_unpublished.track_sid == track
    stage.offer(ada, CAMERA, number=2)
    stage.pass_time(5)
    assert not stage.room.tracks


def test_who_may_not_subscribe_any_more_receives_nothing_and_gets_it_back() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    track = stage.publish(ada, CAMERA)
    stage.pass_time(1)
    stage.answer(bob)
    assert len(stage.requests(CreateConsumer)) == 1
    stage.put(change("bob", permission=permission(can_publish=True)))
    assert len(stage.requests(CloseConsumer)) == 1
    stage.signal(bob, subscription={"track_sids": [track], "subscribe": True})
    stage.pass_time(1)
    stage.answer(bob)
    assert len(stage.requests(CreateConsumer)) == 1, "it may not, whatever it asks for"
    stage.put(change("bob", permission=permission(**ALL)))
    stage.pass_time(1)
    stage.answer(bob)
    assert len(stage.requests(CreateConsumer)) == 2


def test_who_joined_without_may_receive_later() -> None:
    """As from a waiting room."""
    stage = Stage()
    ada = stage.enter("ada")
    stage.publish(ada, CAMERA)
    bob = stage.enter("bob", can_subscribe=False, can_publish=False)
    assert stage.sent(bob, "offer") == []
    before = len(stage.requests(CreateTransport))
    stage.put(change("bob", permission=permission(**ALL)))
    assert len(stage.requests(CreateTransport)) == before + 1
    stage.answer(bob)
    stage.connect(bob)
    stage.pass_time(1)
    stage.answer(bob)
    assert len(stage.requests(CreateConsumer)) == 1
    assert acts(stage) == [("bob", Act.PERMISSIONS_CHANGED), ("bob", Act.RECEPTION_OPENED)]
    assert not stage.participant(bob).subscriber_is_primary, "the join said so, and clients keep to it"
    stage.put(AdminDelete())
    assert is_balanced(stage.facts())


@pytest.mark.parametrize("word", ["hidden", "recorder"])
def test_nobody_is_hidden_and_nobody_records(word: str) -> None:
    stage = Stage()
    stage.enter("ada")
    error = refused(stage, change("ada", permission=permission(**{**ALL, word: True})))
    assert (error.fault, error.feature) == (Fault.NEVER, word)


def test_a_source_that_is_none_is_refused() -> None:
    stage = Stage()
    stage.enter("ada")
    assert refused(stage, change("ada", permission=permission([0], **ALL))).fault is Fault.BAD_ARGUMENT
    assert refused(stage, change("ada", permission=permission([77], **ALL))).fault is Fault.BAD_ARGUMENT


def test_who_is_not_shown_yet_is_not_shown_by_a_change() -> None:
    stage = Stage()
    bob, ada = stage.enter("bob"), stage.join("ada")
    stage.forget()
    stage.put(change("ada", name="Ada L."))
    assert stage.last(ada, "update").update.participants[0].name == "Ada L."
    assert stage.sent(bob, "update") == []


def test_subscriptions_are_chosen_for_somebody() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob", auto_subscribe=False)
    track = stage.publish(ada, CAMERA)
    stage.put(AdminSubscribe("bob", (track,), True))
    stage.pass_time(1)
    stage.answer(bob)
    assert len(stage.requests(CreateConsumer)) == 1
    stage.put(AdminSubscribe("bob", (track,), False))
    assert len(stage.requests(CloseConsumer)) == 1
    assert acts(stage) == [("bob", Act.SUBSCRIPTIONS_CHANGED)] * 2


def test_data_goes_down_to_the_relay_and_is_told_once_a_minute() -> None:
    stage = Stage()
    stage.enter("ada")
    message = models.UserPacket(payload=b"hello", topic="news", destination_identities=["ada"])
    for _ in range(3):
        stage.put(AdminSend(message, reliable=False))
    sent = stage.requests(SendData)
    packet = models.DataPacket.FromString(sent[0].message)
    assert (len(sent), sent[0].reliable, packet.kind) == (3, False, models.DataPacket.LOSSY)
    assert (packet.user, list(packet.destination_identities)) == (message, ["ada"])
    assert acts(stage) == [("", Act.DATA_SENT)]
    stage.now += TOLD_SECONDS
    stage.put(AdminSend(message, reliable=True))
    assert acts(stage) == [("", Act.DATA_SENT)] * 2


def test_data_for_an_empty_room_goes_nowhere() -> None:
    stage = Stage()
    stage.put(AdminSend(models.UserPacket(payload=b"hello"), reliable=True))
    assert stage.requests(SendData) == []


def test_the_largest_message_fits_into_the_control_vocabulary() -> None:
    stage = Stage()
    stage.enter("ada")
    stage.put(AdminSend(models.UserPacket(payload=bytes(MOST_SENT - 20)), reliable=True))
    [sent] = stage.requests(SendData)
    assert MOST_SENT - 20 < len(sent.message) <= MOST_SENT
    encode(sent, LARGEST_REQUEST)


@pytest.mark.parametrize(
    "message",
    [
        models.UserPacket(payload=bytes(MOST_SENT)),
        models.UserPacket(topic="t" * 257),
        models.UserPacket(nonce=bytes(15)),
        models.UserPacket(destination_identities=["a"] * 1001),
        models.UserPacket(destination_identities=["a" * 100] * 500),
    ],
)
def test_data_beyond_its_bounds_is_refused(message: models.UserPacket) -> None:
    stage = Stage()
    stage.enter("ada")
    assert refused(stage, AdminSend(message, reliable=True)).fault is Fault.BAD_ARGUMENT


def test_data_in_the_clear_goes_nowhere_where_encryption_is_required() -> None:
    stage = Stage(RoomLimits(require_encryption=True))
    stage.enter("ada")
    assert refused(stage, AdminSend(models.UserPacket(payload=b"x"), True)).fault is Fault.NOT_AS_IT_IS


def test_more_data_than_a_rooms_share_is_refused_until_it_has_earned_more() -> None:
    stage = Stage()
    for number in range(9):
        stage.enter(f"p{number}")
    wanted = AdminSend(models.UserPacket(payload=b"x"), True)
    for _ in range(int(AT_ONCE) // 10):
        assert stage.put(wanted)
    assert refused(stage, wanted).fault is Fault.TOO_MUCH
    stage.now += 11 / PER_SECOND
    assert stage.put(wanted)


def test_room_metadata_is_told_to_everybody_at_once() -> None:
    stage = Stage()
    ada = stage.enter("ada", room_metadata="theirs")
    stage.put(AdminDescribe("ours"))
    stage.pass_time(0)
    assert stage.last(ada, "room_update").room_update.room.metadata == "ours"
    assert acts(stage) == [("", Act.DESCRIBED)]


def test_a_deleted_room_ends_for_everybody_once_all_was_told() -> None:
    stage = Stage()
    sids = [stage.enter(name) for name in ("ada", "bob")]
    stage.publish(sids[0], CAMERA)
    stage.put(AdminDelete())
    for sid in sids:
        leave = stage.last(sid, "leave").leave
        assert (leave.reason, leave.action) == (Reason.ROOM_DELETED, LeaveRequest.Action.DISCONNECT)
    assert isinstance(stage.log[-1], RoomClosed)
    assert acts(stage) == [("", Act.DELETED)]


def test_a_deleted_room_ends_without_its_relay_too() -> None:
    stage = Stage()
    stage.enter("ada")
    stage.relay.silent = True
    stage.put(AdminDelete())
    assert not isinstance(stage.log[-1], RoomClosed)
    stage.pass_time(4)
    assert isinstance(stage.log[-1], RoomClosed)
