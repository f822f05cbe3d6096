"""The page of failures: by cause, with what to do; numbers, and nobody's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from server.access.entry import Asked
from server.console.failures import by_cause, client_words
from server.metadata.failures import Failure, Part
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.store import Ledger
from server.metadata.words import Browser, LeaveReason, Sdk
from tests.unit.attempted import Attempted
from tests.unit.desk import Client, Desk, desk_in, page, sign_in
from tests.unit.ledger import Clock


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path)


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def ledger(desk: Desk, clock: Clock) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(desk.config.metadata.url, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def client(desk: Desk, ledger: Ledger, aiohttp_client: AiohttpClient) -> Client:
    client = await desk.serve(aiohttp_client)
    await sign_in(client)
    return client


async def test_causes_stages_and_clients_with_what_to_do(
    desk: Desk, ledger: Ledger, clock: Clock, client: Client
) -> None:
    attempted = Attempted(ledger, clock)
    for name in ("lovelace", "turing", "hopper"):
        attempted.joins(name, ready=False, leaves=LeaveReason.NEVER_READY, stage=Stage.NEGOTIATION)
    attempted.joins("knuth", ready=False, leaves=LeaveReason.NEVER_READY, stage=Stage.DTLS)
    attempted.are_refused(2)
    attempted.joins("fine")
    await ledger.flush()
    desk.now = clock.now + 60
    html = await page(client, "failures")
    assert "6 failed attempts" in html
    assert "Open the ports of the relays" in html
    assert "Compare the clocks" in html
    assert html.index("Never ready") < html.index("Expired"), "the most frequent first"
    assert "a description of the client was accepted" in html
    assert "Firefox" in html
    assert 'href="./sessions?period=24h&amp;outcome=never_ready&amp;failed=1"' in html
    for name in ("lovelace", "turing", "hopper", "knuth", "garden"):
        assert name not in html
    look = desk.looks()[-1]
    assert (look.asked, look.rows) == (Asked.STATISTICS, 6)


async def test_a_period_without_failures_is_empty(
    desk: Desk, ledger: Ledger, clock: Clock, client: Client
) -> None:
    Attempted(ledger, clock).joins("fine")
    await ledger.flush()
    desk.now = clock.now + 60
    assert "Nothing has failed in this period" in await page(client, "failures?period=1h")


async def test_a_period_that_is_none_is_told(client: Client) -> None:
    assert "is not a time" in await page(client, "failures?from=never", 400)


def test_a_cause_is_summed_over_its_stages() -> None:
    def failed(stage: Stage | None, count: int, last: float) -> Failure:
        return Failure(
            cause=AttemptCause.NEVER_READY,
            stage=stage,
            count=count,
            people=count,
            last=last,
            sites=(("attic", Part(count, last)),),
            clients=((Browser.FIREFOX, Part(count, last)),),
        )

    (cause,) = by_cause([failed(Stage.ICE, 3, 10.0), failed(None, 2, 20.0)])
    assert (cause.count, cause.people, cause.last) == (5, 5, 20.0)
    assert [(name, count) for name, _, count in cause.stage_rows] == [("ice", 3), ("not known", 2)]
    assert cause.client_rows == [("Firefox", "", 5)]
    assert cause.site_rows == [("attic", "", 5)]


@pytest.mark.parametrize(
    ("client", "words"),
    [(None, "not told"), (Browser.SAMSUNG, "Samsung"), (Sdk.PYTHON, "python SDK"), (Sdk.UNKNOWN, "unknown")],
)
def test_clients_have_words(client: Browser | Sdk | None, words: str) -> None:
    assert client_words(client) == words
