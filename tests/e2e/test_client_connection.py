"""The page says in words and with a sign how well each person is connected."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.bad_network import bad_network
from tests.e2e.browser import join
from tests.e2e.netem import Conditions
from tests.e2e.serving import Server

NARROW = Conditions(rate_kbps=60, queue_ms=300)  # sound, and no picture
LOSSY = Conditions(loss=0.25)
PROBED = 60_000  # milliseconds; a probe that a busy machine spoils is made again, each time later
JUDGED = 30_000  # milliseconds; the server judges every five seconds, and media flows first


async def test_everybody_sees_who_loses_media(server: Server, whole_browser: Browser) -> None:
    async with bad_network(server.url, server.udp_ports) as network:
        access = await network.access("alan")
        ada = await join(whole_browser, server.url, "Ada", "connections")
        alan = await join(whole_browser, access.url, "Alan", "connections")
        await access.change(LOSSY, LOSSY)

        for page in (ada.page, alan.page):
            tile = page.get_by_test_id("tile").filter(has_text="Alan").get_by_test_id("tile-connection")
            await expect(tile).to_have_attribute("data-connection", "poor", timeout=JUDGED)
            await expect(tile).to_have_text("poor connection")
            await page.get_by_test_id("people-button").click()
            line = page.get_by_test_id("person").filter(has_text="Alan").get_by_test_id("person-connection")
            await expect(line).to_have_text("poor connection")
            await expect(line).to_have_attribute(
                "title", "Poor connection: much sound and video is lost on the way"
            )

        # Who is at the weak end is told what that means; the others are not told of theirs.
        weak = alan.page.get_by_test_id("own-connection")
        await expect(weak).to_contain_text("Your connection is weak")
        await expect(ada.page.get_by_test_id("own-connection")).to_be_hidden()
        await alan.page.get_by_test_id("own-connection-stop").click()
        await expect(alan.page.get_by_test_id("camera-button")).to_have_text("Start video")

        await access.change(Conditions(), NARROW)
        paused = alan.page.get_by_test_id("tile").filter(has_text="Ada").get_by_test_id("tile-paused")
        await expect(paused).to_be_visible(timeout=JUDGED)
        await access.change(Conditions(), Conditions())
        await expect(paused).to_be_hidden(timeout=PROBED)


async def test_a_good_connection_is_said_in_the_list_and_left_out_of_the_picture(
    shared_server: Server, shared_browser: Browser
) -> None:
    people = [
        await join(shared_browser, shared_server.url, name, "good-connections") for name in ("Ada", "Bo")
    ]
    page = people[0].page
    await page.get_by_test_id("people-button").click()
    lines = page.get_by_test_id("person").get_by_test_id("person-connection")
    await expect(lines).to_have_text(["good connection"] * 2, timeout=JUDGED)
    await expect(page.get_by_test_id("tile-connection")).to_have_count(2)
    for shown in await page.get_by_test_id("tile-connection").all():
        await expect(shown).to_be_hidden()
