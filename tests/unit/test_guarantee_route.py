"""`GET /guarantee`: who asks gets the statement of now, signed, and of a room only with a token for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from server.auth.grants import Claims, VideoGrants
from server.auth.token import sign
from server.guarantee import jws
from server.guarantee.evidence import RelayEvidence
from server.guarantee.route import GuaranteeRoutes
from server.guarantee.sign import Signer
from server.guarantee.statement import LIFETIME_SECONDS, TYPE, VERSION, RoomBinding
from tests.unit.guaranteed import SOFTWARE, KnownSoftware
from tests.unit.test_judge import FULL, NOW

Client = Any
SIGNER = Signer.generate()
NONCE = "abcdefgh-_09"
KEY, SECRET = "key", "s" * 32


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> Client:
    return await serve(aiohttp_client, [FULL])


def _binding(room: str) -> RoomBinding:
    return RoomBinding(room, 1, 1) if room == "hall" else RoomBinding(room, None, None)


async def serve(aiohttp_client: AiohttpClient, evidence: Sequence[RelayEvidence]) -> Client:
    routes = GuaranteeRoutes(
        evidence=lambda: evidence,
        software=KnownSoftware(),
        room=_binding,
        minimum_level="full",
        keys={KEY: SECRET},
        signer=SIGNER,
        clock=lambda: NOW,
        started_at=NOW - 600,
    )
    app = web.Application()
    app.add_routes(routes.routes())
    return await aiohttp_client(app)


def token(room: str = "hall", *, join: bool = True, secret: str = SECRET) -> dict[str, str]:
    claims = Claims("ada", grants=VideoGrants(room=room, room_join=join), expires_at=NOW + 60)
    return {"Authorization": f"Bearer {sign(claims, KEY, secret, NOW)}"}


async def test_the_statement_and_its_signature_say_the_same(client: Client) -> None:
    response = await client.get("/guarantee", params={"nonce": NONCE})
    assert response.status == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "no-store"
    told = await response.json()
    assert jws.decode(told.pop("jws"), SIGNER.jwks(), typ=TYPE) == told
    assert (told["nonce"], told["level"]) == (NONCE, "full")
    assert (told["iat"], told["exp"]) == (int(NOW), int(NOW) + LIFETIME_SECONDS)


@pytest.mark.parametrize(
    ("query", "headers"), [({"format": "jws"}, {}), ({}, {"Accept": "application/jose"})]
)
async def test_the_signature_alone(client: Client, query: dict[str, str], headers: dict[str, str]) -> None:
    response = await client.get("/guarantee", params={"nonce": NONCE, **query}, headers=headers)
    assert response.content_type == "application/jose"
    assert jws.decode(await response.text(), SIGNER.jwks(), typ=TYPE)["nonce"] == NONCE


async def test_what_is_observed_decides_not_what_is_configured(aiohttp_client: AiohttpClient) -> None:
    client = await serve(aiohttp_client, [replace(FULL, status=None)])
    told = await (await client.get("/guarantee")).json()
    assert (told["level"], told["minimum_level"], told["nonce"]) == ("none", "full", None)


@pytest.mark.parametrize(
    "nonce", ["", "short", "a" * 129, "with space", "abcdefgh\n", "ünïcödé-x", "<script>"]
)
async def test_a_bad_nonce_is_refused(client: Client, nonce: str) -> None:
    response = await client.get("/guarantee", params={"nonce": nonce})
    assert response.status == 400
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "nonce must be" in (await response.json())["error"]
    if len(nonce) > 4:
        assert nonce not in await response.text()


async def test_two_nonces_or_another_format_are_refused(client: Client) -> None:
    assert (await client.get("/guarantee?nonce=abcdefgh&nonce=abcdefgi")).status == 400
    assert (await client.get("/guarantee?format=xml")).status == 400


async def test_without_a_token_no_room_is_told(client: Client) -> None:
    assert (await (await client.get("/guarantee?room=hall")).json())["room"] is None


async def test_with_a_join_token_the_rooms_relay_is_told(client: Client) -> None:
    told = await (await client.get("/guarantee", headers=token())).json()
    assert told["room"] == {
        "name": "hall",
        "relay": 1,
        "generation": 1,
        "level": "full",
        "encryption_required": False,
    }


async def test_a_room_where_nobody_is_lives_on_no_relay(client: Client) -> None:
    told = await (await client.get("/guarantee", headers=token("empty"))).json()
    assert {told["room"][field] for field in ("relay", "generation", "level")} == {None}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (token(secret="t" * 32), 401),
        ({"Authorization": "Basic YTpi"}, 401),
        ({"Authorization": "Bearer "}, 401),
        (token(join=False), 403),
        (token(""), 403),
    ],
)
async def test_a_token_for_no_room_is_refused(client: Client, headers: dict[str, str], status: int) -> None:
    response = await client.get("/guarantee", headers=headers)
    assert response.status == status
    assert "token" in (await response.json())["error"]


async def test_a_page_of_another_origin_may_send_its_token(client: Client) -> None:
    response = await client.options("/guarantee")
    assert response.status == 204
    assert "authorization" in response.headers["Access-Control-Allow-Headers"].split(", ")


async def test_no_process_number_is_told(client: Client) -> None:
    assert "4242" not in await (await client.get("/guarantee")).text()


async def test_anybody_gets_the_public_keys(client: Client) -> None:
    response = await client.get("/.well-known/jwks.json")
    assert await response.json() == SIGNER.jwks()
    assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_everything_is_found_from_one_address(client: Client) -> None:
    found = await (await client.get("/.well-known/offrecord")).json()
    assert found["version"] == SOFTWARE.version
    assert found["statement"] == {"version": VERSION, "type": TYPE, "lifetime_seconds": LIFETIME_SECONDS}
    for endpoint in ("guarantee", "jwks"):
        assert (await client.get("/" + found["endpoints"][endpoint])).status == 200
