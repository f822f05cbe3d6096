"""Each promise is looked at where it would be broken: whatever is planted is found by its own check."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import structs

from server.config import Webhooks
from server.metadata.retention import Retention
from server.metadata.store import Ledger
from server.policy.checks import CHECKS
from server.policy.document import Change, ClauseType
from server.policy.own import check
from server.policy.report import Row
from tests.unit.access import Looked
from tests.unit.ledger import joined
from tests.unit.policy_place import PAGE, POLICY, RIGHTS, SCRIPT, Place
from tests.unit.signaling import ClientMaker
from tests.unit.test_policy_document import completed, read


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


def _told_by(*checks: str) -> set[str]:
    """The clauses that these checks look after."""
    return {clause.id for clause in POLICY.clauses if clause.check in checks}


def _log_of_looks(old: bytes, new: bytes, mode: int = 0o700) -> Callable[[Place], None]:
    """Somebody has looked, and somebody has written something else there."""

    def plant(place: Place) -> None:
        (place.directory / "key.pem").unlink()
        looked = Looked(place.directory)
        looked.look(2)
        looked.write([line.replace(old, new) for line in looked.lines()])
        looked.directory.chmod(mode)

    return plant


def _rules(more: str) -> Callable[[Place], Any]:
    return lambda place: place.rules.update({"Content-Security-Policy": f"default-src 'self'; {more}"})


PLANTS: dict[str, tuple[Callable[[Place], Any], set[str]]] = {
    "erasing for anybody": (lambda place: setattr(place, "erasing_status", 200), {"requests"}),
    "no erasing": (lambda place: setattr(place, "erasing_status", 405), {"requests"}),
    "guests who are not asked again": (
        lambda place: place.__dict__.update(asks_again=False, guest_status=200),
        {"changes", "children"},
    ),
    "objecting for anybody": (lambda place: setattr(place, "objecting_status", 200), {"requests"}),
    "correcting for anybody": (lambda place: setattr(place, "correcting_status", 200), {"requests"}),
    "guests who are not asked": (lambda place: setattr(place, "guest_status", 200), {"children"}),
    "a passcode, and no question": (lambda place: setattr(place, "guest_status", 401), {"children"}),
    "a cookie": (lambda place: place.cookies.append("visitor"), {"no-cookies"}),
    "a cookie set by the page": (_script('document.cookie = "visitor=1"'), {"no-cookies"}),
    "a beacon": (_page('<img src="https://elsewhere.example/pixel.gif">'), {"no-beacons"}),
    "a script from elsewhere": (_page('<script src="//cdn.example/x.js"></script>'), {"no-beacons"}),
    "rules that let sockets lead anywhere": (_rules("connect-src 'self' ws: wss:"), {"no-beacons"}),
    "rules that let pictures come from anywhere": (_rules("img-src *"), {"no-beacons"}),
    "rules that let somebody else be told": (_rules("connect-src https://elsewhere.example"), {"no-beacons"}),
    "no rules": (lambda place: place.rules.clear(), {"no-beacons"}),
    "storage": (_script('sessionStorage.visits = "1"'), {"no-browser-storage"}),
    "more storage": (_script('localStorage.setItem("visitor", id)'), {"no-browser-storage"}),
    "a form": (_page('<input type="email" name="mail">'), _told_by("no_registration")),
    "a form for a file": (_page('<input type="file" name="photo">'), _told_by("no_registration")),
    "a form on the page of rights": (
        lambda place: setattr(place, "rights", RIGHTS + '<input type="tel" name="number">'),
        _told_by("no_registration"),
    ),
    "a beacon on the page of rights": (
        lambda place: setattr(place, "rights", RIGHTS + '<img src="https://elsewhere.example/x.gif">'),
        {"no-beacons"},
    ),
    "a cookie set by what pages share": (
        lambda place: setattr(place, "shared", 'document.cookie = "visitor=1"'),
        {"no-cookies"},
    ),
    "an app that is told": (
        lambda place: setattr(
            place,
            "config",
            structs.replace(
                place.config, webhooks=Webhooks(urls=("https://app.example/hook",), api_key="backend")
            ),
        ),
        {"no-webhooks", "no-beacons"},
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
    "a row that would stay": (
        _sql("UPDATE events SET expires_at = at + 40 * 86400"),
        _told_by("expiry", "details"),
    ),
    "a row that is overdue": (
        _sql("UPDATE events SET at = at - 31 * 86400, expires_at = expires_at - 31 * 86400"),
        _told_by("expiry", "details"),
    ),
    "a column": (
        _sql("ALTER TABLE events ADD COLUMN transcript TEXT"),
        _told_by("ledger_closed"),
    ),
    "a table": (
        _sql("CREATE TABLE searches (words TEXT)"),
        _told_by("ledger_closed"),
    ),
    "a row with a field": (
        _row('{"event":"server_stopped","said":"hello"}'),
        _told_by("ledger_closed"),
    ),
    "no ledger": (
        lambda place: (place.directory / "ledger.db").unlink(),
        _told_by("ledger_closed", "no_addresses", "expiry", "details", "security"),
    ),
    "no page of rights": (lambda place: setattr(place, "rights_status", 404), {"access"}),
    "a changed log of who looked": (_log_of_looks(b"support", b"auditor"), {"looks-noted"}),
    "a log of who looked that others can read": (
        _log_of_looks(b"", b"", mode=0o755),
        {"looks-noted"},
    ),
}


def test_every_check_has_something_that_makes_it_fail() -> None:
    broken = {one for _, clauses in PLANTS.values() for one in clauses}
    assert {clause.id for clause in POLICY.clauses if clause.check} == broken
    elsewhere = {
        "addresses_in_part",
        "no_details",
        "no_third_parties_but_turn",
        "app_told",
    }  # of other settings
    assert {clause.check for clause in POLICY.clauses if clause.id in broken} | elsewhere == set(CHECKS)


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


async def test_who_has_looked_and_was_noted_is_no_fault(place: Place, aiohttp_client: ClientMaker) -> None:
    _log_of_looks(b"", b"")(place)
    assert all(row["passed"] for row in (await rows(place, aiohttp_client)).values())
