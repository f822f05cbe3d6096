"""With `--dev`, developers of pages try out what goes wrong by the SDK's own `simulateScenario`."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser

from tests.e2e.browser import eventually
from tests.e2e.desktop import desktop
from tests.e2e.sdk_page import WATCH, enter
from tests.e2e.serving import Server

NOTE = """
() => {
  window.told = [];
  for (const event of ['signalReconnecting', 'reconnecting', 'reconnected', 'disconnected'])
    room.on(event, () => told.push(event));
}
"""
STATE = "() => ({ told, frames, sid: room.localParticipant.sid })"


@pytest.mark.parametrize(
    ("scenario", "events", "is_the_same"),
    [
        ("migration", ["signalReconnecting", "reconnected"], True),
        ("leave-full-reconnect", ["reconnecting", "reconnected"], False),
        ("node-failure", ["reconnecting", "reconnected"], False),
        ("server-leave", ["disconnected"], True),
    ],
)
async def test_a_page_goes_through_what_it_asks_for(
    shared_server: Server, shared_browser: Browser, scenario: str, events: list[str], is_the_same: bool
) -> None:
    room = f"simulated-{scenario}"
    async with desktop(shared_server.ws_url, shared_server.token(room, "desk")) as desk:
        await desk.publish()
        page = await enter(shared_browser, shared_server, room, "page", WATCH)

        async def state() -> dict[str, Any]:
            seen: dict[str, Any] = await page.evaluate(STATE)
            return seen

        await page.evaluate(NOTE)
        before = await eventually(state, lambda now: now["frames"] > 5)
        await page.evaluate(f"room.simulateScenario('{scenario}')")
        # Where nothing is left to resume, that is tried before all is begun anew.
        after = await eventually(
            state, lambda now: [one for one in now["told"] if one in events][-len(events) :] == events, 40
        )
        assert (after["sid"] == before["sid"]) == is_the_same
        if "reconnected" in events:
            await eventually(state, lambda now: now["frames"] > after["frames"] + 5)
        await page.context.close()
