"""A call goes through nginx as it is shipped, which writes nothing down about anybody."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from livekit.api import AccessToken, VideoGrants
from playwright.async_api import Browser

from tests.e2e.browser import REMEMBER_PEERS, Participant
from tests.e2e.proxied import KEY_SECRET, SHIPPED, Proxied, behind_nginx

# Addresses of this machine that stand for those of clients, and are in no configuration.
CLIENT, OTHER = "127.0.0.77", "127.0.0.78"
WANTED = {"room": "garden", "name": "Ada"}


async def join(browser: Browser, url: str, name: str) -> Participant:
    context = await browser.new_context(permissions=["camera", "microphone"], ignore_https_errors=True)
    await context.add_init_script(REMEMBER_PEERS)
    page = await context.new_page()
    await page.goto(f"{url}/#room=garden")
    await page.get_by_test_id("join-name").fill(name)
    await page.get_by_test_id("join-button").click()
    await page.get_by_test_id("leave-button").wait_for()
    return Participant(page, name)


async def asked(
    proxied: Proxied, method: str, path: str, address: str = CLIENT, **more: object
) -> tuple[int, str]:
    """From an address; status and text."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0), ssl=proxied.trusted)
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        http.request(method, proxied.url + path, **more) as answer,  # type: ignore[arg-type]
    ):
        return answer.status, await answer.text()


def token(padding: int = 0) -> str:
    grants = VideoGrants(room_join=True, room="garden")
    made = AccessToken("devkey", KEY_SECRET).with_identity("grace").with_grants(grants)
    return made.with_metadata("x" * padding).to_jwt()


async def test_two_browsers_meet_through_it(tmp_path: Path, browser: Browser) -> None:
    async with behind_nginx(tmp_path) as proxied:
        ada = await join(browser, proxied.url, "Ada")
        bob = await join(browser, proxied.url, "Bob")
        await asyncio.gather(ada.sees(1), bob.sees(1), ada.hears(1), bob.hears(1))
        await ada.leave()
        await bob.leave()


async def test_a_long_token_fits_and_the_console_is_not_open(tmp_path: Path) -> None:
    async with behind_nginx(tmp_path) as proxied:
        long = token(11_000)
        assert 14_000 < len(long) < 16_384
        status, text = await asked(proxied, "GET", f"/rtc/validate?access_token={long}")
        assert (status, text) == (200, "success")
        assert (await asked(proxied, "GET", "/console"))[0] == 404


async def test_the_server_takes_the_clients_address_from_it_and_from_nobody_else(tmp_path: Path) -> None:
    """Three tokens a minute are given out to an address."""
    async with behind_nginx(tmp_path) as proxied:
        lying = {"X-Forwarded-For": OTHER}
        statuses = [
            (await asked(proxied, "POST", "/api/guest-token", json=WANTED, headers=lying))[0]
            for _ in range(4)
        ]
        assert statuses == [200, 200, 200, 429]
        assert (await asked(proxied, "POST", "/api/guest-token", OTHER, json=WANTED))[0] == 200


async def _visits(proxied: Proxied, secret: str) -> None:
    """Somebody comes, joins badly, sends much, and comes again while the server is down."""
    for path in ("/", f"/rtc/validate?access_token={secret}", "/guarantee?nonce=1"):
        await asked(proxied, "GET", path)
    assert (await asked(proxied, "POST", "/api/guest-token", data=secret * 200))[0] == 413
    assert (await asked(proxied, "POST", "/api/guest-token", data=b"x" * 100_000))[0] == 413
    await proxied.server.stop()
    status, _ = await asked(proxied, "GET", f"/rtc?access_token={secret}")
    assert status == 502


async def test_nothing_is_written_about_who_comes(tmp_path: Path) -> None:
    async with behind_nginx(tmp_path) as proxied:
        secret = token()
        await _visits(proxied, secret)
    written = proxied.written()
    assert CLIENT.encode() not in written
    assert secret.encode() not in written
    assert b"garden" not in written


@pytest.mark.parametrize("line", ["access_log off;", "error_log /dev/null;"])
async def test_without_either_line_it_would_be(line: str, tmp_path: Path) -> None:
    """So the test above looks where nginx writes."""
    assert SHIPPED.read_text().count(line) == 2
    async with behind_nginx(tmp_path, lambda shipped: shipped.replace(line, "")) as proxied:
        secret = token()
        await _visits(proxied, secret)
    written = proxied.written()
    assert CLIENT.encode() in written
    assert secret.encode() in written
