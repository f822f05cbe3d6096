"""Options of a room that is made through the API: each is taken, or refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import CreateRoomRequest, RoomEgress

from server.room.limits import RoomLimits
from server.room.options import limits_of
from server.room.refused import AdminRefused, Fault

DEFAULTS = RoomLimits(max_participants=50, loudest_voices=10)
TAKEN = {
    "name",
    "empty_timeout",
    "departure_timeout",
    "max_participants",
    "metadata",
    "tags",
    "min_playout_delay",
    "max_playout_delay",
}
NEVER: dict[str, Any] = {
    "room_preset": "wide",
    "node_id": "other",
    "egress": RoomEgress(),
    "sync_streams": True,
    "replay_enabled": True,
    "agents": [RoomAgentDispatch(agent_name="helper")],
}


def test_timeouts_and_the_number_of_participants_are_taken() -> None:
    wanted = CreateRoomRequest(name="hall", empty_timeout=60, departure_timeout=5, max_participants=2)
    limits = limits_of(wanted, DEFAULTS)
    assert (limits.empty_seconds, limits.departure_seconds, limits.max_participants) == (60, 5, 2)
    assert limits.loudest_voices == 10


def test_what_is_not_said_is_as_configured() -> None:
    assert limits_of(CreateRoomRequest(name="hall"), DEFAULTS) == DEFAULTS


def test_encryption_can_be_required() -> None:
    limits = limits_of(CreateRoomRequest(name="hall", tags={"encryption": "required"}), DEFAULTS)
    assert limits.require_encryption


def test_every_option_is_taken_or_refused_by_name() -> None:
    assert {field.name for field in CreateRoomRequest.DESCRIPTOR.fields} == TAKEN | NEVER.keys()


@pytest.mark.parametrize("option", NEVER)
def test_what_is_not_had_here_is_refused(option: str) -> None:
    with pytest.raises(AdminRefused) as caught:
        limits_of(CreateRoomRequest(name="hall", **{option: NEVER[option]}), DEFAULTS)
    assert (caught.value.fault, caught.value.feature) == (Fault.NEVER, option)


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        (Fault.BAD_ARGUMENT, {"name": ""}),
        (Fault.BAD_ARGUMENT, {"name": "n" * 257}),
        (Fault.BAD_ARGUMENT, {"empty_timeout": 86_401}),
        (Fault.BAD_ARGUMENT, {"departure_timeout": 86_401}),
        (Fault.BAD_ARGUMENT, {"max_participants": 51}),
        (Fault.BAD_ARGUMENT, {"metadata": "m" * (64 * 1024 + 1)}),
        (Fault.BAD_ARGUMENT, {"tags": {"encryption": "Required"}}),
        (Fault.BAD_ARGUMENT, {"min_playout_delay": 300, "max_playout_delay": 200}),
        (Fault.BAD_ARGUMENT, {"max_playout_delay": 40_951}),
        (Fault.BAD_ARGUMENT, {"min_playout_delay": 40_951}),
        (Fault.NEVER, {"tags": {"team": "blue"}}),
    ],
)
def test_what_is_out_of_bounds_is_refused(fault: Fault, options: dict[str, Any]) -> None:
    with pytest.raises(AdminRefused) as caught:
        limits_of(CreateRoomRequest(**{"name": "hall", **options}), DEFAULTS)
    assert caught.value.fault is fault
