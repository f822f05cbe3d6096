"""The desktop application asks with fresh nonces, keeps to one key, and believes nothing unsigned."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from client_demo.desktop.fetching import MOST_BYTES, new_session
from client_demo.desktop.guarantee.asking import Asker, watch
from client_demo.desktop.guarantee.evidence import REQUIRED
from client_demo.desktop.guarantee.reading import Answered, Failed, Failure, Reading
from client_demo.desktop.guest_token import Guest, Refused, ask_for_token
from client_demo.desktop.server_address import ServerAddress, parse_address
from server.guarantee.sign import Signer
from server.guarantee.statement import TYPE
from tests.statement_vectors import STATEMENT


@dataclass
class Played:
    """A server that signs; what it says can be changed."""

    signer: Signer = field(default_factory=Signer.generate)
    nonces: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    spoil: Callable[[str], str] = lambda jws: jws
    raw: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    async def guarantee(self, request: web.Request) -> web.StreamResponse:
        if self.raw is not None:
            return await self.raw(request)
        self.nonces.append(request.query["nonce"])
        self.tokens.append(request.headers.get("Authorization", ""))
        now = int(time.time())
        content = {**STATEMENT, "iat": now, "exp": now + 60, "nonce": request.query["nonce"], **self.changes}
        return web.json_response({"jws": self.spoil(self.signer.sign(content, typ=TYPE))})

    async def keys(self, _request: web.Request) -> web.Response:
        return web.json_response(self.signer.jwks())


@pytest.fixture
async def played() -> Played:
    return Played()


@pytest.fixture
async def address(played: Played) -> AsyncIterator[ServerAddress]:
    app = web.Application()
    app.add_routes([web.get("/guarantee", played.guarantee), web.get("/.well-known/jwks.json", played.keys)])
    async with TestServer(app) as server:
        yield parse_address(str(server.make_url("/")))


async def test_each_question_has_a_nonce_of_its_own_and_the_token_of_the_call(
    played: Played, address: ServerAddress
) -> None:
    async with new_session() as session:
        asker = Asker(session, address, "the-token")
        assert isinstance(await asker.ask(), Answered)
        assert isinstance(await asker.ask(), Answered)
    assert len(set(played.nonces)) == 2
    assert min(len(nonce) for nonce in played.nonces) >= 22
    assert played.tokens == ["Bearer the-token"] * 2


async def test_a_new_key_in_the_middle_of_a_call_is_told(played: Played, address: ServerAddress) -> None:
    async with new_session() as session:
        asker = Asker(session, address)
        assert isinstance(await asker.ask(), Answered)
        played.signer = Signer.generate()
        reading = await asker.ask()
    assert isinstance(reading, Failed)
    assert reading.reason is Failure.OTHER_KEY


@pytest.mark.parametrize(
    ("changes", "spoil", "reason"),
    [
        ({}, lambda jws: jws[:-8] + "AAAAAAAA", Failure.FORGED),
        ({"nonce": "another-nonce-than-asked"}, lambda jws: jws, Failure.REPLAYED),
        ({"iat": 1_700_000_000, "exp": 1_700_000_060}, lambda jws: jws, Failure.DATED),
        ({"relays": "none"}, lambda jws: jws, Failure.UNREADABLE),
        ({}, lambda jws: "", Failure.UNREADABLE),
    ],
)
async def test_what_is_not_an_answer_is_told_as_what_it_is(
    played: Played,
    address: ServerAddress,
    changes: dict[str, Any],
    spoil: Callable[[str], str],
    reason: Failure,
) -> None:
    played.changes, played.spoil = changes, spoil
    async with new_session() as session:
        reading = await Asker(session, address).ask()
    assert isinstance(reading, Failed)
    assert reading.reason is reason


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(MOST_BYTES // 65_536 + 2):
        await response.write(b" " * 65_536)
    return response


async def _elsewhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/.well-known/jwks.json")


@pytest.mark.parametrize("raw", [_endless, _elsewhere])
async def test_answers_that_are_too_long_or_elsewhere_are_none(
    played: Played, address: ServerAddress, raw: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> None:
    played.raw = raw
    async with new_session() as session:
        reading = await Asker(session, address).ask()
    assert isinstance(reading, Failed)
    assert reading.reason is Failure.UNREACHABLE


async def test_a_server_that_is_not_there_is_told_in_words() -> None:
    nowhere = parse_address("http://127.0.0.1:1")
    async with new_session() as session:
        reading = await Asker(session, nowhere).ask()
        refused = await ask_for_token(session, nowhere, Guest("garden", "Ada"))
    assert isinstance(reading, Failed)
    assert reading.reason is Failure.UNREACHABLE
    assert isinstance(refused, Refused)
    assert "cannot be reached" in refused.message


async def test_the_first_answer_is_told_at_once(played: Played, address: ServerAddress) -> None:
    checks = [
        {"name": name, "held": True, "source": source, "observed_at": None}
        for name, source in REQUIRED.items()
    ]
    played.changes = {"relays": [{"relay": 1, "level": "full", "checks": checks}]}
    told: asyncio.Queue[Reading] = asyncio.Queue()
    async with new_session() as session:
        watching = asyncio.create_task(watch(Asker(session, address), told.put_nowait))
        assert isinstance(await asyncio.wait_for(told.get(), 10), Answered)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
