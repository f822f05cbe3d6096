"""What expired or was erased is told nobody, however long it waited to be told."""

from __future__ import annotations

from aiohttp import web
from livekit.protocol.webhook import WebhookEvent

from tests.unit.hooked import app_listening
from tests.unit.ledger import Clock, joined
from tests.unit.test_webhooks import active, ledger_at, left, started, telling

DAY = 86_400


async def test_who_was_erased_is_not_told_of(url: str) -> None:
    """It waits behind an event that is not taken, and is erased meanwhile."""
    is_down = True

    async def answer(_: WebhookEvent, __: web.Request) -> web.Response | None:
        return web.Response(status=503) if is_down else None

    async with app_listening() as app, ledger_at(url, Clock()) as ledger:
        app.answer = answer
        async with telling(ledger, app) as deliveries:
            ledger.record(started())
            for number, identity in ((1, "ada"), (2, "bob")):
                for event in (joined(number, identity), active(number, identity), left(number, identity)):
                    ledger.record(event)
            await app.until(lambda: deliveries.counts[0].waiting == 5 and len(app.refused) > 0)
            await ledger.requests.erase("garden", "bob")
            is_down = False
            await app.until(lambda: deliveries.counts[0].waiting == 0)
            assert (deliveries.counts[0].delivered, deliveries.counts[0].gone) == (3, 2)
    assert {one.participant.identity for one in app.heard} == {"", "ada"}


async def test_what_expired_is_not_told(url: str) -> None:
    clock = Clock()
    async with app_listening() as app, ledger_at(url, clock) as ledger:
        async with telling(ledger, app):
            pass
        ledger.record(started())
        clock.now += 31 * DAY - 1
        ledger.record(started("hall", "RM_00000002"))
        await ledger.flush()
        async with telling(ledger, app) as deliveries:
            await app.until(lambda: deliveries.counts[0].waiting == 0 and len(app.heard) == 1)
            assert deliveries.counts[0].gone == 1
    assert app.names("garden") == []


async def test_numbers_that_are_given_out_again_are_told(url: str) -> None:
    """SQLite gives the numbers of the last rows to others once these are erased."""
    clock = Clock()
    async with app_listening() as app, ledger_at(url, clock) as ledger:
        async with telling(ledger, app):
            for event in (joined(), active(), left()):
                ledger.record(event)
            await app.until(lambda: len(app.heard) == 2)
        await ledger.requests.erase("garden", "ada")
        clock.now += 1
        for event in (joined(2, "bob"), active(2, "bob"), left(2, "bob")):
            ledger.record(event)
        await ledger.flush()
        async with telling(ledger, app):
            await app.until(lambda: len(app.heard) == 4)
    assert [one.participant.identity for one in app.heard] == ["ada", "ada", "bob", "bob"]
    assert len({one.id for one in app.heard}) == 4
