"""An app is told of real calls: by a server as an operator starts it, of desktop apps, across a crash."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from aiohttp import web
from livekit.protocol.models import DisconnectReason, TrackSource
from livekit.protocol.webhook import WebhookEvent

from tests.e2e.browser import eventually
from tests.e2e.desktop import desktop
from tests.e2e.serving import COMMAND, KEY, SECRET, WHO, serving
from tests.unit.hooked import app_listening

SETTINGS = """
[webhooks]
urls = ["{url}?hidden=word"]
api_key = "devkey"
[rooms]
departure_timeout_seconds = 1
"""

pytestmark = pytest.mark.timeout(120)


async def offrecord(directory: Path, *words: str) -> str:
    done = await asyncio.to_thread(
        subprocess.run, [str(COMMAND), *words], cwd=directory, capture_output=True, text=True, check=True
    )
    return done.stdout


async def test_a_call_is_told_and_told_again(tmp_path: Path) -> None:
    async with app_listening(KEY, SECRET) as app:
        (tmp_path / "config.toml").write_text(SETTINGS.format(url=app.url))
        async with serving(tmp_path) as server:
            async with desktop(server.ws_url, server.token("garden", "desk")) as desk:
                await desk.publish()
                await app.until(lambda: app.names().count("track_published") == 2)
                sid = await desk.room.sid
                published = {one.sid for one in desk.room.local_participant.track_publications.values()}
            await app.until(lambda: "room_finished" in app.names())
            first = list(app.heard)
            assert "told everything" in await offrecord(tmp_path, "webhooks", "status")
            said = await offrecord(tmp_path, "webhooks", "replay", "--since", "1h", *WHO)
            assert said == "8 rows are told again to 1 receivers.\n"
            await app.until(lambda: len(app.heard) == 16)
        output = server.output()
    names = [one.event for one in first]
    assert names[:2] == ["room_started", "participant_joined"]
    assert names[2:-2] == ["track_published"] * 2 + ["track_unpublished"] * 2
    assert names[-2:] == ["participant_left", "room_finished"]
    assert {one.room.sid for one in first} == {sid}
    assert {one.participant.identity for one in first[1:-1]} == {"desk"}
    assert {one.track.sid for one in first[2:4]} == published
    assert {one.track.source for one in first[2:4]} == {TrackSource.CAMERA, TrackSource.MICROPHONE}
    assert first[-2].participant.disconnect_reason == DisconnectReason.CLIENT_INITIATED
    assert [one.id for one in app.heard[8:]] == [one.id for one in first]
    assert not any(word in output for word in ("hidden", "desk", app.url))


async def test_a_server_that_crashes_ends_what_was_open_and_tells_it(tmp_path: Path) -> None:
    async with app_listening(KEY, SECRET) as app:
        (tmp_path / "config.toml").write_text(SETTINGS.format(url=app.url))
        async with (
            serving(tmp_path) as server,
            desktop(server.ws_url, server.token("garden", "desk")),
        ):
            await app.until(lambda: "participant_joined" in app.names())
            before = app.heard[0].room.sid
            await server.crash_and_return()
            await app.until(lambda: "room_finished" in app.names("garden"))
    of_it = [one.event for one in app.heard if one.room.sid == before]
    assert list(dict.fromkeys(of_it)) == [
        "room_started",
        "participant_joined",
        "participant_left",
        "room_finished",
    ]
    left = next(one for one in app.heard if one.event == "participant_left")
    assert left.participant.disconnect_reason == DisconnectReason.SERVER_SHUTDOWN


async def test_a_server_that_stops_tells_it_before(tmp_path: Path) -> None:
    async with app_listening(KEY, SECRET) as app:
        (tmp_path / "config.toml").write_text(SETTINGS.format(url=app.url))
        async with serving(tmp_path) as server:
            async with desktop(server.ws_url, server.token("garden", "desk")):
                await app.until(lambda: "participant_joined" in app.names())
                await server.stop()
            assert app.names()[-2:] == ["participant_left", "room_finished"]


async def test_a_receiver_that_hangs_holds_up_no_call(tmp_path: Path) -> None:
    async def hangs(_: WebhookEvent, __: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async with app_listening(KEY, SECRET) as app:
        app.answer = hangs
        (tmp_path / "config.toml").write_text(SETTINGS.format(url=app.url))
        async with (
            serving(tmp_path) as server,
            desktop(server.ws_url, server.token("garden", "desk")) as desk,
            desktop(server.ws_url, server.token("garden", "phone")) as phone,
        ):
            await desk.publish()
            await eventually(lambda: _count(phone.frames), lambda seen: seen > 0)
            assert app.asked == 1
            assert app.heard == []


async def _count(frames: dict[str, int]) -> int:
    return sum(frames.values())
