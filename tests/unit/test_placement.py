"""Rooms on relays: the least loaded, always the same one, and a fresh one after the last room."""

from __future__ import annotations

import asyncio

import pytest

from server.control.messages import Receiver, Request
from server.errors import RelayError
from server.workers import placement as placement_module
from server.workers.link import RelayLink
from server.workers.placement import Placement


class Relay:
    """A link that only has a number."""

    generation = 1
    fingerprint = bytes(32)
    ipv4_port = ipv6_port = tcp_port = 0

    def __init__(self, number: int) -> None:
        self.number = number

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
        self.alive: list[RelayLink] = [Relay(number) for number in range(1, count + 1)]
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


async def test_rooms_go_to_the_relay_with_the_fewest(relays: Relays) -> None:
    placement = Placement(relays)
    assert [placement.relay_for(room).number for room in "abcd"] == [1, 2, 1, 2]
    placement.release("b")
    placement.release("d")
    assert [placement.relay_for(room).number for room in "ef"] == [2, 2]


async def test_a_room_stays_where_it_is(relays: Relays) -> None:
    placement = Placement(relays)
    first = placement.relay_for("a")
    placement.relay_for("b")
    assert placement.relay_for("a") is first


async def test_a_room_moves_when_its_relay_is_gone(relays: Relays) -> None:
    placement = Placement(relays)
    first = placement.relay_for("a")
    relays.alive.remove(first)
    assert placement.relay_for("a").number == 2


async def test_without_relays_there_is_no_room(relays: Relays) -> None:
    relays.alive.clear()
    with pytest.raises(RelayError):
        Placement(relays).relay_for("a")


async def test_a_relay_retires_after_its_last_room(relays: Relays) -> None:
    placement = Placement(relays)
    relay = placement.relay_for("a")
    relays.refusals = 1
    placement.release("a")
    placement.release("a")
    async with asyncio.timeout(5):
        await relays.changed.wait()
    assert relays.retired == [relay]


async def test_a_relay_with_a_new_room_does_not_retire(relays: Relays) -> None:
    placement = Placement(relays)
    relay = placement.relay_for("a")
    placement.release("a")
    assert placement.relay_for("b") is relay
    other = placement.relay_for("c")
    placement.release("c")
    async with asyncio.timeout(5):
        await relays.changed.wait()
    assert relays.retired == [other]


async def test_a_relay_that_carried_nothing_stays(relays: Relays, monkeypatch: pytest.MonkeyPatch) -> None:
    placement = Placement(relays)
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
