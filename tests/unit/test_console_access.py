"""The page of the access log: who looked; and of a log that was changed, only that it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from server.access.entry import Asked, Reason
from server.access.log import ENTRIES
from server.access.reading import Accessor, configured, record
from server.console import access
from server.console.place import PATH
from server.console.words import ASKED, REASONS, ROLES
from tests.unit.desk import Client, Desk, desk_in, page, person, room, sign_in


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = desk_in(tmp_path)
    desk.rooms = [room("garden", person("lovelace"))]
    return desk


@pytest.fixture
async def client(desk: Desk, aiohttp_client: AiohttpClient) -> Client:
    return await desk.serve(aiohttp_client)


def _look(desk: Desk, operator: str, *, room: str | None = None, identity: str | None = None) -> None:
    who = Accessor(operator, Reason.LEGAL, 1000)
    record(configured(desk.config), who, Asked.SESSIONS, room=room, identity=identity, rows=7)


def test_every_closed_word_has_words() -> None:
    assert (set(ASKED), set(REASONS)) == (set(Asked), set(Reason))
    assert len(ROLES) == 3


async def test_who_looked_is_shown_to_those_who_may_see_it(desk: Desk, client: Client) -> None:
    _look(desk, "olga", room="garden")
    await sign_in(client, "priya", reason="audit")
    html = await page(client, "access")
    assert "olga" in html
    assert "Legal" in html
    assert "<b>Intact.</b>" in html
    assert "garden" not in html, "rooms have pseudonyms"
    (_, look) = desk.looks()
    assert (look.operator, look.asked, look.rows) == ("priya", Asked.ACCESS_LOG, 1)


async def test_a_viewer_does_not_see_it(desk: Desk, client: Client) -> None:
    _look(desk, "olga")
    await sign_in(client, "grace")
    html = await page(client, "access", 403)
    assert "may not see the access log" in html
    assert "olga" not in html
    assert 'href="./access"' not in html
    assert len(desk.looks()) == 1


async def test_it_is_searched_by_name_and_that_is_noted(desk: Desk, client: Client) -> None:
    _look(desk, "olga", identity="lovelace")
    _look(desk, "mildred", identity="alan")
    _look(desk, "mildred", room="garden")
    await sign_in(client, "adam")
    by_person = await page(client, "access?identity=lovelace")
    assert "olga" in by_person
    assert "mildred" not in by_person
    look = desk.looks()[-1]
    assert look.identity == desk.looks()[0].identity, (
        "that somebody asked who looked at lovelace is found as well"
    )
    by_room = await page(client, "access?room=garden&operator=mildred")
    assert "mildred" in by_room
    assert "olga" not in by_room
    assert "Nothing that matches" in await page(client, "access?operator=nobody")


async def test_it_has_pages(desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "PAGE", 3)
    for number in range(5):
        _look(desk, f"operator-{number}")
    await sign_in(client, "adam")
    first = await page(client, "access")
    assert [f"operator-{number}" in first for number in range(5)] == [False, False, True, True, True]
    assert "before=3" in first
    second = await page(client, "access?before=3")
    assert [f"operator-{number}" in second for number in range(5)] == [True, True, False, False, False]
    assert "Older" not in second


@pytest.mark.parametrize("before", ["-1", "x", "9" * 400, "²", ""])
async def test_a_page_that_cannot_be_is_the_first(client: Client, before: str) -> None:
    await sign_in(client, "adam")
    assert (await client.get(f"{PATH}/access", params={"before": before})).status == 200


async def test_of_a_log_that_was_changed_only_that_is_shown(desk: Desk, client: Client) -> None:
    _look(desk, "olga")
    _look(desk, "mildred")
    entries = Path(desk.config.metadata.access_log) / ENTRIES
    entries.write_bytes(entries.read_bytes().replace(b"olga", b"alan"))
    await sign_in(client, "priya")
    html = await page(client, "access")
    assert "Not what was written." in html
    assert "line 2: this line is not what was written" in html
    assert "mildred" not in html


async def test_where_the_log_was_cut_off_nobody_is_shown_at_all(desk: Desk, client: Client) -> None:
    _look(desk, "olga")
    _look(desk, "mildred")
    entries = Path(desk.config.metadata.access_log) / ENTRIES
    entries.write_bytes(b"".join(entries.read_bytes().splitlines(keepends=True)[:-1]))
    await sign_in(client, "priya")
    assert "the end is missing" in await page(client, "access")
    html = await page(client, "live", 503)
    assert "is not what was written" in html
    assert "lovelace" not in html
