"""With one peer connection, the first answer has the tracks that the room has; media comes once all know."""

from __future__ import annotations

from livekit.protocol import models
from livekit.protocol.rtc import SubscriptionPermission

from server.control.messages import CreateConsumer
from server.room.single import DECRYPTION_SECONDS
from tests.unit.one_connection import CAMERA, MIC, receiving, required
from tests.unit.stage import Stage


def arrive(stage: Stage, audios: int = 1, videos: int = 1) -> str:
    """Somebody joins, whose first offer is answered; its transport is not up yet."""
    sid = stage.join("late", single=True)
    stage.offer(sid, *receiving(audios, videos))
    return sid


def answered(stage: Stage, sid: str) -> dict[str, str]:
    """The tracks by section, of the last answer."""
    return dict(stage.last(sid, "answer").answer.mid_to_track_id)


def test_the_first_answer_has_the_tracks_and_media_comes_as_soon_as_the_transport_is_up() -> None:
    stage = Stage()
    voice = stage.publish(stage.enter("ada"), MIC)
    picture = stage.publish(stage.enter("bob"), CAMERA)
    late = arrive(stage)
    assert answered(stage, late) == {"a0": voice, "v0": picture}
    stage.connect(late)
    assert len(stage.requests(CreateConsumer)) == 2
    stage.pass_time(10)
    assert required(stage, late) == []
    assert len(stage.sent(late, "answer")) == 1


def test_nothing_is_sent_before_the_others_know_who_receives_it() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.publish(ada, MIC)
    late = arrive(stage)
    stage.pass_time(10)
    assert stage.requests(CreateConsumer) == []
    stage.forget()
    stage.connect(late)
    shown = [update.update.participants[0].sid for update in stage.sent(ada, "update")]
    assert shown == [late]
    assert len(stage.requests(CreateConsumer)) == 1


def test_what_ends_before_the_transport_is_up_is_not_sent_and_its_section_is_asked_for() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.publish(ada, MIC)
    late = arrive(stage)
    stage.offer(ada, number=3)
    stage.pass_time(1)
    assert required(stage, late) == []
    stage.connect(late)
    stage.pass_time(0)
    assert required(stage, late) == [(0, 0)]
    assert stage.requests(CreateConsumer) == []


def test_what_finds_no_section_is_asked_for_once_the_transport_is_up() -> None:
    stage = Stage()
    for name in ("ada", "bob", "cleo"):
        stage.publish(stage.enter(name), CAMERA)
    late = arrive(stage, videos=1)
    assert len(answered(stage, late)) == 1
    stage.pass_time(1)
    assert required(stage, late) == []
    stage.connect(late)
    stage.pass_time(0)
    assert required(stage, late) == [(0, 2)]
    assert len(stage.requests(CreateConsumer)) == 1


def test_what_comes_meanwhile_is_asked_for_too() -> None:
    stage = Stage()
    late = arrive(stage)
    stage.publish(stage.enter("ada"), MIC)
    stage.connect(late)
    stage.pass_time(0)
    assert required(stage, late) == [(0, 0)]


def test_what_is_encrypted_waits_from_then_on() -> None:
    stage = Stage()
    stage.publish(stage.enter("ada"), MIC, encryption=models.Encryption.Type.GCM)
    late = arrive(stage)
    stage.pass_time(10)
    stage.connect(late)
    stage.pass_time(DECRYPTION_SECONDS - 0.1)
    assert stage.requests(CreateConsumer) == []
    stage.pass_time(0.1)
    assert len(stage.requests(CreateConsumer)) == 1


def test_the_answer_has_nothing_that_somebody_may_not_have_or_does_not_want() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.publish(ada, MIC)
    mute = stage.join("mute", single=True, auto_subscribe=False)
    stage.offer(mute, *receiving())
    assert answered(stage, mute) == {}
    stage.signal(ada, subscription_permission=SubscriptionPermission(all_participants=False))
    assert answered(stage, arrive(stage)) == {}


def test_a_permission_that_is_taken_back_meanwhile_counts() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    track = stage.publish(ada, MIC)
    late = arrive(stage)
    assert answered(stage, late) == {"a0": track}
    stage.signal(ada, subscription_permission=SubscriptionPermission(all_participants=False))
    stage.connect(late)
    stage.pass_time(60)
    assert stage.requests(CreateConsumer) == []
