"""A room that requires end-to-end encryption: what is not declared encrypted goes nowhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
from livekit import rtc
from playwright.async_api import Browser, expect

from tests.e2e.browser import eventually, join
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
        refused.cancel()
        await asyncio.gather(refused, return_exceptions=True)


async def test_the_page_says_that_it_has_no_keys(browser: Browser, tmp_path: Path) -> None:
    """The room is one that the configuration names."""
    (tmp_path / "config.toml").write_text('[rooms]\nrequire_encryption = ["board-*"]\n', "utf-8")
    async with serving(tmp_path) as server:
        ada = await join(browser, server.url, "Ada", "board-7")
        await expect(ada.page.get_by_test_id("error")).to_contain_text("requires end-to-end encryption")
        await ada.page.get_by_test_id("chat-button").click()
        await ada.page.get_by_test_id("chat-text").fill("hello")
        await ada.page.get_by_test_id("chat-text").press("Enter")
        await expect(ada.page.get_by_test_id("chat-panel")).to_contain_text("this page has no keys")
        await expect(ada.page.get_by_test_id("chat-message")).to_have_count(0)
