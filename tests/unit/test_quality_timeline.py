"""How well somebody is connected can be drawn over time: a step in thirty seconds, and how it ended."""

from __future__ import annotations

from itertools import pairwise

from livekit.protocol.rtc import LeaveRequest

from server.control.messages import Quality, TransportQuality
from server.room.effects import ParticipantLeft, QualityChanged, Record
from server.room.inputs import RelayNotified
from server.room.timeline import SPACING_SECONDS
from tests.unit.stage import START, Stage

POOR, GOOD, EXCELLENT = Quality.POOR, Quality.GOOD, Quality.EXCELLENT


class Line:
    """One participant, and the steps that were kept of it, with the seconds since it came."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.sid = self.stage.enter("ada")
        self._transport = self.stage.participant(self.sid).publisher.transport
        self.steps: list[tuple[float, Quality]] = []
        self._seen = 0

    def judge(self, quality: Quality, seconds: float) -> None:
        """The relay judges, and so much time passes."""
        self.stage.put(RelayNotified(TransportQuality(self._transport, quality)))
        for _ in range(round(seconds * 10)):
            self.stage.pass_time(0.1)
            self._look()

    def leave(self) -> None:
        self.stage.signal(self.sid, leave=LeaveRequest())
        self._look()

    def _look(self) -> None:
        for effect in self.stage.log[self._seen :]:
            if isinstance(effect, Record) and isinstance(effect.fact, QualityChanged):
                self.steps.append((round(self.stage.now - START), effect.fact.quality))
        self._seen = len(self.stage.log)


def test_a_change_is_kept_when_it_happens() -> None:
    line = Line()
    line.judge(EXCELLENT, 40)
    line.judge(GOOD, 40)
    line.judge(POOR, 40)
    line.judge(EXCELLENT, 40)
    assert line.steps == [(40, GOOD), (80, POOR), (120, EXCELLENT)]


def test_what_swings_faster_is_kept_as_it_is_at_the_end_of_the_window() -> None:
    line = Line()
    for _ in range(5):
        line.judge(POOR, 3)
        line.judge(EXCELLENT, 4)
    line.judge(GOOD, 60)
    assert line.steps == [(0, POOR), (31, EXCELLENT), (61, GOOD)]


def test_however_much_it_swings_steps_are_half_a_minute_apart() -> None:
    line = Line()
    for _ in range(150):
        line.judge(POOR, 0.3)
        line.judge(GOOD, 0.4)
    moments = [at for at, _ in line.steps]
    assert 2 <= len(moments) <= 105 / SPACING_SECONDS + 1
    assert all(later - before >= SPACING_SECONDS for before, later in pairwise(moments))


def test_a_swing_that_is_over_within_the_window_leaves_nothing() -> None:
    line = Line()
    line.judge(POOR, 5)
    line.judge(GOOD, 5)
    line.judge(POOR, 60)
    assert line.steps == [(0, POOR)]


def test_the_end_is_not_lost() -> None:
    line = Line()
    line.judge(POOR, 10)
    line.judge(GOOD, 5)
    line.leave()
    assert line.steps == [(0, POOR), (15, GOOD)]
    facts = line.stage.facts()
    assert isinstance(facts[-1], ParticipantLeft)


def test_who_was_always_excellent_has_no_steps() -> None:
    line = Line()
    line.judge(EXCELLENT, 60)
    line.leave()
    assert line.steps == []


def test_what_was_poor_before_it_was_ready_is_poor_from_the_beginning() -> None:
    stage = Stage()
    sid = stage.join("ada")
    transport = stage.participant(sid).publisher.transport
    stage.put(RelayNotified(TransportQuality(transport, POOR)))
    assert not any(isinstance(fact, QualityChanged) for fact in stage.facts())
    stage.connect(sid)
    stage.pass_time(0.1)
    (step,) = [fact for fact in stage.facts() if isinstance(fact, QualityChanged)]
    assert (step.identity, step.quality) == ("ada", POOR)
