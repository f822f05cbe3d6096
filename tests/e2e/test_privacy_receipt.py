"""What a person is told about what is kept: during the call, after it, and after a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, expect

from server.api.receipt import RECEIPT_TYPE
from server.api.rights import ERASURE_TYPE
from server.guarantee import jws
from tests.e2e.browser import eventually, join
from tests.e2e.desktop import Desktop, desktop
from tests.e2e.serving import Server


async def fetched(server: Server, path: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(server.url + path, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def until_heard(desk: Desktop) -> None:
    """Sound of somebody has come, so that its track is published."""

    async def energy() -> float:
        return sum(desk.energy.values())

    await eventually(energy, lambda heard: heard > 0)


async def test_the_page_tells_what_is_kept_and_saves_it_signed(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    ada = await join(browser, server.url, "Ada", "garden")
    async with desktop(server.ws_url, server.token("garden", "desk")) as desk:
        await until_heard(desk)
        await ada.page.get_by_test_id("leave-button").click()
    title = ada.page.get_by_text("Kept about you in this room:")
    await title.click()
    told = ada.page.get_by_role("table")
    await expect(told).to_contain_text("You joined with chrome")
    await expect(told).to_contain_text("Your microphone went on")
    await expect(told).to_contain_text("Your connection ended after")
    async with ada.page.expect_download() as saving:
        await ada.page.get_by_test_id("save-receipt").click()
    path = tmp_path / "receipt.json"
    await (await saving.value).save_as(path)
    saved = json.loads(path.read_text())
    claims = jws.decode(saved["jws"], await fetched(server, "/.well-known/jwks.json"), typ=RECEIPT_TYPE)
    assert claims["kept"] == saved["receipt"]["kept"]
    assert await told.locator("tbody tr").count() == len(claims["kept"])
    events = [entry["event"] for entry in claims["kept"]]
    assert (events[0], events.count("participant_left")) == ("participant_joined", 1)
    await ada.page.context.close()


async def test_it_can_be_had_from_the_first_moment_and_survives_a_crash(server: Server) -> None:
    token = server.token("garden", "desk")
    async with desktop(server.ws_url, token):
        during = await fetched(server, "/api/receipt", token)
        assert "participant_joined" in [entry["event"] for entry in during["receipt"]["kept"]]
        await server.crash_and_return()
        keys = await fetched(server, "/.well-known/jwks.json")
        claims = jws.decode(during["jws"], keys, typ=RECEIPT_TYPE)
        assert claims["kept"] == during["receipt"]["kept"]

        async def events() -> list[tuple[str, str]]:
            answer = await fetched(server, "/api/receipt", during["token"])
            kept = answer["receipt"]["kept"]
            assert kept[: len(claims["kept"])] == claims["kept"]
            return [(entry["event"], entry["fields"].get("reason", "")) for entry in kept]

        await eventually(events, lambda seen: ("participant_left", "server_crash") in seen)


async def test_the_page_erases_what_is_kept_and_nothing_is_left_in_the_file(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    ada = await join(browser, server.url, "Ada", "garden")
    async with desktop(server.ws_url, server.token("garden", "desk")) as desk:
        await until_heard(desk)
        await ada.page.get_by_test_id("leave-button").click()
        await ada.page.get_by_text("Kept about you in this room:").click()
        name = (
            (await ada.page.get_by_text("It is kept under the name").inner_text()).split("“")[1].split("”")[0]
        )
        ledger = server.directory / "offrecord.db"
        assert name.encode() in ledger.read_bytes()
        await ada.page.get_by_test_id("erase").click()
        await expect(ada.page.get_by_test_id("erase-no")).to_be_focused()
        await ada.page.get_by_test_id("erase-no").click()
        assert name.encode() in ledger.read_bytes()
        await ada.page.get_by_test_id("erase").click()
        await ada.page.get_by_test_id("erase-yes").click()
        await expect(ada.page.get_by_text("held about you in this room has been erased")).to_be_visible()
        async with ada.page.expect_download() as saving:
            await ada.page.get_by_test_id("save-erasure").click()
        path = tmp_path / "erasure.json"
        await (await saving.value).save_as(path)
        saved = json.loads(path.read_text())
        claims = jws.decode(saved["jws"], await fetched(server, "/.well-known/jwks.json"), typ=ERASURE_TYPE)
        assert (claims["identity"], claims["left"]) == (name, [])
        assert claims["erased"]["participant_joined"] == claims["erased"]["participant_left"] == 1
        assert name.encode() not in ledger.read_bytes()
        assert b'"desk"' in ledger.read_bytes()
        await expect(ada.page.get_by_role("table")).to_have_count(0)
    await ada.page.context.close()
