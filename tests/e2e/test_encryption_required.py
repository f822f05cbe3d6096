"""A room that requires end-to-end encryption: what is not declared encrypted goes nowhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from livekit import rtc
from livekit.rtc.participant import PublishTrackError
from playwright.async_api import Browser, expect

from tests.e2e.browser import Participant, eventually, join, new_page
from tests.e2e.encrypted import encrypted_room_token, encrypted_user
from tests.e2e.serving import Server, serving

ROOM = "board"
KEY = b"key"


async def receivers(server: Server, identity: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {server.token(ROOM, identity)}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/api/receivers", headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()
        told: dict[str, Any] = await answer.json()
        return told


async def test_the_clear_is_refused_and_the_sealed_crosses(server: Server) -> None:
    async with (
        encrypted_user(server, encrypted_room_token(ROOM, "sender"), KEY) as sender,
        encrypted_user(server, server.token(ROOM, "friend"), KEY) as friend,
        encrypted_user(server, server.token(ROOM, "plain"), None) as plain,
    ):
        attributes = plain.room.local_participant.attributes
        assert attributes["offrecord.encryption"] == "required"
        refused = asyncio.create_task(plain.publish(rtc.VideoCodec.VP8))
        await plain.room.local_participant.publish_data(b"in the clear", reliable=True)

        await sender.publish(rtc.VideoCodec.VP8)
        await sender.room.local_participant.publish_data(b"sealed", reliable=True)

        async def crossed() -> tuple[int, list[bytes]]:
            return friend.flags, friend.data

        await eventually(crossed, lambda seen: seen[0] >= 5 and seen[1] == [b"sealed"], 40)
        told = await receivers(server, "sender")
        assert told["encryption"] == "required"
        assert all(track["encrypted"] for track in told["tracks"])
        for track in told["tracks"]:
            assert {one["identity"] for one in track["receivers"]} == {"friend", "plain"}

        others = friend.room.remote_participants
        assert others["plain"].track_publications == {}
        assert (await receivers(server, "plain"))["tracks"] == []
        assert (plain.flags, plain.others) == (0, 0)
        with pytest.raises(PublishTrackError):
            await refused


async def test_the_page_asks_for_a_key_or_makes_one_up(browser: Browser, tmp_path: Path) -> None:
    """The room is one that the configuration names; without a key nobody even tries to join it."""
    (tmp_path / "config.toml").write_text('[rooms]\nrequire_encryption = ["board-*"]\n', "utf-8")
    async with serving(tmp_path) as server:
        page = await new_page(browser)
        await page.goto(f"{server.url}/#room=board-7")
        await page.get_by_test_id("join-name").fill("Ada")
        await page.get_by_test_id("join-button").click()
        await expect(page.get_by_test_id("error")).to_contain_text("takes only what is encrypted end to end")
        await expect(page.get_by_test_id("join-key")).to_be_focused()
        await expect(page.get_by_test_id("join-key")).to_have_value("")
        await page.locator("[data-part=fresh-key]").click()
        await page.get_by_test_id("join-button").click()
        await page.get_by_test_id("leave-button").wait_for()
        ada = Participant(page, "Ada")
        link = await page.locator("[data-part=link]").input_value()
        bob = await join(browser, link, "Bob", "board-7")
        await ada.sees(1)
        await bob.hears(1)
        await expect(page.get_by_test_id("encryption-state")).to_have_text("Encrypted end to end")
        # The relay hands on no data here that is not declared encrypted.
        await bob.page.get_by_test_id("hand-button").click()
        await expect(page.get_by_test_id("tile-hand").filter(visible=True)).to_have_count(1)
        await bob.page.get_by_test_id("chat-button").click()
        await bob.page.get_by_test_id("chat-text").fill("hello")
        await bob.page.get_by_test_id("chat-text").press("Enter")
        await expect(page.get_by_test_id("unread")).to_have_text("1")
