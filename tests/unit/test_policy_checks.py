"""Each promise is looked at where it would be broken: whatever is planted is found by its own check."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from msgspec import structs

from server.config import Config, Guarantee, Metadata
from server.metadata.retention import Retention
from server.metadata.rows.addresses import ParticipantAddress
from server.metadata.store import Ledger
from server.policy.checks import CHECKS
from server.policy.document import Change, ClauseType, template
from server.policy.own import check
from server.policy.report import Row
from server.policy.route import PolicyRoutes
from tests.unit.ledger import joined
from tests.unit.signaling import ClientMaker
from tests.unit.test_policy_document import completed, read

POLICY = read(completed())
PAGE = '<link href="style.css" rel="stylesheet"><script src="app.js"></script><a href="privacy">Privacy</a>'
SCRIPT = 'import{shared}from"./shared.js";localStorage.setItem("offrecord.name", name)'
RIGHTS = '<script src="app.js"></script><input type="file">'
RULES = {"Content-Security-Policy": "default-src 'self'"}


class Place:
    """A server that keeps its policy, until something is planted in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = Config(
            metadata=Metadata(url=f"sqlite:///{directory}/ledger.db"),
            guarantee=Guarantee(signing_key=f"{directory}/key.pem"),
        )
        self.page, self.script, self.rules, self.level = PAGE, SCRIPT, dict(RULES), "full"
        self.cookies: list[str] = []
        self.rights, self.shared = RIGHTS, "export const shared = 1"
        self.receipt_status = self.erasing_status = self.correcting_status = 401
        self.guest_status = 403
        self.asks_again = True
        self.shown = POLICY

    def application(self) -> web.Application:
        async def index(_: web.Request) -> web.Response:
            answer = web.Response(text=self.page, content_type="text/html", headers=self.rules)
            for name in self.cookies:
                answer.set_cookie(name, "1")
            return answer

        async def script(_: web.Request) -> web.Response:
            return web.Response(text=self.script, content_type="text/javascript")

        async def style(_: web.Request) -> web.Response:
            return web.Response(text="body {}", content_type="text/css")

        async def guarantee(_: web.Request) -> web.Response:
            return web.json_response({"level": self.level})

        async def receipt(_: web.Request) -> web.Response:
            return web.Response(status=self.receipt_status)

        async def erasing(_: web.Request) -> web.Response:
            return web.Response(status=self.erasing_status)

        async def correcting(_: web.Request) -> web.Response:
            return web.Response(status=self.correcting_status)

        async def rights(_: web.Request) -> web.Response:
            return web.Response(text=self.rights, content_type="text/html", headers=self.rules)

        async def shared(_: web.Request) -> web.Response:
            return web.Response(text=self.shared, content_type="text/javascript")

        async def guest(request: web.Request) -> web.Response:
            shown = (await request.json())["policy"]
            asked_again = self.asks_again and shown != self.shown.version
            return web.Response(status=409 if asked_again else self.guest_status)

        app = web.Application()
        app.add_routes(
            [
                web.delete("/api/receipt", erasing),
                web.patch("/api/receipt", correcting),
                web.get("/rights", rights),
                web.get("/shared.js", shared),
                web.post("/api/guest-token", guest),
                web.get("/", index),
                web.get("/app.js", script),
                web.get("/style.css", style),
                web.get("/guarantee", guarantee),
                web.get("/api/receipt", receipt),
            ]
        )

        async def never(*_: object) -> list[Row]:
            raise AssertionError("nobody asks for the status")

        app.add_routes(PolicyRoutes(self.shown, never).routes())
        return app

    def sql(self, statement: str, *values: object) -> None:
        with sqlite3.connect(self.directory / "ledger.db") as connection:
            connection.execute(statement, values)
        connection.close()


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    ledger = await Ledger.open(made.config.metadata.url, Retention.configured(made.config.metadata))
    ledger.record(joined())
    await ledger.close()
    (tmp_path / "key.pem").touch(mode=0o600)
    return made


async def rows(place: Place, aiohttp_client: ClientMaker) -> dict[str, Row]:
    client = await aiohttp_client(place.application())
    async with aiohttp.ClientSession() as http:
        found = await check(place.config, POLICY, http, f"http://127.0.0.1:{client.port}")
    return {row["id"]: row for row in found}


async def test_a_server_that_keeps_its_policy_passes(place: Place, aiohttp_client: ClientMaker) -> None:
    found = await rows(place, aiohttp_client)
    assert {row["finding"] for row in found.values()} == {""}
    assert all(row["passed"] for row in found.values())
    assert set(found["no-cookies"]) == {"id", "type", "clause", "control", "check", "passed", "finding"}
    assert found["no-cookies"]["clause"] == "Visiting and joining set no cookies."


def _page(text: str) -> Callable[[Place], None]:
    return lambda place: setattr(place, "page", PAGE + text)


def _script(text: str) -> Callable[[Place], None]:
    return lambda place: setattr(place, "script", SCRIPT + ";" + text)


def _row(body: str) -> Callable[[Place], None]:
    def plant(place: Place) -> None:
        columns = "at, expires_at, event"
        place.sql(f"INSERT INTO events ({columns}, body) SELECT {columns}, ? FROM events LIMIT 1", body)

    return plant


def _sql(statement: str) -> Callable[[Place], None]:
    return lambda place: place.sql(statement)


def _shown(**changes: Any) -> Callable[[Place], None]:
    return lambda place: setattr(place, "shown", dataclasses.replace(POLICY, **changes))


PLANTS: dict[str, tuple[Callable[[Place], Any], set[str]]] = {
    "erasing for anybody": (lambda place: setattr(place, "erasing_status", 200), {"requests"}),
    "no erasing": (lambda place: setattr(place, "erasing_status", 405), {"requests"}),
    "guests who are not asked again": (
        lambda place: place.__dict__.update(asks_again=False, guest_status=200),
        {"changes", "children"},
    ),
    "correcting for anybody": (lambda place: setattr(place, "correcting_status", 200), {"requests"}),
    "guests who are not asked": (lambda place: setattr(place, "guest_status", 200), {"children"}),
    "a passcode, and no question": (lambda place: setattr(place, "guest_status", 401), {"children"}),
    "a cookie": (lambda place: place.cookies.append("visitor"), {"no-cookies"}),
    "a cookie set by the page": (_script('document.cookie = "visitor=1"'), {"no-cookies"}),
    "a beacon": (_page('<img src="https://elsewhere.example/pixel.gif">'), {"no-beacons"}),
    "a script from elsewhere": (_page('<script src="//cdn.example/x.js"></script>'), {"no-beacons"}),
    "no rules": (lambda place: place.rules.clear(), {"no-beacons"}),
    "storage": (_script('sessionStorage.visits = "1"'), {"no-browser-storage"}),
    "more storage": (_script('localStorage.setItem("visitor", id)'), {"no-browser-storage"}),
    "a form": (_page('<input type="email" name="mail">'), {"no-forms"}),
    "a form for a file": (_page('<input type="file" name="photo">'), {"no-forms"}),
    "a form on the page of rights": (
        lambda place: setattr(place, "rights", RIGHTS + '<input type="tel" name="number">'),
        {"no-forms"},
    ),
    "a beacon on the page of rights": (
        lambda place: setattr(place, "rights", RIGHTS + '<img src="https://elsewhere.example/x.gif">'),
        {"no-beacons"},
    ),
    "a cookie set by what pages share": (
        lambda place: setattr(place, "shared", 'document.cookie = "visitor=1"'),
        {"no-cookies"},
    ),
    "a lower level": (lambda place: setattr(place, "level", "reduced"), {"media-not-stored", "security"}),
    "no token asked for": (lambda place: setattr(place, "receipt_status", 200), {"access"}),
    "a key that others can read": (lambda place: (place.directory / "key.pem").chmod(0o644), {"security"}),
    "no link to the policy": (
        lambda place: setattr(place, "page", PAGE.replace("privacy", "terms")),
        {"changes"},
    ),
    "another version": (
        lambda place: setattr(place, "shown", read(completed().replace("no cookies.", "no cookies, ever."))),
        {"changes", "children"},  # who says nothing of age is told of the version first
    ),
    "another day": (_shown(revised=date(2026, 1, 2)), {"changes"}),
    "another history": (_shown(changes=(Change(POLICY.revised, "Nothing."),)), {"changes"}),
    "another contact": (_shown(contact="nobody@garden.example"), {"contact"}),
    "a row that would stay": (_sql("UPDATE events SET expires_at = at + 40 * 86400"), {"expiry"}),
    "a row that is overdue": (
        _sql("UPDATE events SET at = at - 31 * 86400, expires_at = expires_at - 31 * 86400"),
        {"expiry"},
    ),
    "a column": (
        _sql("ALTER TABLE events ADD COLUMN transcript TEXT"),
        {"messages-not-stored", "what-is-kept", "no-search-log"},
    ),
    "a table": (
        _sql("CREATE TABLE searches (words TEXT)"),
        {"messages-not-stored", "what-is-kept", "no-search-log"},
    ),
    "a row with a field": (
        _row('{"event":"server_stopped","said":"hello"}'),
        {"messages-not-stored", "what-is-kept", "no-search-log"},
    ),
    "no ledger": (
        lambda place: (place.directory / "ledger.db").unlink(),
        {"messages-not-stored", "what-is-kept", "no-search-log", "no-addresses", "expiry", "security"},
    ),
}


def test_every_check_has_something_that_makes_it_fail() -> None:
    broken = {one for _, clauses in PLANTS.values() for one in clauses}
    assert {clause.id for clause in POLICY.clauses if clause.check} == broken
    assert {clause.check for clause in POLICY.clauses if clause.id in broken} | {
        "addresses_in_part"  # below: in a place that keeps them so
    } == set(CHECKS)


@pytest.mark.parametrize("name", PLANTS)
async def test_what_is_planted_is_found(name: str, place: Place, aiohttp_client: ClientMaker) -> None:
    plant, broken = PLANTS[name]
    plant(place)
    found = await rows(place, aiohttp_client)
    assert {row["id"] for row in found.values() if not row["passed"]} == broken
    assert all(found[one]["finding"] for one in broken)


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
async def test_an_address_is_found(address: str, place: Place, aiohttp_client: ClientMaker) -> None:
    place.sql("UPDATE events SET body = replace(body, 'ada', ?)", f"from {address}")
    found = await rows(place, aiohttp_client)
    assert [row["id"] for row in found.values() if not row["passed"]] == ["no-addresses"]


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        ({"text": "This data is statistical and does not identify anybody."}, "false", "identifies people"),
        ({"check": ""}, "promise", "nothing checks"),
        ({"check": "good_will"}, "promise", "no check named"),
    ],
)
async def test_a_false_sentence_and_an_unchecked_promise_fail(
    change: dict[str, str], kind: str, told: str, place: Place, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(place.application())
    promise = next(one for one in POLICY.clauses if one.type is ClauseType.PROMISE)
    planted = dataclasses.replace(POLICY, clauses=(structs.replace(promise, **change),))
    async with aiohttp.ClientSession() as http:
        (row,) = await check(place.config, planted, http, f"http://127.0.0.1:{client.port}")
    assert (row["passed"], row["type"]) == (False, kind)
    assert told in row["finding"]


async def test_a_server_that_does_not_answer_keeps_nothing(place: Place, unused_tcp_port: int) -> None:
    async with aiohttp.ClientSession() as http:
        found = await check(place.config, POLICY, http, f"http://127.0.0.1:{unused_tcp_port}")
    failed = {row["id"] for row in found if not row["passed"]}
    assert {"media-not-stored", "no-cookies", "contact", "changes"} <= failed


NETWORKS = {"drop": "", "pseudonym": "0123456789abcdef" * 2, "truncate": "203.0.113.0/24"}
ALTERNATIVES = ("no-addresses", "pseudonyms-of-addresses", "first-parts-of-addresses")


@pytest.mark.parametrize(
    ("addresses", "true"),
    [*zip(NETWORKS, ALTERNATIVES, strict=True)],
)
async def test_in_each_mode_one_sentence_about_addresses_is_true(
    addresses: Any, true: str, tmp_path: Path, aiohttp_client: ClientMaker
) -> None:
    """Said of a ledger in which somebody's address is kept as that mode allows."""
    place = Place(tmp_path)
    metadata = structs.replace(place.config.metadata, addresses=addresses)
    place.config = structs.replace(place.config, metadata=metadata)
    ledger = await Ledger.open(metadata.url, Retention.configured(metadata))
    ledger.record(joined())
    if network := NETWORKS[addresses]:
        ledger.record(
            ParticipantAddress(room="garden", identity="ada", participant="PA_00000001", network=network)
        )
    await ledger.close()
    client = await aiohttp_client(place.application())
    passed = {}
    for mode in NETWORKS:
        clauses = [one for one in read(completed(template(mode))).clauses if one.id in ALTERNATIVES]
        async with aiohttp.ClientSession() as http:
            policy = dataclasses.replace(POLICY, clauses=tuple(clauses))
            for row in await check(place.config, policy, http, f"http://127.0.0.1:{client.port}"):
                passed[row["id"]] = row["passed"]
    assert passed == {name: name == true for name in ALTERNATIVES}


@pytest.mark.parametrize("network", ["203.0.113.7/24", "2001:db8:1::7/48"])
async def test_a_whole_address_is_found_where_its_first_part_may_be(
    network: str, tmp_path: Path, aiohttp_client: ClientMaker
) -> None:
    place = Place(tmp_path)
    metadata = structs.replace(place.config.metadata, addresses="truncate")
    place.config = structs.replace(place.config, metadata=metadata)
    ledger = await Ledger.open(metadata.url, Retention.configured(metadata))
    ledger.record(
        ParticipantAddress(room="garden", identity="ada", participant="PA_00000001", network=network)
    )
    await ledger.close()
    client = await aiohttp_client(place.application())
    policy = read(completed(template("truncate")))
    async with aiohttp.ClientSession() as http:
        found = await check(place.config, policy, http, f"http://127.0.0.1:{client.port}")
    assert "first-parts-of-addresses" in {row["id"] for row in found if not row["passed"]}
