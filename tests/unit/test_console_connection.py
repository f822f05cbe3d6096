"""The page of one connection: its rows, for whoever has said why, and what to do about a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs
from pytest_aiohttp.plugin import AiohttpClient

from server.access.entry import Asked
from server.console.place import PATH
from server.metadata import asking
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.retention import Retention
from server.metadata.rows.addresses import ParticipantAddress
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.store import Ledger
from server.metadata.words import LeaveReason
from tests.unit.desk import Client, Desk, desk_in, page, sign_in
from tests.unit.ledger import joined, published

SID = "PA_00000001"
HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path)


@pytest.fixture
async def ledger(desk: Desk) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(desk.config.metadata.url, clock=lambda: desk.now)
    yield opened
    await opened.close()


@pytest.fixture
async def client(desk: Desk, ledger: Ledger, aiohttp_client: AiohttpClient) -> Client:
    client = await desk.serve(aiohttp_client)
    await sign_in(client)
    return client


async def _failed(ledger: Ledger, desk: Desk) -> None:
    ledger.record(structs.replace(joined(1, "lovelace"), code="ABCD-EFGH"))
    desk.now += 60
    ledger.record(
        AttemptEnded(
            room="garden",
            identity="lovelace",
            participant=SID,
            code="ABCD-EFGH",
            stage=Stage.NEGOTIATION,
            cause=AttemptCause.NEVER_READY,
            milliseconds=60_000,
        )
    )
    ledger.record(
        ParticipantLeft(
            room="garden",
            identity="lovelace",
            participant=SID,
            reason=LeaveReason.NEVER_READY,
            milliseconds=60_000,
        )
    )
    await ledger.flush()


async def test_a_failure_is_told_with_what_to_do(desk: Desk, ledger: Ledger, client: Client) -> None:
    await _failed(ledger, desk)
    html = await page(client, f"connections/{SID}")
    assert "lovelace" in html
    assert "Joining failed: never ready, after negotiation" in html
    assert "no media path came to be" in html
    assert "Open the ports of the relays" in html
    (look,) = desk.looks()
    assert (look.asked, look.rows) == (Asked.EVENTS, 3)
    assert look.identity is not None, "whom it was about is in the log, under a pseudonym"
    assert look.room is not None


async def test_it_is_found_by_its_support_code(desk: Desk, ledger: Ledger, client: Client) -> None:
    await _failed(ledger, desk)
    assert "lovelace" in await page(client, "connections/abcd-efgh")
    ledger.record(AttemptsRefused(code="QQQQ-1111", cause=AttemptCause.EXPIRED, count=2))
    await ledger.flush()
    html = await page(client, "connections/QQQQ-1111")
    assert "nobody in particular" in html
    assert "Compare the clocks" in html


async def test_one_that_goes_on(desk: Desk, ledger: Ledger, client: Client) -> None:
    ledger.record(joined(1, "lovelace"))
    ledger.record(
        ParticipantActive(room="garden", identity="lovelace", participant=SID, join_milliseconds=612)
    )
    ledger.record(published(1, "lovelace"))
    await ledger.flush()
    desk.now += 125
    html = await page(client, f"connections/{SID}")
    assert "connected" in html
    assert "2 min 5 s" in html
    assert "Camera" in html
    assert "still on" in html
    assert "What went wrong" not in html
    assert '<svg width="100%"' in html
    assert 'role="img" aria-label="Joining:' in html


async def test_names_are_text(desk: Desk, ledger: Ledger, client: Client) -> None:
    ledger.record(ParticipantJoined(room=HOSTILE, identity=HOSTILE, participant=SID))
    await ledger.flush()
    html = await page(client, f"connections/{SID}")
    assert "<script>alert" not in html
    assert "\u202e" not in html


@pytest.mark.parametrize(
    "key", ["PA_99999999", "ZZZZ-ZZZZ", "PA_", "x" * 5000, "%00", "..%2f..%2fetc", "<script>", "%ff%fe"]
)
async def test_what_is_not_there_is_said_to_be_gone_or_mistyped(desk: Desk, client: Client, key: str) -> None:
    answer = await client.get(f"{PATH}/connections/{key}", allow_redirects=False)
    assert answer.status == 404
    assert "<script>" not in (await answer.text()).replace('<script type="module"', "")
    assert desk.looks() == []


async def test_addresses_are_for_privacy_officers(tmp_path: Path, aiohttp_client: AiohttpClient) -> None:
    desk = desk_in(tmp_path)
    retention = Retention(addresses="truncate")
    ledger = await Ledger.open(desk.config.metadata.url, retention, clock=lambda: desk.now)
    ledger.record(joined(1, "lovelace"))
    ledger.record(
        ParticipantAddress(room="garden", identity="lovelace", participant=SID, network="198.51.100.0/24")
    )
    await ledger.flush()
    client = await desk.serve(aiohttp_client)
    for name, sees in (("grace", False), ("adam", False), ("priya", True)):
        client.session.cookie_jar.clear()
        await sign_in(client, name)
        html = await page(client, f"connections/{SID}")
        assert ("198.51.100.0/24" in html) is sees, name
    await ledger.close()


async def test_a_ledger_that_does_not_answer_is_not_waited_for(
    desk: Desk, ledger: Ledger, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.record(joined(1, "lovelace"))
    await ledger.flush()
    monkeypatch.setattr(asking, "STATEMENT_SECONDS", 0.0)
    html = await page(client, f"connections/{SID}", 503)
    assert "given up" in html
    assert "lovelace" not in html
    assert desk.looks() == []
