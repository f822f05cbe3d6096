"""What clients may break for the asking is their own session, and only where the operator allows it."""

from __future__ import annotations

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest, SignalRequest, SimulateScenario

from server.config import Config
from server.options import for_development
from server.room.inputs import Signal
from server.room.limits import RoomLimits
from tests.unit.stage import Stage

Action, Reason = LeaveRequest.Action, models.DisconnectReason
SCENARIOS = ["node_failure", "migration", "server_leave", "leave_request_full_reconnect"]


def simulated(scenario: str, *, allowed: bool = True) -> tuple[Stage, str, str]:
    stage = Stage(RoomLimits(may_simulate=allowed))
    bob, ada = stage.enter("bob"), stage.enter("ada")
    stage.forget()
    asked = SimulateScenario()
    setattr(asked, scenario, True)
    stage.put(Signal(ada, SignalRequest(simulate=asked)))
    return stage, ada, bob


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_is_broken_where_it_is_not_allowed(scenario: str) -> None:
    stage, ada, bob = simulated(scenario, allowed=False)
    assert stage.log == []
    assert stage.room.participants.keys() == {ada, bob}


def test_it_is_allowed_in_development_and_nowhere_else_by_itself() -> None:
    assert not Config().rooms.simulate
    assert for_development(Config()).rooms.simulate


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        ("node_failure", []),
        ("server_leave", [(Reason.SERVER_SHUTDOWN, Action.DISCONNECT)]),
        ("leave_request_full_reconnect", [(Reason.STATE_MISMATCH, Action.RECONNECT)]),
    ],
)
def test_a_session_ends_for_the_asking(scenario: str, told: list[tuple[int, int]]) -> None:
    stage, ada, bob = simulated(scenario)
    assert [(one.leave.reason, one.leave.action) for one in stage.sent(ada, "leave")] == told
    assert stage.room.participants.keys() == {bob}


def test_a_client_is_told_to_resume_for_the_asking() -> None:
    stage, ada, bob = simulated("migration")
    (told,) = stage.sent(ada, "leave")
    assert (told.leave.reason, told.leave.action) == (Reason.MIGRATION, Action.RESUME)
    assert stage.room.participants.keys() == {ada, bob}
