"""Guests are let in who were shown the privacy policy that is served; nothing about that is kept."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from aiohttp import web

from server.app import application
from server.config import Guests
from tests.unit.guaranteed import KnownSoftware
from tests.unit.signaling import ClientMaker, Server
from tests.unit.test_policy_document import completed, read

POLICY = read(completed())
WANTED = {"room": "hall", "name": "Ada"}


def serving(guests: Guests) -> web.Application:
    server = Server(guests=guests)
    return application(
        server.config,
        server.rooms,
        list,
        server.clock,
        server.attempts,
        origins=server.origins,
        signer=server.signer,
        software=KnownSoftware(),
        policy=lambda: POLICY.version,
    )


@pytest.mark.parametrize("shown", [{}, {"policy": ""}, {"policy": "2025-01-01-00000000"}])
async def test_who_was_shown_another_is_told_the_version_to_show(
    shown: dict[str, str], aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(serving(Guests(enabled=True, ask_age=True, passcode="secret word")))
    answer = await client.post("/api/guest-token", json=WANTED | shown)
    assert answer.status == 409
    told: dict[str, Any] = await answer.json()
    assert (told["policy_changed"], told["policy"]) == (True, POLICY.version)
    assert "privacy policy" in told["error"]
    assert set(told) == {"error", "policy_changed", "policy"}, "one thing is asked at a time, this one first"


async def test_who_was_shown_the_one_that_is_served_is_let_in_and_the_token_does_not_say_so(
    aiohttp_client: ClientMaker,
) -> None:
    client = await aiohttp_client(serving(Guests(enabled=True)))
    answer = await client.post("/api/guest-token", json=WANTED | {"policy": POLICY.version})
    assert answer.status == 200
    token = (await answer.json())["token"]
    plain = await aiohttp_client(Server(guests=Guests(enabled=True)).application)
    unasked = (await (await plain.post("/api/guest-token", json=WANTED)).json())["token"]
    assert set(_claims(token)) == set(_claims(unasked))
    assert POLICY.version not in str(_claims(token))


async def test_where_none_is_published_none_is_asked_for(aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(Server(guests=Guests(enabled=True)).application)
    answer = await client.post("/api/guest-token", json=WANTED | {"policy": "2025-01-01-00000000"})
    assert answer.status == 200


def _claims(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims
