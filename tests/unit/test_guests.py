"""`POST /api/guest-token`: who gets a token, and what everybody else is told."""

from __future__ import annotations

import time
from ipaddress import IPv4Address

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from msgspec import structs

from server.api.guests import clean, slug
from server.api.rate_limit import MAX_KEYS, RateLimit, Window
from server.app import application
from server.auth.token import verify
from server.config import Config, Guests
from server.network.origin import Origins
from tests.unit.guaranteed import KnownSoftware
from tests.unit.signaling import KEY, SECRET, ClientMaker, Server

OPEN = Guests(enabled=True)
ORIGINS = Origins(Config())


_REQUEST = make_mocked_request("POST", "/")


def asked_by(address: str) -> web.Request:
    return _REQUEST.clone(remote=address)


async def test_a_guest_gets_a_token_for_its_room_under_its_name(aiohttp_client: ClientMaker) -> None:
    server = Server(guests=OPEN)
    client = await aiohttp_client(server.application)
    tokens = []
    for _ in range(2):
        answer = await client.post("/api/guest-token", json={"room": " hall ", "name": "Ada\tLövelace"})
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        body = await answer.json()
        assert body["url"] == f"ws://127.0.0.1:{client.port}"
        tokens.append(verify(body["token"], {KEY: SECRET}, server.clock.now()))
    first, second = tokens
    assert first.name == "Ada Lövelace"
    assert first.identity.startswith("ada-lovelace-")
    assert first.identity != second.identity
    assert (first.grants.room, first.grants.room_join, first.grants.room_admin) == ("hall", True, False)
    assert (first.grants.hidden, first.grants.recorder) == (False, False)


async def test_the_address_follows_the_host_asked(aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(Server(guests=OPEN).application)
    answer = await client.post(
        "/api/guest-token", json={"room": "r", "name": "n"}, headers={"Host": "meet.example:99"}
    )
    assert (await answer.json())["url"] == "ws://meet.example:99"


async def test_behind_a_proxy_the_operator_says_the_address_and_no_header_does(
    aiohttp_client: ClientMaker,
) -> None:
    server = Server(guests=OPEN)
    forwarded = {"Host": "meet.example", "X-Forwarded-Proto": "https", "Forwarded": "proto=https"}
    wanted = {"room": "r", "name": "n"}
    client = await aiohttp_client(server.application)
    answer = await client.post("/api/guest-token", json=wanted, headers=forwarded)
    assert (await answer.json())["url"] == "ws://meet.example"
    http = structs.replace(server.config.http, public_url="https://meet.example:8443/")
    behind = application(
        structs.replace(server.config, http=http),
        server.rooms,
        list,
        server.clock,
        server.attempts,
        origins=server.origins,
        signer=server.signer,
        software=KnownSoftware(),
    )
    client = await aiohttp_client(behind)
    answer = await client.post("/api/guest-token", json=wanted, headers={"Host": "inside:7880"})
    assert (await answer.json())["url"] == "wss://meet.example:8443"


async def test_guests_are_refused_where_they_are_not_enabled(aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(Server().application)
    answer = await client.post("/api/guest-token", json={"room": "r", "name": "n"})
    assert answer.status == 403
    assert "operator" in (await answer.json())["error"]


@pytest.mark.parametrize("passcode", ["", "guests"])
@pytest.mark.parametrize(
    ("given", "status", "moderates"),
    [("", 0, False), ("guests", 0, False), ("chair", 200, True), ("wrong", 403, False)],
)
async def test_another_passcode_makes_a_moderator(
    aiohttp_client: ClientMaker, passcode: str, given: str, status: int, moderates: bool
) -> None:
    guests = Guests(enabled=True, passcode=passcode, moderator_passcode="chair")
    client = await aiohttp_client(Server(guests=guests).application)
    answer = await client.post("/api/guest-token", json={"room": "r", "name": "n", "passcode": given})
    expected = {("", ""): 200, ("guests", ""): 401, ("guests", "guests"): 200, ("", "guests"): 403}
    assert answer.status == (status or expected[passcode, given])
    if answer.status == 200:
        claims = verify((await answer.json())["token"], {KEY: SECRET}, time.time())
        assert claims.grants.room_admin == moderates


async def test_without_a_passcode_of_moderators_no_guest_is_one(aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(Server(guests=Guests(enabled=True)).application)
    answer = await client.post("/api/guest-token", json={"room": "r", "name": "n", "passcode": ""})
    claims = verify((await answer.json())["token"], {KEY: SECRET}, time.time())
    assert not claims.grants.room_admin


@pytest.mark.parametrize(("passcode", "status"), [(None, 401), ("", 401), ("wrong", 403), ("geheim ü", 200)])
async def test_a_passcode_is_asked_for(
    aiohttp_client: ClientMaker, passcode: str | None, status: int
) -> None:
    client = await aiohttp_client(Server(guests=Guests(enabled=True, passcode="geheim ü")).application)
    body = {"room": "r", "name": "n"} | ({} if passcode is None else {"passcode": passcode})
    answer = await client.post("/api/guest-token", json=body)
    assert answer.status == status
    assert ((await answer.json()).get("passcode_required", False)) == (status != 200)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 4000,
        b'{"room": 1, "name": "n"}',
        b'{"room": "r"}',
        b"\xff",
        b'{"room": " ", "name": "n"}',
        b'{"room": "r", "name": "\\u200b\\u0007 "}',
        b'{"room": "r", "name": "\\ud800"}',
    ],
)
async def test_rubbish_is_refused_with_words(aiohttp_client: ClientMaker, body: bytes) -> None:
    client = await aiohttp_client(Server(guests=OPEN).application)
    answer = await client.post("/api/guest-token", data=body)
    assert answer.status == 400
    assert (await answer.json())["error"]


@pytest.mark.parametrize("answer", [None, False])
async def test_a_guest_is_asked_for_age_before_anything_else(
    aiohttp_client: ClientMaker, answer: bool | None
) -> None:
    client = await aiohttp_client(
        Server(guests=Guests(enabled=True, ask_age=True, passcode="secret word")).application
    )
    wanted = {"room": "r", "name": "n"} | ({} if answer is None else {"old_enough": answer})
    refused = await client.post("/api/guest-token", json=wanted)
    assert refused.status == 403
    body = await refused.json()
    assert (body["age_required"], "13 or older" in body["error"], "passcode_required" in body) == (
        True,
        True,
        False,
    )


async def test_the_answer_about_age_is_not_in_the_token(aiohttp_client: ClientMaker) -> None:
    server = Server(guests=Guests(enabled=True, ask_age=True))
    client = await aiohttp_client(server.application)
    answer = await client.post("/api/guest-token", json={"room": "r", "name": "n", "old_enough": True})
    assert answer.status == 200
    asked = (await answer.json())["token"]
    plain = await (await aiohttp_client(Server(guests=OPEN).application)).post(
        "/api/guest-token", json={"room": "r", "name": "n"}
    )
    unasked = (await plain.json())["token"]
    assert set(_claims(asked)) == set(_claims(unasked))


def _claims(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


async def test_long_requests_are_refused(aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(Server(guests=OPEN).application)
    answer = await client.post("/api/guest-token", data=b" " * 5000)
    assert answer.status == 413


async def test_attempts_are_limited(aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(Server(guests=Guests(enabled=True, per_minute=2)).application)
    statuses = []
    for _ in range(3):
        answer = await client.post("/api/guest-token", json={"room": "r", "name": "n"})
        statuses.append(answer.status)
    assert statuses == [200, 200, 429]


def test_a_minute_later_an_address_is_forgotten() -> None:
    limit = RateLimit(1, ORIGINS)
    assert limit.allows(asked_by("192.0.2.1"), 0.0)
    assert not limit.allows(asked_by("192.0.2.1"), 59.0)
    assert limit.allows(asked_by("192.0.2.2"), 59.0)
    assert limit.allows(asked_by("192.0.2.1"), 60.0)


def test_a_network_of_ipv6_is_one_client() -> None:
    """Whoever has one address of it usually has all of them."""
    limit = RateLimit(1, ORIGINS)
    assert limit.allows(asked_by("2001:db8:0:1::1"), 0.0)
    assert not limit.allows(asked_by("2001:db8:0:1:ffff::2"), 0.0)
    assert limit.allows(asked_by("2001:db8:0:2::1"), 0.0)


def test_memory_of_addresses_is_bounded() -> None:
    window = Window(1)
    for number in range(MAX_KEYS + 10):
        assert window.allows(str(IPv4Address(number)), 0.0)
    assert len(window._seen) <= MAX_KEYS


def test_names_are_cleaned_and_bounded() -> None:
    assert clean("  a\u202e\x00 b\n\u200bc ") == "a b c"
    assert len(clean("x" * 500)) == 64
    assert slug("Ådå / Bøb!") == "ada-bb"
    assert slug("日本") == "guest"
