"""The PyPI `livekit` SDK, unmodified, meets browsers and its like."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser

from tests.e2e.browser import eventually, join
from tests.e2e.desktop import desktop
from tests.e2e.serving import Server


async def test_browser_and_desktop_see_and_hear_each_other(
    shared_server: Server, shared_browser: Browser
) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "SDK and page")
    async with desktop(shared_server.ws_url, shared_server.token("SDK and page", "desk")) as desk:
        await desk.publish()

        async def received() -> tuple[int, float]:
            return sum(desk.frames.values()), sum(desk.energy.values())

        await asyncio.gather(
            ada.sees(1),
            ada.hears(1),
            eventually(received, lambda seen: seen[0] >= 10 and seen[1] > 1e-3),
        )
    await eventually(ada.tiles, lambda tiles: tiles == 1)


async def test_two_desktops_see_hear_and_write_to_each_other(shared_server: Server) -> None:
    async with (
        desktop(shared_server.ws_url, shared_server.token("two SDKs", "desk")) as desk,
        desktop(shared_server.ws_url, shared_server.token("two SDKs", "lap")) as lap,
    ):
        await asyncio.gather(desk.publish(), lap.publish())

        async def received() -> tuple[int, float, int, float]:
            return (
                desk.frames.get("lap", 0),
                desk.energy.get("lap", 0.0),
                lap.frames.get("desk", 0),
                lap.energy.get("desk", 0.0),
            )

        await eventually(received, lambda seen: min(seen[0], seen[2]) >= 10 and min(seen[1], seen[3]) > 1e-3)

        await desk.room.local_participant.publish_data(b"hello", reliable=True, topic="chat")
        await lap.room.local_participant.publish_data(b"hi", reliable=True, topic="chat")

        async def written() -> tuple[list[tuple[str, bytes, str]], list[tuple[str, bytes, str]]]:
            return lap.data, desk.data

        # The sender's name is stamped by the relay, not taken from the packet.
        await eventually(
            written,
            lambda seen: seen == ([("desk", b"hello", "chat")], [("lap", b"hi", "chat")]),
        )
