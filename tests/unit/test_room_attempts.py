"""A join on its way through a room: the last step done, when it is decided, and how well it was connected."""

from __future__ import annotations

import pytest
from livekit.protocol import models

from server.control.messages import Quality, TransportPhase, TransportQuality
from server.room.attempt import MEDIA_SECONDS
from server.room.attempt import Stage as Step
from server.room.effects import AttemptEnded, ParticipantLeft
from server.room.inputs import RelayNotified, SignalEnd, SignalLost
from tests.unit.stage import CODE, Sending, Stage


def attempts(stage: Stage) -> list[AttemptEnded]:
    return [fact for fact in stage.facts() if isinstance(fact, AttemptEnded)]


def primary(stage: Stage, sid: str) -> int:
    side = stage.participant(sid).subscriber
    assert side is not None
    return side.transport


@pytest.mark.parametrize("step", [Step.WEBSOCKET, Step.NEGOTIATION, Step.ICE, Step.DTLS])
def test_a_join_that_ends_before_it_is_ready(step: Step) -> None:
    stage = Stage()
    sid = stage.join("ada")
    if step >= Step.NEGOTIATION:
        stage.answer(sid)
    if step >= Step.ICE:
        stage.tell_transport(primary(stage, sid), TransportPhase.REACHABLE)
    if step is Step.DTLS:
        stage.tell_transport(stage.participant(sid).publisher.transport, TransportPhase.CONNECTED)
    stage.now += 2
    stage.put(SignalLost(sid, SignalEnd.LOST))
    [attempt] = attempts(stage)
    assert (attempt.sid, attempt.code, attempt.stage) == (sid, CODE, step)
    assert (attempt.reason, attempt.milliseconds) == (models.DisconnectReason.SIGNAL_CLOSE, 2000)


def test_somebody_who_is_never_ready() -> None:
    stage = Stage()
    stage.answer(stage.join("ada"))
    stage.pass_time(61)
    [attempt] = attempts(stage)
    assert attempt.reason == models.DisconnectReason.JOIN_FAILURE


def test_a_listener_is_ready_and_decided_after_a_while() -> None:
    stage = Stage()
    sid = stage.join("ada")
    stage.answer(sid)
    stage.now += 1
    stage.connect(sid)
    stage.pass_time(MEDIA_SECONDS - 1)
    assert attempts(stage) == []
    stage.pass_time(1)
    [attempt] = attempts(stage)
    assert (attempt.stage, attempt.reason, attempt.milliseconds) == (Step.READY, None, 1000)
    stage.put(SignalLost(sid, SignalEnd.GOODBYE))
    assert len(attempts(stage)) == 1


def test_the_first_media_decides() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.now += 3
    stage.publish(sid, Sending("audio", "0", "mic"))
    stage.pass_time(0)
    [attempt] = attempts(stage)
    assert (attempt.stage, attempt.reason, attempt.milliseconds) == (Step.MEDIA, None, 0)


def test_media_that_comes_before_the_other_transport_counts() -> None:
    stage = Stage()
    sid = stage.join("ada")
    stage.tell_transport(stage.participant(sid).publisher.transport, TransportPhase.CONNECTED)
    stage.publish(sid, Sending("audio", "0", "mic"))
    stage.pass_time(1)
    assert attempts(stage) == []
    stage.tell_transport(primary(stage, sid), TransportPhase.CONNECTED)
    stage.pass_time(0)
    [attempt] = attempts(stage)
    assert (attempt.stage, attempt.milliseconds) == (Step.MEDIA, 1000)


def test_who_leaves_at_once_after_it_was_ready_has_not_failed() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.put(SignalLost(sid, SignalEnd.GOODBYE))
    [attempt] = attempts(stage)
    assert (attempt.stage, attempt.reason) == (Step.READY, None)


def test_how_well_it_was_connected_mostly_and_at_worst() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    for seconds, quality in ((30, Quality.GOOD), (100, Quality.POOR), (10, Quality.EXCELLENT)):
        stage.pass_time(seconds)
        stage.put(RelayNotified(TransportQuality(primary(stage, sid), quality)))
    stage.pass_time(20)
    stage.put(SignalLost(sid, SignalEnd.GOODBYE))
    left = stage.facts()[-1]
    assert isinstance(left, ParticipantLeft)
    assert (left.usual, left.worst) == (Quality.GOOD, Quality.POOR)


def test_who_was_never_ready_has_no_quality() -> None:
    stage = Stage()
    stage.put(SignalLost(stage.join("ada"), SignalEnd.GOODBYE))
    left = stage.facts()[-1]
    assert isinstance(left, ParticipantLeft)
    assert (left.usual, left.worst) == (None, None)
