"""People who join through the page see and hear each other."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser

from tests.e2e.browser import eventually, join
from tests.e2e.serving import Server


async def test_two_pages_see_and_hear_each_other(server: Server, whole_browser: Browser) -> None:
    ada = await join(whole_browser, server.url, "Ada", "garden")
    alan = await join(whole_browser, server.url, "Alan", "garden")
    await asyncio.gather(ada.sees(1), ada.hears(1), alan.sees(1), alan.hears(1))
    assert await ada.tiles() == 2

    await alan.leave()
    await eventually(ada.tiles, lambda tiles: tiles == 1)


async def test_three_pages_see_and_hear_each_other(server: Server, whole_browser: Browser) -> None:
    people = [await join(whole_browser, server.url, name, "garden") for name in ("Ada", "Alan", "Grace")]
    await asyncio.gather(*(person.sees(2) for person in people), *(person.hears(2) for person in people))


async def test_rooms_do_not_hear_each_other(server: Server, whole_browser: Browser) -> None:
    ada = await join(whole_browser, server.url, "Ada", "garden")
    alan = await join(whole_browser, server.url, "Alan", "garden")
    grace = await join(whole_browser, server.url, "Grace", "cellar")
    await asyncio.gather(ada.sees(1), alan.hears(1))
    assert await grace.inbound() == []
    assert await grace.tiles() == 1
