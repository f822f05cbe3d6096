"""A server whose relays are used as much as they may be: no new call begins, and those there are go on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from livekit import rtc

from tests.e2e.browser import eventually
from tests.e2e.desktop import desktop
from tests.e2e.serving import serving

SETTINGS = "[relay]\nrelays = 1\nfull_percent = 1\n"


async def talk(room: rtc.Room) -> None:
    """Messages, which cost a relay more than packets do: more than 1 % of a core."""
    while True:
        await room.local_participant.publish_data(b"x" * 1000)
        await asyncio.sleep(0.02)


@pytest.mark.timeout(120)
async def test_no_call_begins_where_relays_are_full_until_one_has_ended(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(SETTINGS)
    async with serving(tmp_path) as server, aiohttp.ClientSession() as http:

        async def asked(room: str) -> tuple[int, str]:
            query = {"access_token": server.token(room, "dora")}
            async with http.get(f"{server.url}/rtc/validate", params=query) as answer:
                return answer.status, await answer.text()

        assert await asked("other") == (200, "success")
        async with (
            desktop(server.ws_url, server.token("garden", "ada")) as ada,
            desktop(server.ws_url, server.token("garden", "bob")) as bob,
        ):
            await ada.publish()
            await bob.publish()
            ada.start(talk(ada.room))
            refusal = await eventually(lambda: asked("other"), lambda answer: answer[0] != 200)
            assert refusal[0] == 503
            assert "as many calls as it can" in refusal[1]
            assert await asked("garden") == (200, "success")
            async with desktop(server.ws_url, server.token("garden", "cid")) as cid:

                async def seen() -> set[str]:
                    return set(cid.frames)

                await eventually(seen, lambda who: who == {"ada", "bob"})
        # The relay of the call that ended is replaced by a fresh one.
        await eventually(lambda: asked("other"), lambda answer: answer == (200, "success"))
