"""What a subscriber's path does not carry: it is told, and what matters more to it is known to the relay."""

from __future__ import annotations

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import StreamState, UpdateTrackSettings

from server.control.messages import ConsumerState, CreateConsumer, SetPriority
from server.protocol import translate
from server.room.inputs import RelayNotified
from server.room.layers import MOST_PRIORITY
from tests.unit.stage import Sending, Stage, subscribe_message

CAMERA = Sending("video", "1", "camera-cid", rids=("q", "h", "f"))


def receiving() -> tuple[Stage, str, str]:
    """A room, somebody in it who receives a camera, and its track."""
    stage = Stage()
    watcher = stage.enter("watcher")
    track = stage.publish(stage.enter("ada"), CAMERA)
    stage.pass_time(0.1)
    stage.answer(watcher)
    return stage, watcher, track


def _states(stage: Stage, sid: str) -> list[tuple[str, int]]:
    updates = [one.stream_state_update for one in stage.sent(sid, "stream_state_update")]
    return [(info.track_sid, info.state) for update in updates for info in update.stream_states]


def test_a_pause_for_want_of_a_path_and_its_end_are_told_to_the_subscriber_once_each() -> None:
    stage, watcher, track = receiving()
    consumer = stage.requests(CreateConsumer)[-1].consumer
    for layer, congested in ((1, False), (1, True), (1, True), (0, False), (1, False)):
        stage.put(RelayNotified(ConsumerState(consumer, layer, False, congested)))
    assert _states(stage, watcher) == [(track, StreamState.PAUSED), (track, StreamState.ACTIVE)]


def test_of_a_reception_that_is_over_nothing_is_told() -> None:
    stage, watcher, track = receiving()
    consumer = stage.requests(CreateConsumer)[-1].consumer
    stage.signal(watcher, **subscribe_message(track, subscribe=False))
    stage.put(RelayNotified(ConsumerState(consumer, 0, False, True)))
    assert _states(stage, watcher) == []


def test_the_priority_that_a_client_gives_reaches_the_relay_where_it_changes() -> None:
    stage, watcher, track = receiving()
    consumer = stage.requests(CreateConsumer)[-1].consumer
    for priority in (3, 3, 2**31):
        setting = UpdateTrackSettings(track_sids=[track], quality=models.VideoQuality.HIGH, priority=priority)
        stage.signal(watcher, track_setting=setting)
    assert stage.requests(SetPriority) == [
        SetPriority(consumer, 6),
        SetPriority(consumer, 2 * MOST_PRIORITY),
    ]


@pytest.mark.parametrize(
    ("query", "may_pause"),
    [({}, True), ({"subscriber_allow_pause": "0"}, False), ({"subscriber_allow_pause": "1"}, True)],
)
def test_clients_may_say_that_nothing_of_theirs_is_paused(query: dict[str, str], may_pause: bool) -> None:
    assert translate.join_parameters(query).may_pause is may_pause
