"""Rooms on relays: the least used, always the same one, and a fresh one after the last room."""

from __future__ import annotations

import asyncio

import pytest

from server.control.messages import Receiver, Request
from server.errors import RelayError, RelaysFull
from server.workers import placement as placement_module
from server.workers.link import RelayLink
from server.workers.load import FADING
from server.workers.placement import Placement


class Relay:
    """A link that only has a number."""

    generation = 1
    fingerprint = bytes(32)
    ipv4_port = ipv6_port = tcp_port = 0

    def __init__(self, number: int) -> None:
        self.number = number
        self.load = 0.0

    def next_id(self) -> int:
        return 1

    def send(self, request: Request) -> None:
        """Nowhere."""

    async def receivers(self, transport: int) -> tuple[Receiver, ...]:
        return ()

    def condemn(self, reason: RelayError) -> None:
        """Nothing to end."""


class Relays:
    """In place of the supervisor."""

    def __init__(self, count: int) -> None:
        self.all = [Relay(number) for number in range(1, count + 1)]
        self.alive: list[RelayLink] = [*self.all]
        self.carried = True
        self.retired: list[RelayLink] = []
        self.refusals = 0
        self.changed = asyncio.Event()

    def serving(self) -> list[RelayLink]:
        return self.alive

    async def until_serving(self, seconds: float) -> None:
        """At once: whoever asks sees what there is."""

    def has_carried(self, relay: RelayLink) -> bool:
        return self.carried

    def retire(self, relay: RelayLink) -> bool:
        if self.refusals:
            self.refusals -= 1
            return False
        self.retired.append(relay)
        self.changed.set()
        return True


@pytest.fixture
def relays(monkeypatch: pytest.MonkeyPatch) -> Relays:
    monkeypatch.setattr(placement_module, "RETIRE_AFTER", 0.01)
    return Relays(2)


class Hands:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at


def placed(relays: Relays, clock: Hands | None = None) -> Placement:
    return Placement(relays, 0.85, (clock or Hands()).now)


async def test_a_room_goes_to_the_relay_that_is_used_least(relays: Relays) -> None:
    placement = placed(relays)
    relays.all[0].load = 0.3
    assert [placement.relay_for(room).number for room in "abcd"] == [2, 2, 2, 2]
    relays.all[1].load = 0.6
    assert placement.relay_for("e").number == 1


async def test_rooms_that_begin_together_do_not_all_go_to_the_same(relays: Relays) -> None:
    clock = Hands()
    placement = placed(relays, clock)
    relays.all[0].load = 0.1
    assert [placement.relay_for(room).number for room in "abcdef"] == [2, 2, 1, 2, 1, 2]
    clock.at += FADING
    relays.all[0].load = relays.all[1].load = 0.1
    assert [placement.relay_for(room).number for room in "gh"] == [1, 2]
    relays.all[1].load = 0.05
    assert placement.relay_for("i").number == 2, "what was measured counts, not rooms"


async def test_a_full_relay_takes_no_new_room(relays: Relays) -> None:
    placement = placed(relays)
    first = placement.relay_for("a")
    relays.all[0].load = 0.86
    assert {placement.relay_for(room).number for room in "bcdefghijklmnopqrstuvwxyz"} == {2}
    assert placement.relay_for("a") is first, "people still come to the room that is there"
    relays.all[1].load = 0.86
    with pytest.raises(RelaysFull):
        placement.relay_for("new")
    relays.all[1].load = 0.85
    assert placement.relay_for("new").number == 2


async def test_without_load_rooms_go_to_the_relay_with_the_fewest(relays: Relays) -> None:
    placement = placed(relays)
    assert [placement.relay_for(room).number for room in "abcd"] == [1, 2, 1, 2]
    placement.release("b")
    placement.release("d")
    assert [placement.relay_for(room).number for room in "ef"] == [2, 2]


async def test_a_room_stays_where_it_is(relays: Relays) -> None:
    placement = placed(relays)
    first = placement.relay_for("a")
    placement.relay_for("b")
    assert placement.relay_for("a") is first


async def test_a_room_moves_when_its_relay_is_gone(relays: Relays) -> None:
    placement = placed(relays)
    first = placement.relay_for("a")
    relays.alive.remove(first)
    assert placement.relay_for("a").number == 2


async def test_without_relays_there_is_no_room(relays: Relays) -> None:
    relays.alive.clear()
    with pytest.raises(RelayError):
        placed(relays).relay_for("a")


async def test_a_relay_retires_after_its_last_room(relays: Relays) -> None:
    placement = placed(relays)
    relay = placement.relay_for("a")
    relays.refusals = 1
    placement.release("a")
    placement.release("a")
    async with asyncio.timeout(5):
        await relays.changed.wait()
    assert relays.retired == [relay]


async def test_a_relay_with_a_new_room_does_not_retire(relays: Relays) -> None:
    placement = placed(relays)
    relay = placement.relay_for("a")
    placement.release("a")
    assert placement.relay_for("b") is relay
    other = placement.relay_for("c")
    placement.release("c")
    async with asyncio.timeout(5):
        await relays.changed.wait()
    assert relays.retired == [other]


async def test_a_relay_that_carried_nothing_stays(relays: Relays, monkeypatch: pytest.MonkeyPatch) -> None:
    placement = placed(relays)
    relays.carried = False
    placement.relay_for("a")
    placement.release("a")
    relays.carried = True
    used = placement.relay_for("b")
    other = placement.relay_for("c")
    placement.release("c")
    async with asyncio.timeout(5):
        await relays.changed.wait()
    assert relays.retired == [other]
    assert other is not used
