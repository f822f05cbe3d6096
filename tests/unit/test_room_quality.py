"""Connection quality: the worse of two transports, on change, to everybody, and never lost."""

from __future__ import annotations

from livekit.protocol import models

from server.control.messages import Quality, TransportQuality
from server.room.inputs import RelayNotified, SignalEnd, SignalLost
from server.room.quality import SPACING_SECONDS
from tests.unit.stage import Stage

POOR, GOOD, EXCELLENT = (
    models.ConnectionQuality.POOR,
    models.ConnectionQuality.GOOD,
    models.ConnectionQuality.EXCELLENT,
)


def told(stage: Stage, sid: str) -> list[dict[str, int]]:
    """Qualities by participant, message by message; then forgets them."""
    messages = [
        {one.participant_sid: int(one.quality) for one in response.connection_quality.updates}
        for response in stage.sent(sid, "connection_quality")
    ]
    stage.forget()
    return messages


def judge(stage: Stage, sid: str, quality: Quality, *, receiving: bool = False) -> None:
    participant = stage.participant(sid)
    side = participant.subscriber if receiving else participant.publisher
    assert side is not None
    stage.put(RelayNotified(TransportQuality(side.transport, quality)))


def settled() -> tuple[Stage, str, str]:
    """Two participants who know everything."""
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.pass_time(SPACING_SECONDS)
    stage.forget()
    return stage, ada, bob


def test_everybody_learns_the_quality_of_all_soon_after_the_beginning() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.pass_time(SPACING_SECONDS)
    assert told(stage, bob) == [{ada: EXCELLENT, bob: EXCELLENT}]


def test_who_comes_late_learns_all_and_the_others_only_of_the_newcomer() -> None:
    for listener in ("bob", "eve"):
        stage, ada, bob = settled()
        eve = stage.enter("eve")
        stage.pass_time(SPACING_SECONDS)
        everything = {ada: EXCELLENT, bob: EXCELLENT, eve: EXCELLENT}
        expected = everything if listener == "eve" else {eve: EXCELLENT}
        assert told(stage, eve if listener == "eve" else bob) == [expected]


def test_a_change_is_told_to_itself_and_others_within_five_seconds_and_once() -> None:
    for listener in (0, 1):
        stage, *sids = settled()
        judge(stage, sids[0], Quality.POOR)
        stage.pass_time(SPACING_SECONDS)
        assert told(stage, sids[listener]) == [{sids[0]: POOR}]
        judge(stage, sids[0], Quality.POOR)
        stage.pass_time(60)
        assert told(stage, sids[listener]) == []


def test_the_worse_direction_counts() -> None:
    stage, ada, bob = settled()
    judge(stage, ada, Quality.GOOD, receiving=True)
    judge(stage, ada, Quality.POOR)
    stage.pass_time(SPACING_SECONDS)
    assert told(stage, bob) == [{ada: POOR}]
    judge(stage, ada, Quality.EXCELLENT)
    stage.pass_time(SPACING_SECONDS)
    assert told(stage, bob) == [{ada: GOOD}]


def test_what_swings_within_five_seconds_is_not_told() -> None:
    stage, ada, bob = settled()
    judge(stage, ada, Quality.POOR)
    judge(stage, ada, Quality.EXCELLENT)
    stage.pass_time(60)
    assert told(stage, bob) == []


def test_who_is_still_on_the_way_is_nobody_yet_and_learns_all_on_arrival() -> None:
    stage, ada, bob = settled()
    eve = stage.join("eve")
    judge(stage, eve, Quality.GOOD)
    stage.pass_time(SPACING_SECONDS)
    assert told(stage, bob) == []
    stage.connect(eve)
    stage.pass_time(SPACING_SECONDS)
    assert told(stage, eve) == [{ada: EXCELLENT, bob: EXCELLENT, eve: GOOD}]


def test_nobody_is_ever_lost() -> None:
    stage, ada, bob = settled()
    judge(stage, ada, Quality.POOR)
    judge(stage, ada, Quality.POOR, receiving=True)
    stage.pass_time(60)
    assert told(stage, ada) == [{ada: POOR}]
    stage.put(SignalLost(ada, SignalEnd.GOODBYE))
    stage.pass_time(15)
    assert told(stage, bob) == []
