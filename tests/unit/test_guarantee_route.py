"""`GET /guarantee`: the statement, in words that promise no more than was observed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from server.control.messages import Level
from server.guarantee.evidence import RelayEvidence
from server.guarantee.judge import judge
from server.guarantee.route import routes
from server.guarantee.sign import Signer
from server.guarantee.statement import DOES_NOT_PROVE, SAYS, statement
from tests.unit.test_judge import FULL, NOW

Client = Any
SIGNER = Signer.generate()


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> Client:
    return await serve(aiohttp_client, [FULL])


async def serve(aiohttp_client: AiohttpClient, evidence: Sequence[RelayEvidence]) -> Client:
    app = web.Application()
    app.add_routes(routes(lambda: evidence, "full", SIGNER, clock=lambda: NOW))
    return await aiohttp_client(app)


async def test_the_statement(client: Client) -> None:
    response = await client.get("/guarantee", params={"nonce": "abcdefgh-_09"})
    assert response.status == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "no-store"
    told = await response.json()
    relays = told.pop("relays")
    assert told == {
        "level": "full",
        "minimum_level": "full",
        "issued_at": "2023-11-14T22:13:20.000Z",
        "nonce": "abcdefgh-_09",
        "says": SAYS[Level.FULL],
        "does_not_prove": list(DOES_NOT_PROVE),
    }
    assert (relays[0]["relay"], relays[0]["level"]) == (1, "full")
    assert relays[0]["checks"][0] == {
        "name": "seccomp",
        "held": True,
        "source": "kernel",
        "observed_at": "2023-11-14T22:13:19.000Z",
    }
    sources = {check["source"] for check in relays[0]["checks"]}
    assert sources == {"kernel", "inspected", "self-reported"}


async def test_what_is_observed_decides_not_what_is_configured(aiohttp_client: AiohttpClient) -> None:
    client = await serve(aiohttp_client, [replace(FULL, status=None)])
    told = await (await client.get("/guarantee")).json()
    assert (told["level"], told["minimum_level"], told["nonce"]) == ("none", "full", None)
    assert told["relays"][0]["checks"][0]["observed_at"] is None
    assert "Nothing is guaranteed" in told["says"]


@pytest.mark.parametrize(
    "nonce", ["", "short", "a" * 129, "with space", "abcdefgh\n", "ünïcödé-x", "<script>"]
)
async def test_a_bad_nonce_is_refused(client: Client, nonce: str) -> None:
    response = await client.get("/guarantee", params={"nonce": nonce})
    assert response.status == 400
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "nonce" in (await response.json())["error"]
    if len(nonce) > 4:
        assert nonce not in await response.text()


async def test_two_nonces_are_refused(client: Client) -> None:
    assert (await client.get("/guarantee?nonce=abcdefgh&nonce=abcdefgi")).status == 400


async def test_no_process_number_or_address_is_told(client: Client) -> None:
    assert "4242" not in await (await client.get("/guarantee")).text()


async def test_anybody_gets_the_public_keys(client: Client) -> None:
    response = await client.get("/.well-known/jwks.json")
    assert await response.json() == SIGNER.jwks()
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("level", Level)
def test_the_words_never_promise_what_cannot_be_held(level: Level) -> None:
    evidence = {Level.FULL: [FULL], Level.REDUCED: [], Level.NONE: []}[level]
    words = " ".join([SAYS[level], *DOES_NOT_PROVE, str(statement(judge(evidence, NOW), "full", None, NOW))])
    for overclaim in ("impossible", "cannot record", "nobody can", "guaranteed that", "certified", "attest"):
        assert overclaim not in words.lower()
    if level is not Level.NONE:
        assert "blocked on this server" in SAYS[level]
        assert "Participants can still record" in SAYS[level]
        assert "A modified server could lie" in SAYS[level]
