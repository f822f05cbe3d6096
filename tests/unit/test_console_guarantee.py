"""The guarantee of every relay, as operators see it: nobody's data, so that no reason is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from tests.unit.desk import Client, Desk, desk_in, page, person, room, sign_in
from tests.unit.test_judge import FULL, STATUS


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path)


@pytest.fixture
async def client(desk: Desk, aiohttp_client: AiohttpClient) -> Client:
    client = await desk.serve(aiohttp_client)
    await sign_in(client, reason=None)
    return client


async def test_levels_checks_and_incidents_are_shown(desk: Desk, client: Client) -> None:
    desk.relays = [FULL, replace(FULL, relay=2, status=replace(STATUS, traced=True))]
    html = await page(client, "guarantee")
    assert "level full" in html
    assert "level none" in html
    assert "The relay is not shown to be free of a debugger." in html
    assert "28 of 28" in html
    assert "27 of 28" in html
    assert "openat" in html
    assert "tried something forbidden" in html


async def test_no_relay_is_nothing_to_rely_on(desk: Desk, client: Client) -> None:
    desk.relays, desk.incidents = [], []
    html = await page(client, "guarantee")
    assert "No relay is serving" in html
    assert "No relay was stopped" in html


async def test_the_overview_has_numbers_and_no_names(desk: Desk, client: Client) -> None:
    desk.rooms = [room("garden", person("lovelace"))]
    desk.ledger.waiting, desk.ledger.dropped, desk.ledger.refused = 3, 2, 1
    html = await page(client, "")
    assert "<b>1</b> room open" in html
    assert "<b>3</b> rows waiting" in html
    assert "has lost 2 rows and refused 1 row" in html
    assert "nobody foresaw" not in html
    assert "garden" not in html
    assert "lovelace" not in html
    desk.ledger.faults = 1
    assert "failed 1 time in a way that nobody foresaw" in await page(client, "")
    assert desk.looks() == []
