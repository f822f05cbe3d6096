"""A receiver that takes nothing for too long is given up, counted, and told how much it missed."""

from __future__ import annotations

from functools import partial
from time import monotonic

import pytest
from aiohttp import web
from livekit.protocol.webhook import WebhookEvent

from server.metadata.outgoing import Waiting
from server.webhooks.deliveries import Deliveries
from server.webhooks.schedule import IN_FLIGHT, LONGEST_WAIT, Schedule
from tests.unit.hooked import app_listening
from tests.unit.ledger import Clock
from tests.unit.test_webhooks import CALL, config, finished, ledger_at, started, time

HOUR = 3600.0


def rows(*rooms: str, first: int = 1) -> list[Waiting]:
    return [Waiting(number, float(number), room) for number, room in enumerate(rooms, start=first)]


def test_a_wait_doubles_up_to_a_minute_and_half_of_it_is_chance() -> None:
    for chance in (0.0, 1.0):
        plan, now = Schedule(HOUR, partial(float, chance)), 0.0
        waits: list[float] = []
        [row] = window = rows("garden")
        plan.offer(0, window)
        for _ in range(9):
            assert plan.due(now) == [row]
            assert not plan.failed(row, now)
            at = plan.next_try()
            assert at is not None
            assert plan.due(at - 0.001) == []
            waits.append(at - now)
            now = at
        expected = [min(LONGEST_WAIT, 2.0**tries) * (0.5 + chance / 2) for tries in range(9)]
        assert waits == pytest.approx(expected)


def test_a_room_that_fails_for_too_long_gives_one_up_a_try_until_one_is_taken() -> None:
    plan, now = Schedule(HOUR, lambda: 1.0), 0.0
    plan.offer(0, rows("garden", "garden", "garden"))
    given_up = 0
    while given_up < 2:
        [row] = plan.due(now)
        given_up += plan.failed(row, now)
        assert given_up == 0 or now >= HOUR
        now = plan.next_try() or now
    assert now < HOUR + 3 * LONGEST_WAIT
    [last] = plan.due(now)
    plan.told(last)
    assert (plan.cursor, plan.waiting, plan.next_try()) == (3, 0, None)


def test_so_many_rooms_are_told_at_once_and_one_event_of_each() -> None:
    plan = Schedule(HOUR, lambda: 1.0)
    plan.offer(0, rows("garden", "garden"))
    assert [row.number for row in plan.due(0.0)] == [1]
    assert plan.due(0.0) == []
    plan = Schedule(HOUR, lambda: 1.0)
    rooms = [f"room {number}" for number in range(IN_FLIGHT + 3)]
    plan.offer(0, rows(*rooms, *rooms))
    due = plan.due(0.0)
    assert [row.room for row in due] == rooms[:IN_FLIGHT]
    assert plan.due(0.0) == []
    plan.told(due[0])
    [following] = plan.due(0.0)
    assert following.room in {rooms[0], rooms[IN_FLIGHT]}


def test_a_cursor_that_went_back_tells_again_in_order() -> None:
    """While the last is on its way, and another waits behind it."""
    plan = Schedule(HOUR, lambda: 1.0)
    window = rows("garden", "garden", "garden", "garden")
    plan.offer(0, window)
    for row in window[:2]:
        assert plan.due(0.0) == [row]
        plan.told(row)
    plan.offer(plan.cursor, window[2:])
    assert plan.due(0.0) == [window[2]]
    plan.offer(0, window)
    plan.told(window[2])
    again = []
    while plan.waiting:
        [row] = plan.due(0.0)
        again.append(row.number)
        plan.told(row)
        plan.offer(0, window)
    assert again == [1, 2, 4]


async def test_what_was_missed_is_counted_and_told(url: str) -> None:
    """By a clock in which an hour is over in a moment."""
    is_down = True

    async def answer(event: WebhookEvent, _: web.Request) -> web.Response | None:
        return web.Response(status=500) if is_down else None

    async with app_listening() as app, ledger_at(url, Clock()) as ledger:
        app.answer = answer
        deliveries = await Deliveries.open(config(app.url), ledger, time, now=lambda: monotonic() * 1e5)
        for event in CALL:
            ledger.record(event)
        await app.until(lambda: deliveries.counts[0].given_up == 6)
        is_down = False
        ledger.record(started("hall", "RM_00000002"))
        ledger.record(finished("hall", "RM_00000002"))
        await app.until(lambda: len(app.heard) == 2)
        await deliveries.close()
    assert [one.num_dropped for one in app.heard] == [6, 0]
