"""A call goes on after the network was away for a while, and after it became another one."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser

from tests.e2e.bad_network import bad_network
from tests.e2e.browser import eventually, join
from tests.e2e.netem import Conditions
from tests.e2e.serving import Server

DARK = Conditions(blackout=True)
BLACKOUT_SECONDS = 5.0
PEERS = "window.peersOfThisPage.length"


async def test_a_call_goes_on_after_five_seconds_without_a_network(server: Server, browser: Browser) -> None:
    async with bad_network(server.url, server.udp_ports) as network:
        access = await network.access("ada")
        ada = await join(browser, access.url, "Ada", "garden")
        alan = await join(browser, server.url, "Alan", "garden")
        await asyncio.gather(ada.sees(1), alan.sees(1))

        access.gateway.hold()
        await access.change(DARK, DARK)
        await asyncio.sleep(BLACKOUT_SECONDS)
        dropped = (await access.statistics())["up"]["dropped"]["blackout"]["packets"]
        await access.change(Conditions(), Conditions())
        access.gateway.release()

        assert dropped > 0
        await asyncio.gather(ada.sees(1), ada.hears(1), alan.sees(1), alan.hears(1))


async def test_a_client_may_appear_from_another_port_in_the_middle_of_a_call(
    server: Server, browser: Browser
) -> None:
    async with bad_network(server.url, server.udp_ports) as network:
        access = await network.access("ada")
        ada = await join(browser, access.url, "Ada", "garden")
        alan = await join(browser, server.url, "Alan", "garden")
        await asyncio.gather(ada.sees(1), alan.sees(1))
        connections = await ada.page.evaluate(PEERS)

        assert await network.emulator.move("ada") >= 1

        await asyncio.gather(ada.sees(1), ada.hears(1), alan.sees(1), alan.hears(1))
        assert await ada.page.evaluate(PEERS) == connections, "nothing was set up anew"


async def test_everybody_is_seen_again_when_a_narrow_link_is_wide_again(
    server: Server, browser: Browser
) -> None:
    async with bad_network(server.url, server.udp_ports) as network:
        access = await network.access("ada")
        people = [await join(browser, server.url, name, "garden") for name in ("Alan", "Grace")]
        ada = await join(browser, access.url, "Ada", "garden")
        await ada.sees(2)

        await access.change(down=Conditions(rate_kbps=150))

        async def overflowed() -> int:
            return int((await access.statistics())["down"]["dropped"]["queue"]["packets"])

        await eventually(overflowed, lambda packets: packets > 50, 40.0)
        await access.change(down=Conditions())
        await asyncio.gather(ada.sees(2), ada.hears(2), *(person.sees(2) for person in people))
