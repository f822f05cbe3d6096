"""One connection in the console: of a call that goes on, and of a join that failed."""

from __future__ import annotations

import aiohttp
from livekit.api import AccessToken, VideoGrants
from playwright.async_api import Browser, expect

from tests.e2e.browser import eventually, join
from tests.e2e.ops import accessible, address, operator
from tests.e2e.serving import KEY, SECRET, Server


async def test_a_call_that_goes_on_and_ends(console_server: Server, shared_browser: Browser) -> None:
    page = await operator(shared_browser, console_server)
    ada = await join(shared_browser, console_server.url, "Ada", "course")
    await page.goto(address(console_server, "live"))
    await page.get_by_role("table", name="course").get_by_role("link", name="ada-").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("ada-")

    async def tracks() -> int:
        await page.reload()
        return await page.get_by_role("table", name="Tracks").get_by_role("row").count()

    await eventually(tracks, lambda count: count == 3)
    await expect(page.get_by_role("img", name="Joining: joining for")).to_be_visible()
    await expect(page.get_by_text("connected", exact=True)).to_be_visible()
    await accessible(page)
    await ada.leave()

    async def moments() -> str:
        await page.reload()
        return await page.get_by_role("table", name="Moments").inner_text()

    await eventually(moments, lambda text: "Left: client left" in text)
    await accessible(page)


async def test_a_join_that_failed_says_what_to_do(console_server: Server, shared_browser: Browser) -> None:
    grants = VideoGrants(room_join=True, room="refused", hidden=True)
    token = AccessToken(KEY, SECRET).with_identity("mallory").with_grants(grants).to_jwt()
    url = f"{console_server.url}/rtc/validate"
    async with aiohttp.ClientSession() as http, http.get(url, params={"access_token": token}) as answer:
        assert answer.status == 403
        code = (await answer.text()).rpartition("Support code: ")[2]
    page = await operator(shared_browser, console_server)

    async def heading() -> str:
        await page.goto(address(console_server, f"connections/{code}"))
        return await page.get_by_role("heading", level=1).inner_text()

    await eventually(heading, lambda text: text == "mallory")
    wrong = page.get_by_role("region", name="What went wrong")
    await expect(wrong).to_contain_text("asks to record or to be hidden")
    await expect(wrong).to_contain_text("Have the back end leave recorder, hidden and roomRecord out")
    await accessible(page)
    await page.goto(address(console_server, "connections/ZZZZ-ZZZZ"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is kept")
    await accessible(page)
