"""A room knows when something is due, without asking everybody whenever somebody says something."""

from __future__ import annotations

import random
from typing import Any

import pytest
from livekit.protocol.rtc import SignalRequest

from server.room.agenda import Agenda
from server.room.inputs import Signal
from server.room.participant import Participant
from tests.unit.stage import Stage
from tests.unit.test_views_converge import STEPS, Views, step

WALKS = 60


@pytest.mark.parametrize("lobby", [False, True])
def test_nothing_is_due_before_the_room_asks_to_be_told(lobby: bool) -> None:
    """After everything that happens in random calls, of each participant."""
    looked = 0
    for seed in range(WALKS):
        views, draw = Views(), random.Random(seed)
        put = views.stage.put

        def put_and_look(happened: Any, put: Any = put, views: Views = views) -> Any:
            nonlocal looked
            effects = put(happened)
            room = views.stage.room
            for one in room.everybody():
                assert room.agenda.of(one.sid) <= one.next_timeout(), (happened, one.identity)
                looked += 1
            return effects

        views.stage.put = put_and_look  # type: ignore[method-assign]
        views.two_meet()
        for _ in range(STEPS):
            step(views, draw, lobby=lobby)
    assert looked > WALKS * STEPS


def test_what_one_says_asks_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room of a thousand would be kept busy by their pings alone."""
    stage = Stage()
    sids = [stage.enter(f"person-{number}") for number in range(30)]
    asked: list[str] = []
    ask = Participant.next_timeout

    def note(participant: Participant) -> float:
        asked.append(participant.sid)
        return ask(participant)

    monkeypatch.setattr(Participant, "next_timeout", note)
    stage.put(Signal(sids[3], SignalRequest(ping=1)))
    stage.room.next_timeout()
    assert asked == [sids[3]]


def test_the_first_is_found_again_when_it_is_put_off_or_gone() -> None:
    agenda = Agenda()
    assert agenda.first() is None
    for sid, time in (("a", 3.0), ("b", 1.0), ("c", 2.0)):
        agenda.put(sid, time)
    assert (agenda.first(), agenda.due(2.0)) == (1.0, ["b", "c"])
    agenda.put("b", 5.0)
    assert agenda.first() == 2.0
    agenda.drop("c")
    agenda.drop("c")
    assert (agenda.first(), agenda.due(4.0)) == (3.0, ["a"])
    agenda.put("a", 9.0)
    assert agenda.first() == 5.0
