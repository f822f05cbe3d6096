"""Listeners in a large room are shown many who come at once in few messages, and end up knowing the same."""

from __future__ import annotations

import random

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.room import batch, room, telling
from server.room.effects import Send
from server.room.inputs import SignalLost
from server.room.telling import FEW
from tests.unit.stage import Sending, Stage
from tests.unit.test_views_converge import STEPS, Views, step

State = models.ParticipantInfo.State
CAMERA = Sending("video", "0", "camera")
STORM = 40


def _large() -> tuple[Stage, list[str]]:
    stage = Stage()
    sids = [stage.enter(f"early-{number}") for number in range(FEW + 5)]
    stage.pass_time(1.0)
    stage.forget()
    return stage, sids


def _shown(stage: Stage, sid: str) -> list[models.ParticipantInfo]:
    """What somebody was shown of others, in order."""
    updates = [response.update for response in stage.sent(sid, "update")]
    return [info for update in updates for info in update.participants if info.sid != sid]


def test_a_storm_comes_in_few_messages_and_nobody_is_missing() -> None:
    stage, (first, *_) = _large()
    came = [stage.enter(f"late-{number}") for number in range(STORM)]
    stage.pass_time(1.0)
    assert len(stage.sent(first, "update")) <= 4
    assert [info.sid for info in _shown(stage, first)] == came
    assert all(info.state == State.ACTIVE for info in _shown(stage, first))


def test_those_who_come_know_everybody_too_and_are_never_shown_themselves_by_others() -> None:
    stage, early = _large()
    came = [stage.enter(f"late-{number}") for number in range(STORM)]
    stage.pass_time(1.0)
    for sid in came:
        joined = stage.last(sid, "join").join
        known = {info.sid for info in (*joined.other_participants, *_shown(stage, sid))}
        assert known == {*early, *came} - {sid}
        own = [
            info for one in stage.sent(sid, "update") for info in one.update.participants if info.sid == sid
        ]
        assert own
        assert all("offrecord.support_code" in info.attributes for info in own)


def test_one_who_comes_alone_is_shown_at_once() -> None:
    stage, (first, *_) = _large()
    late = stage.enter("late")
    assert [info.sid for info in _shown(stage, first)] == [late]


def test_who_sends_media_is_shown_at_once_whoever_comes() -> None:
    stage, (first, *_) = _large()
    stage.publish(first, CAMERA)
    stage.pass_time(1.0)
    for number in range(3):
        late = stage.enter(f"late-{number}")
        assert [info.sid for info in _shown(stage, first)][-1] == late


def test_whoever_is_sent_anything_else_knows_before_what_is_held() -> None:
    stage, (first, *_) = _large()
    stage.enter("late-0")
    late = stage.enter("late-1")  # held
    assert late not in {info.sid for info in _shown(stage, first)}
    stage.signal(first, ping=1)
    assert stage.kinds(first)[-2:] == ["update", "pong"]
    assert _shown(stage, first)[-1].sid == late
    stage.pass_time(1.0)
    assert [info.sid for info in _shown(stage, first)].count(late) == 1


def test_a_track_is_shown_before_it_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SECONDS_EACH", 0.01)  # the offer comes while it is held
    stage, (first, *_) = _large()
    stage.enter("late-0")
    late = stage.enter("late-1")
    track = stage.publish(late, CAMERA)
    stage.pass_time(1.0)
    kinds = stage.kinds(first)
    offer = kinds.index("offer")
    before = [one.update for one in stage.sent(first)[:offer] if one.HasField("update")]
    tracks = {shown.sid for update in before for info in update.participants for shown in info.tracks}
    assert track in tracks
    assert track in stage.sent(first)[offer].offer.sdp


def test_of_one_participant_only_the_last_is_told_and_a_session_that_follows_comes_after_it() -> None:
    stage, (first, *_) = _large()
    stage.enter("late-0")
    before = stage.enter("late-1", can_update_own_metadata=True)
    stage.signal(before, update_metadata={"metadata": "tulips"})
    stage.signal(before, leave=LeaveRequest())
    after = stage.enter("late-1")
    stage.pass_time(1.0)
    told = [(info.sid, info.state) for info in _shown(stage, first) if info.identity == "late-1"]
    assert told == [(before, State.DISCONNECTED), (after, State.ACTIVE)]


def test_who_is_gone_is_told_nothing_more() -> None:
    stage, (first, second, *_) = _large()
    stage.enter("late-0")
    stage.enter("late-1")
    stage.signal(first, leave=LeaveRequest())
    stage.put(SignalLost(second))
    stage.forget()
    stage.pass_time(1.0)
    assert not [effect for effect in stage.log if isinstance(effect, Send) and effect.sid in {first, second}]


def test_all_who_have_seen_as_much_are_sent_the_same_object() -> None:
    stage, early = _large()
    for number in range(STORM):
        stage.enter(f"late-{number}")
    stage.forget()
    stage.pass_time(1.0)
    updates = {id(stage.last(sid, "update")) for sid in early}
    assert len(updates) == 1


def test_every_view_ends_as_the_room_is_where_everything_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "FEW", 0)
    monkeypatch.setattr(room, "SECONDS_EACH", 0.4)
    assert batch.SECONDS_EACH < 0.4
    for seed in range(100):
        views, draw = Views(), random.Random(seed)
        views.two_meet()
        for _ in range(STEPS):
            step(views, draw, lobby=bool(seed % 2))
        try:
            views.meet_again()
        except AssertionError as error:
            raise AssertionError(f"walk {seed}") from error
