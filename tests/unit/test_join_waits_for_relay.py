"""A join that comes while the only relay is being born waits for it instead of being refused."""

from __future__ import annotations

import asyncio

import pytest

from server.workers import placement as placement_module
from server.workers.link import RelayLink
from server.workers.placement import Placement
from tests.unit.signaling import ClientMaker, Server, connect


async def test_a_join_waits_for_the_birth(aiohttp_client: ClientMaker) -> None:
    server = Server()
    server.placement.link = None
    server.placement.born.clear()
    client = await aiohttp_client(server.application)
    joining = asyncio.create_task(connect(client, server.token()))
    async with asyncio.timeout(5):
        await server.placement.awaited.wait()
    assert not joining.done()
    server.placement.link = server.link
    server.placement.born.set()
    peer = await joining
    assert (await peer.next()).join.participant.identity == "ada"


async def test_who_may_not_join_does_not_wait(aiohttp_client: ClientMaker) -> None:
    server = Server()
    server.placement.born.clear()
    client = await aiohttp_client(server.application)
    answer = await client.get("/rtc/validate", params={"access_token": server.token(secret="x" * 32)})
    assert answer.status == 401
    assert not server.placement.awaited.is_set()


async def test_a_stopping_server_lets_nobody_wait(aiohttp_client: ClientMaker) -> None:
    server = Server()
    server.placement.born.clear()
    server.rooms.shutdown()
    client = await aiohttp_client(server.application)
    answer = await client.get("/rtc/validate", params={"access_token": server.token()})
    assert answer.status == 503


class NeverBorn:
    """In place of a supervisor whose relays cannot be born."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def serving(self) -> list[RelayLink]:
        return []

    async def until_serving(self, seconds: float) -> None:
        self.asked.append(seconds)

    def has_carried(self, relay: RelayLink) -> bool:
        return False

    def retire(self, relay: RelayLink) -> bool:
        return True


async def test_the_wait_is_bounded(aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement_module, "BIRTH_WAIT", 0.05)
    server = Server()
    relays = NeverBorn()
    server.rooms.place_on(Placement(relays, 1.0, server.clock.now))
    client = await aiohttp_client(server.application)
    answer = await client.get("/rtc/validate", params={"access_token": server.token()})
    assert (answer.status, relays.asked) == (503, [0.05])
