"""A receiver that hangs, never ends, leads elsewhere or is not there holds up nothing but its own events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from livekit.protocol.webhook import WebhookEvent

from server.webhooks import schedule
from server.webhooks.deliveries import Deliveries
from tests.unit.hooked import app_listening
from tests.unit.ledger import Clock
from tests.unit.test_webhooks import config, finished, ledger_at, started, telling, time

Answer = Callable[[WebhookEvent, web.Request], Awaitable[web.StreamResponse | None]]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "FIRST_WAIT", 0.01)


async def _hangs(_: WebhookEvent, __: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


async def _never_begins_to_end(_: WebhookEvent, request: web.Request) -> web.StreamResponse:
    """200 at once, and a body without an end: it was taken, and is not waited for."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    with suppress(ConnectionError):
        while True:
            await answer.write(bytes(65536))
    return answer


async def test_one_that_hangs_is_given_so_long_and_tried_again(url: str) -> None:
    hung = 0

    async def once(event: WebhookEvent, request: web.Request) -> web.StreamResponse | None:
        nonlocal hung
        hung += 1
        return await _hangs(event, request) if hung == 1 else None

    async with app_listening() as app, ledger_at(url, Clock()) as ledger:
        app.answer = once
        async with telling(ledger, app, request_seconds=1) as deliveries:
            ledger.record(started())
            await app.until(lambda: len(app.heard) == 1)
            await app.until(lambda: deliveries.counts[0].delivered == 1)
    assert deliveries.counts[0].retried == 1


async def test_an_answer_without_an_end_is_not_read(url: str) -> None:
    async with app_listening() as app, ledger_at(url, Clock()) as ledger:
        app.answer = _never_begins_to_end
        async with telling(ledger, app) as deliveries:
            ledger.record(started())
            await app.until(lambda: deliveries.counts[0].delivered == 1)


async def test_where_an_answer_leads_is_not_followed(url: str) -> None:
    async with app_listening() as app, app_listening() as elsewhere, ledger_at(url, Clock()) as ledger:

        async def leads(_: WebhookEvent, __: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": elsewhere.url})

        app.answer = leads
        async with telling(ledger, app) as deliveries:
            ledger.record(started())
            await app.until(lambda: deliveries.counts[0].retried >= 2)
    assert (app.heard, elsewhere.asked) == ([], 0)


async def test_a_receiver_that_is_not_there_does_not_hold_up_another(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And what is logged of it is a number."""
    nowhere = f"http://127.0.0.1:{unused_port()}/hook?token=hidden"
    with caplog.at_level(logging.INFO):
        async with app_listening() as app, ledger_at(url, Clock()) as ledger:
            deliveries = await Deliveries.open(config(nowhere, app.url), ledger, time)
            ledger.record(started())
            ledger.record(finished())
            await app.until(lambda: deliveries.counts[1].delivered == 2 and deliveries.counts[0].retried > 0)
            lacking, telling_both = deliveries.counts
            assert (lacking.waiting, lacking.oldest) == (2, Clock().now)
            assert (lacking.delivered, telling_both.delivered) == (0, 2)
            await deliveries.close()
    assert "receiver 1 of webhooks does not take what it is told" in caplog.text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("server")]
    assert not any(word in line for line in ours for word in ("hidden", "127.0.0.1", "garden"))
