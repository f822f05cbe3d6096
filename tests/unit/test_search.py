"""Connections are found by whatever is kept of them, in any combination, newest first, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.metadata import paging
from server.metadata import search as search_module
from server.metadata.connection import Connection
from server.metadata.event import name_of
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.query import Place, Query
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.search import COUNTED, count, course, search
from server.metadata.sessions import Reader
from server.metadata.store import Ledger
from server.metadata.words import Browser, LeaveReason, Sdk
from tests.unit.ledger import START, Clock

HOUR = 3600.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need longer to count than anybody would wait."""
    monkeypatch.setattr(search_module, "COUNT_SECONDS", 20.0)


def _came(ledger: Ledger, number: int, room: str, who: str, **more: Any) -> dict[str, Any]:
    names: dict[str, Any] = {"room": room, "identity": who, "participant": f"PA_{number:08d}"}
    ledger.record(ParticipantJoined(**names, **more))
    return names


def _decided(ledger: Ledger, names: dict[str, Any], stage: Stage, cause: AttemptCause, **more: Any) -> None:
    ledger.record(AttemptEnded(**names, stage=stage, cause=cause, milliseconds=900, **more))


def _left(ledger: Ledger, names: dict[str, Any], reason: LeaveReason) -> None:
    ledger.record(ParticipantLeft(**names, reason=reason, milliseconds=1000))


@pytest.fixture
async def reader(url: str) -> AsyncIterator[Reader]:
    """Hour by hour: ada is in the garden from Lyon with Firefox and leaves after two hours; alan never gets
    beyond ICE there; grace is refused, the room being full; nine are refused who proved nothing; ada comes
    again with the Python SDK, and is there still."""
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    ada = _came(
        ledger, 1, "garden", "ada", code="AAAA-0001", site="Lyon", browser=Browser.FIREFOX, sdk=Sdk.JS
    )
    ledger.record(ParticipantActive(**ada, join_milliseconds=700))
    _decided(ledger, ada, Stage.MEDIA, AttemptCause.NONE, code="AAAA-0001", site="Lyon")
    clock.now += HOUR
    alan = _came(
        ledger, 2, "garden", "alan", code="AAAA-0002", site="Lyon", browser=Browser.CHROME, sdk=Sdk.JS
    )
    _decided(ledger, alan, Stage.ICE, AttemptCause.NEVER_READY, code="AAAA-0002", site="Lyon")
    _left(ledger, alan, LeaveReason.NEVER_READY)
    clock.now += HOUR
    _left(ledger, ada, LeaveReason.CLIENT_LEFT)
    grace = {"room": "garden", "identity": "grace", "participant": ""}
    _decided(ledger, grace, Stage.TOKEN, AttemptCause.ROOM_FULL, code="AAAA-0003")
    clock.now += HOUR
    ledger.record(AttemptsRefused(code="AAAA-0004", cause=AttemptCause.EXPIRED, count=9, site="Turin"))
    clock.now += HOUR
    _came(ledger, 3, "attic", "ada", code="AAAA-0005", sdk=Sdk.PYTHON)
    await ledger.flush()
    async with aclosing(Reader(url, clock=clock)) as opened:
        yield opened
    await ledger.close()


def _codes(found: tuple[Connection, ...]) -> str:
    """The last digits of the support codes."""
    return "".join(one.code[-1] for one in found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(), "54321"),
        (Query(room="garden"), "321"),
        (Query(room="GARDEN"), ""),
        (Query(room="%"), ""),
        (Query(identity="ada"), "51"),
        (Query(identity="ada", room="attic"), "5"),
        (Query(participant="PA_00000002"), "2"),
        (Query(code="AAAA-0003"), "3"),
        (Query(code="AAAA-0003", identity="ada"), ""),
        (Query(site="Lyon"), "21"),
        (Query(site="Turin"), "4"),
        (Query(failed=True), "432"),
        (Query(failed=True, site="Lyon"), "2"),
        (Query(failed=True, let_in=True), "2"),
        (Query(let_in=True), "521"),
        (Query(outcome=AttemptCause.NEVER_READY), "2"),
        (Query(outcome=AttemptCause.EXPIRED), "4"),
        (Query(outcome=AttemptCause.CLIENT_LEFT), "1"),
        (Query(outcome=AttemptCause.CLIENT_LEFT, site="Turin"), ""),
        (Query(stage=Stage.MEDIA), "1"),
        (Query(stage=Stage.TOKEN), "3"),
        (Query(stage=Stage.ICE, failed=True, site="Lyon", client=Browser.CHROME, room="garden"), "2"),
        (Query(client=Browser.FIREFOX), "1"),
        (Query(client=Sdk.JS), "21"),
        (Query(client=Sdk.PYTHON), "5"),
        (Query(client=Browser.OPERA), ""),
        (Query(since=START + 1.5 * HOUR), "5431"),
        (Query(since=START + 1.5 * HOUR, failed=True), "43"),
        (Query(since=START + 2.5 * HOUR), "54"),
        (Query(since=START + 90 * HOUR), "5"),
        (Query(until=START + 0.5 * HOUR), "1"),
        (Query(since=START + 0.5 * HOUR, until=START + 0.6 * HOUR), "1"),
        (Query(since=START + 0.5 * HOUR, until=START + 0.6 * HOUR, identity="ada"), "1"),
        (Query(since=START + 0.6 * HOUR, until=START + 0.5 * HOUR), ""),
    ],
)
async def test_what_is_found(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, query: Query, found: str
) -> None:
    for window in (paging.WINDOW, 2, 1):
        monkeypatch.setattr(paging, "WINDOW", window)
        page = await search(reader, query)
        assert _codes(page.found) == found
        assert (page.older, page.newer) == (None, None)
    assert await count(reader, query) == len(found)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("query", [Query(), Query(since=START + 1.5 * HOUR)])
async def test_pages_lead_there_and_back(reader: Reader, query: Query, size: int) -> None:
    whole = (await search(reader, query)).found
    pages = [await search(reader, query, size=size)]
    while (older := pages[-1].older) is not None:
        pages.append(await search(reader, query, older=older, size=size))
    assert tuple(one for page in pages for one in page.found) == whole
    assert pages[0].newer is None
    for newer, older_page in pairwise(pages):
        assert older_page.newer is not None
        back = await search(reader, query, newer=older_page.newer, size=size)
        assert back.found == newer.found
    first = await search(reader, query, newer=pages[1].newer, size=size)
    assert first.newer is None, "there is nothing newer"


@pytest.mark.parametrize("query", [Query(let_in=True), Query(since=START, outcome=AttemptCause.CLIENT_LEFT)])
async def test_looking_on_takes_long(reader: Reader, monkeypatch: pytest.MonkeyPatch, query: Query) -> None:
    """Then a page is short, and says where to go on."""
    whole = (await search(reader, query)).found
    monkeypatch.setattr(paging, "WINDOW", 1)
    monkeypatch.setattr(paging, "SEARCH_SECONDS", 0.0)
    found: list[Connection] = []
    older: Place | None = None
    pages = 0
    while True:
        page = await search(reader, query, older=older)
        found += page.found
        older, pages = page.older, pages + 1
        if older is None:
            break
    assert tuple(found) == whole
    assert pages > len(whole)
    newer: Place | None = Place(1.0, 1)
    found = []
    while newer is not None:
        page = await search(reader, query, newer=newer)
        found = [*page.found, *found]
        newer = page.newer
    assert tuple(found) == whole


async def test_the_rarest_leads(url: str) -> None:
    ledger = await Ledger.open(url)
    for number in range(9):
        _came(ledger, number, "garden", "ada", site="Lyon", browser=Browser.CHROME)
    _came(ledger, 9, "garden", "ada", site="Lyon", browser=Browser.OPERA)
    await ledger.flush()
    async with aclosing(Reader(url)) as reader:
        for query, leader in (
            (Query(site="Lyon", client=Browser.OPERA), "browser"),
            (Query(site="Lyon", client=Browser.CHROME), "browser"),
            (Query(site="Oslo", client=Browser.OPERA), "site"),
            (Query(site="Lyon", client=Browser.OPERA, failed=True), "failed"),
            (Query(site="Lyon", client=Browser.OPERA, room="garden"), "room"),
            (Query(client=Sdk.JS), None),
        ):
            assert await paging.leader_of(reader, query) == leader
    await ledger.close()


async def test_what_comes_while_one_turns_pages_moves_nothing(url: str) -> None:
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    for number in range(6):
        clock.now += 1
        _came(ledger, number, "garden", "ada")
    await ledger.flush()
    async with aclosing(Reader(url, clock=clock)) as reader:
        first = await search(reader, Query(), size=3)
        clock.now += 1
        _came(ledger, 6, "garden", "ada")
        await ledger.flush()
        second = await search(reader, Query(), older=first.older, size=3)
        sids = [one.participant for one in first.found + second.found]
        assert sids == [f"PA_{number:08d}" for number in range(5, -1, -1)]
        newer = await search(reader, Query(), newer=Place(first.found[0].joined_at, first.found[0].number))
        assert [one.participant for one in newer.found] == ["PA_00000006"]
    await ledger.close()


async def test_a_page_has_an_end_whatever_is_asked_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "MOST_CONNECTIONS", 4)
    ledger = await Ledger.open(url)
    for number in range(9):
        _came(ledger, number, "garden", "ada")
    await ledger.flush()
    async with aclosing(Reader(url)) as reader:
        assert len((await search(reader, Query(), size=1_000_000)).found) == 4
        assert len((await search(reader, Query(), size=-1)).found) == 1
    await ledger.close()


async def test_many_are_not_counted_to_the_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "COUNTED", 3)
    ledger = await Ledger.open(url)
    for number in range(9):
        _came(ledger, number, "garden", "ada")
    await ledger.flush()
    async with aclosing(Reader(url)) as reader:
        assert await count(reader, Query()) == 4
        monkeypatch.setattr(search_module, "COUNT_SECONDS", 0.0)
        assert await count(reader, Query()) is None
    assert COUNTED == 1_000
    await ledger.close()


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        ("AAAA-0001", ["participant_joined", "participant_active", "attempt_ended", "participant_left"]),
        ("AAAA-0003", ["attempt_ended"]),
        ("AAAA-0004", ["attempts_refused"]),
    ],
)
async def test_one_with_its_rows(reader: Reader, code: str, rows: list[str]) -> None:
    [one] = (await search(reader, Query(code=code))).found
    found = await course(reader, one.number)
    assert found is not None
    assert found.connection == one
    assert [name_of(row.event) for row in found.rows] == rows
    assert found.complete


async def test_one_with_more_rows_than_are_shown(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "MOST_ROWS", 2)
    [one] = (await search(reader, Query(code="AAAA-0001"))).found
    found = await course(reader, one.number)
    assert found is not None
    assert (len(found.rows), found.complete) == (2, False)


async def test_there_is_none_once_it_has_expired(url: str) -> None:
    """Swept or not."""
    clock = Clock()
    ledger = await Ledger.open(url, clock=clock)
    _came(ledger, 1, "garden", "ada")
    await ledger.flush()
    async with aclosing(Reader(url, clock=clock)) as opened:
        [one] = (await search(opened, Query())).found
        clock.now = one.expires_at
        assert await course(opened, one.number) is None
    await ledger.close()


async def test_there_is_none_of_that_number(reader: Reader) -> None:
    assert await course(reader, 4711) is None


@given(st.floats(1e9, 9e9), st.integers(1, 10**12))
def test_a_place_is_read_as_it_prints(joined_at: float, number: int) -> None:
    place = Place(joined_at, number)
    assert Place.of(str(place)) == place


@pytest.mark.parametrize(
    "text", ["", "1", "1.0", "_1", "1.0_", "1.0_1 ", "1.0_1\n", "-1.0_1", "nan_1", "1.0_" + "1" * 30, "١.0_1"]
)
def test_what_is_no_place(text: str) -> None:
    assert Place.of(text) is None
