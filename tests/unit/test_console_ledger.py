"""The page of the ledger: what is held, for how long, and whether it keeps up. It names nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from pytest_aiohttp.plugin import AiohttpClient

from server.config import Metadata
from server.metadata.rows.rights import SubjectRequest
from server.metadata.store import Ledger
from server.metadata.words import RequestReason, Right
from tests.unit.desk import Desk, desk_in, page, sign_in
from tests.unit.ledger import joined


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path)


@pytest.fixture
async def ledger(desk: Desk) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(desk.config.metadata.url, clock=lambda: desk.now)
    yield opened
    await opened.close()


async def test_kinds_periods_and_requests_are_shown(
    desk: Desk, ledger: Ledger, aiohttp_client: AiohttpClient
) -> None:
    ledger.record(joined(1, "lovelace", "garden"))
    ledger.record(joined(2, "alan", "garden"))
    ledger.record(SubjectRequest(right=Right.ERASE, reason=RequestReason.OWN_REQUEST, rows=3))
    await ledger.flush()
    desk.ledger.dropped, desk.ledger.faults = 4, 2
    client = await desk.serve(aiohttp_client)
    await sign_in(client, reason=None)
    html = await page(client, "ledger")
    assert "<b>3</b> rows kept" in html
    assert "participant joined" in html
    assert "metadata.session_days" in html
    assert "2023-11" in html
    assert "could not keep up" in html
    assert "failed 2 times in a way that nobody foresaw" in html
    assert "lovelace" not in html
    assert "garden" not in html
    assert desk.looks() == [], "nobody's data was shown"


async def test_details_that_are_switched_off_are_said_to_be(
    desk: Desk, ledger: Ledger, aiohttp_client: AiohttpClient
) -> None:
    metadata: Metadata = msgspec.structs.replace(desk.config.metadata, details=False)
    desk.config = msgspec.structs.replace(desk.config, metadata=metadata)
    client = await desk.serve(aiohttp_client)
    await sign_in(client, reason=None)
    html = await page(client, "ledger")
    assert "metadata.details = false" in html
    assert "Nobody has asked for anything" in html


async def test_a_ledger_that_cannot_be_read_is_told_in_words(
    desk: Desk, aiohttp_client: AiohttpClient
) -> None:
    client = await desk.serve(aiohttp_client)
    await sign_in(client, reason=None)
    assert "there is no ledger at" in await page(client, "ledger", 503)


async def test_it_is_counted_once_for_everybody_who_asks_at_a_time(
    desk: Desk, ledger: Ledger, aiohttp_client: AiohttpClient
) -> None:
    client = await desk.serve(aiohttp_client)
    await sign_in(client, reason=None)
    assert "<b>0</b> rows kept" in await page(client, "ledger")
    ledger.record(joined(1))
    await ledger.flush()
    assert "<b>0</b> rows kept" in await page(client, "ledger")
    desk.now += 31
    assert "<b>1</b> row kept" in await page(client, "ledger")
