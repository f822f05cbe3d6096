"""A room that is locked, bans, and says who shares a screen: who is kept out, what ends, and who is told."""

from __future__ import annotations

import json
from typing import Any

from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.auth.grants import Claims, VideoGrants
from server.control.messages import CloseProducer
from server.errors import Refusal
from server.room import administration, joining
from server.room.door import MOST_BANNED, MOST_KNOWN, Door
from server.room.effects import Act
from server.room.inputs import (
    AdminChange,
    AdminDescribe,
    AdminRemove,
    Ban,
    LayDown,
    LiftBan,
    Moderation,
    Resume,
    SignalLost,
)
from server.room.refused import Fault
from server.room.resuming import may_resume
from server.room.rules import Rules, Sharing
from tests.unit.administered import acts, refused
from tests.unit.stage import Sending, Stage

SCREEN = Sending("video", "0", "screen")
CAMERA = Sending("video", "1", "cam")
Reason = models.DisconnectReason
Source = models.TrackSource


def refusal(stage: Stage, identity: str, second: str = "", **grants: Any) -> Refusal | None:
    claims = Claims(identity, grants=VideoGrants(room="hall", room_join=True, **grants))
    return joining.refuses(stage.room, claims, second)


def fault(stage: Stage, wanted: Moderation) -> Fault:
    return refused(stage, wanted).fault


def told(stage: Stage, sid: str) -> Any:
    stage.pass_time(0)
    return json.loads(stage.last(sid, "room_update").room_update.room.metadata or "{}")


def permission(stage: Stage, sid: str) -> tuple[bool, set[int]]:
    """What its own SDK is told that it may publish."""
    [own] = [one for one in stage.last(sid, "update").update.participants if one.sid == sid]
    return own.permission.can_publish, set(own.permission.can_publish_sources)


def test_a_locked_room_takes_nobody_new() -> None:
    stage = Stage()
    stage.enter("ada")
    stage.put(LayDown(locked=True))
    assert refusal(stage, "bob") is Refusal.ROOM_LOCKED
    assert refusal(stage, "mona", room_admin=True) is None
    stage.put(LayDown(locked=False))
    assert refusal(stage, "bob") is None
    assert acts(stage) == [("", Act.LOCKED), ("", Act.UNLOCKED)]


def test_who_is_in_a_locked_room_comes_back_by_any_way_until_it_is_removed() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.put(LayDown(locked=True))
    stage.put(SignalLost(ada))
    assert may_resume(stage.room, ada, "ada")
    stage.put(Resume(ada))
    assert refusal(stage, "ada") is None, "another session takes the place of this one"
    assert refusal(stage, "ada", "screen") is None, "a second connection is hers"
    stage.signal(ada, leave=LeaveRequest())
    assert refusal(stage, "ada") is None
    stage.enter("ada")
    stage.put(AdminRemove("ada"))
    assert refusal(stage, "ada") is Refusal.ROOM_LOCKED


def test_who_is_banned_has_to_leave_and_is_kept_out_whatever_its_token_says() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.put(Ban("ada"))
    leave = stage.last(ada, "leave").leave
    assert (leave.reason, leave.action) == (Reason.PARTICIPANT_REMOVED, LeaveRequest.Action.DISCONNECT)
    assert list(stage.room.participants) == [bob]
    assert refusal(stage, "ada") is Refusal.BANNED
    assert refusal(stage, "ada", "screen") is Refusal.BANNED
    assert refusal(stage, "ada", room_admin=True) is Refusal.BANNED
    assert not may_resume(stage.room, ada, "ada")
    assert acts(stage) == [("ada", Act.BANNED)]


def test_all_connections_of_who_is_banned_end_also_those_that_wait() -> None:
    stage = Stage()
    stage.enter("bob")
    stage.enter("ada")
    stage.put(LayDown(lobby=True))
    eve = stage.join("eve")
    second = stage.room.find("ada")
    assert second is not None
    stage.put(Ban("eve"))
    assert stage.last(eve, "leave").leave.reason == Reason.PARTICIPANT_REMOVED
    assert stage.room.door.waiting == {}


def test_a_ban_of_somebody_who_is_not_there_holds_and_is_lifted() -> None:
    stage = Stage()
    stage.enter("ada")
    stage.put(Ban("eve"))
    stage.put(Ban("eve"))
    assert refusal(stage, "eve") is Refusal.BANNED
    stage.put(LiftBan("eve"))
    assert refusal(stage, "eve") is None
    assert fault(stage, LiftBan("eve")) is Fault.NOT_FOUND
    assert acts(stage) == [("", Act.SOMEBODY_BANNED), ("", Act.BAN_LIFTED)]


def test_bans_are_bounded() -> None:
    stage = Stage()
    stage.enter("ada")
    for number in range(MOST_BANNED):
        stage.put(Ban(f"p{number}"))
    assert fault(stage, Ban("one-more")) is Fault.TOO_MUCH
    administration.check(stage.room, Ban("p0"), stage.now)


def test_those_who_have_been_there_are_remembered_up_to_a_bound() -> None:
    door = Door(20.0)
    for number in range(MOST_KNOWN + 1):
        door.know(f"p{number}")
    assert len(door._known) == MOST_KNOWN
    locked = Rules(locked=True)
    assert door.refuses(Claims("p0"), locked) is Refusal.ROOM_LOCKED
    assert door.refuses(Claims(f"p{MOST_KNOWN}"), locked) is None


def test_screens_end_when_only_moderators_share_them_and_cameras_go_on() -> None:
    stage = Stage()
    ada, mona = stage.enter("ada"), stage.enter("mona", room_admin=True)
    camera = stage.publish(ada, CAMERA, source=Source.CAMERA)
    stage.offer(ada, CAMERA, SCREEN, number=3)
    stage.signal(ada, add_track={"cid": "screen", "type": 1, "source": Source.SCREEN_SHARE})
    stage.offer(ada, CAMERA, SCREEN, number=4)
    stage.media(SCREEN)
    assert len(stage.room.tracks) == 2
    stage.put(LayDown(screen_share=Sharing.MODERATORS))
    assert list(stage.room.tracks) == [camera]
    assert len(stage.requests(CloseProducer)) == 1
    assert permission(stage, ada) == (True, {Source.CAMERA, Source.MICROPHONE})
    [seen] = stage.last(mona, "update").update.participants
    assert ([one.sid for one in seen.tracks], seen.identity) == ([camera], "ada")
    assert told(stage, ada) == {"offrecord": {"moderation": {"screen_share": "moderators"}}}
    stage.signal(ada, add_track={"cid": "again", "type": 1, "source": Source.SCREEN_SHARE})
    response = stage.last(ada, "request_response").request_response
    assert (response.reason, response.message) == (
        response.Reason.NOT_ALLOWED,
        "only moderators share a screen in this room",
    )
    stage.signal(mona, add_track={"cid": "hers", "type": 1, "source": Source.SCREEN_SHARE})
    assert stage.last(mona, "track_published").track_published.cid == "hers"
    stage.put(LayDown(screen_share=Sharing.EVERYBODY))
    assert permission(stage, ada) == (True, set())
    assert acts(stage) == [("", Act.SHARING_RESTRICTED), ("", Act.SHARING_ALLOWED)]


def test_who_comes_later_is_bound_by_the_rule_too() -> None:
    stage = Stage()
    stage.put(LayDown(screen_share=Sharing.MODERATORS))
    join = stage.last(stage.enter("ada"), "join").join
    assert set(join.participant.permission.can_publish_sources) == {Source.CAMERA, Source.MICROPHONE}


def test_who_may_share_nothing_but_a_screen_may_share_nothing_at_all() -> None:
    """An empty list of sources would mean all of them."""
    stage = Stage()
    stage.put(LayDown(screen_share=Sharing.MODERATORS))
    ada = stage.enter("ada", can_publish_sources=("screen_share", "screen_share_audio"))
    stage.put(AdminChange("ada", "Ada", "", {}, None))
    assert permission(stage, ada) == (False, set())
    for source in (Source.CAMERA, Source.SCREEN_SHARE, Source.UNKNOWN):
        stage.signal(ada, add_track={"cid": f"c{source}", "type": 1, "source": source})
    assert stage.sent(ada, "track_published") == []


def test_a_permission_of_the_api_does_not_lift_the_rule_and_lasts_beyond_it() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.put(LayDown(screen_share=Sharing.MODERATORS))
    wanted = models.ParticipantPermission(
        can_subscribe=True, can_publish=True, can_publish_sources=[Source.CAMERA, Source.SCREEN_SHARE]
    )
    stage.put(AdminChange("ada", "", "", {}, wanted))
    assert permission(stage, ada) == (True, {Source.CAMERA})
    stage.put(LayDown(screen_share=Sharing.EVERYBODY))
    assert permission(stage, ada) == (True, {Source.CAMERA, Source.SCREEN_SHARE})


def test_rules_are_told_beside_the_apps_own_text_and_only_where_there_are_any() -> None:
    stage = Stage()
    ada = stage.enter("ada", room_metadata='{"topic":"tulips"}')
    stage.put(LayDown(locked=True, lobby=True))
    assert told(stage, ada) == {
        "topic": "tulips",
        "offrecord": {"moderation": {"locked": True, "lobby": True}},
    }
    stage.put(AdminDescribe("roses"))
    assert told(stage, ada) == {
        "offrecord": {"moderation": {"locked": True, "lobby": True}, "metadata": "roses"}
    }
    stage.put(LayDown(locked=False, lobby=False))
    stage.pass_time(0)
    assert stage.last(ada, "room_update").room_update.room.metadata == "roses"


def test_rules_that_are_as_they_were_change_nothing() -> None:
    stage = Stage()
    stage.enter("ada")
    assert stage.put(LayDown()) == []
    assert stage.put(LayDown(locked=False, screen_share=Sharing.EVERYBODY)) == []
