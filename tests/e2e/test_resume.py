"""The connection to the server breaks in the middle of a call: it goes on, without a gap in what is seen, and
what happened meanwhile is known afterwards. Chromium and the desktop SDK."""

from __future__ import annotations

from typing import Any

import pytest
from livekit import rtc
from playwright.async_api import Browser, Page

from tests.e2e.browser import eventually
from tests.e2e.cut_off import way_to
from tests.e2e.desktop import desktop
from tests.e2e.sdk_page import WATCH, enter
from tests.e2e.serving import Server

pytestmark = pytest.mark.waits

RESUMED_SECONDS = 30.0
NOTE = """
() => {
  window.told = [];
  for (const event of ['signalReconnecting', 'reconnecting', 'reconnected', 'disconnected'])
    room.on(event, () => told.push(event));
  window.longest = 0;
  return room.localParticipant.sid;
}
"""
STATE = """
() => ({
  told, longest, frames, sid: room.localParticipant.sid,
  others: [...room.remoteParticipants.values()].map((one) => one.identity).sort(),
  heard: window.heard,
})
"""
PUBLISH = """
async () => {
  window.heard = [];
  room.on('dataReceived', (payload) => heard.push(new TextDecoder().decode(payload)));
  await room.localParticipant.setCameraEnabled(true);
  return room.localParticipant.sid;
}
"""


async def state(page: Page) -> dict[str, Any]:
    seen: dict[str, Any] = await page.evaluate(STATE)
    return seen


@pytest.mark.timeout(120)
@pytest.mark.parametrize("connections", ["one", "two"])
async def test_a_browser_goes_on(shared_server: Server, shared_browser: Browser, connections: str) -> None:
    server, room = shared_server, f"resume-browser-{connections}"
    async with way_to(server.http_port) as way, desktop(server.ws_url, server.token(room, "desk")) as desk:
        await desk.publish()
        left: list[str] = []
        desk.room.on("participant_disconnected", lambda one: left.append(one.identity))
        page = await enter(shared_browser, server, room, "ada", WATCH, connections, url=way.url)
        await page.evaluate(PUBLISH)
        await eventually(lambda: page.evaluate("frames"), lambda frames: frames > 5)
        sid = await page.evaluate(NOTE)
        way.down = True
        way.cut()
        await eventually(lambda: state(page), lambda seen: "signalReconnecting" in seen["told"])
        async with desktop(server.ws_url, server.token(room, "late")):
            await desk.room.local_participant.publish_data("meanwhile", reliable=True)
            way.down = False
            seen = await eventually(
                lambda: state(page), lambda seen: "reconnected" in seen["told"], RESUMED_SECONDS
            )
            assert (seen["sid"], seen["told"]) == (sid, ["signalReconnecting", "reconnected"])
            await eventually(
                lambda: state(page),
                lambda seen: seen["others"] == ["desk", "late"] and seen["heard"] == ["meanwhile"],
            )
        await eventually(lambda: state(page), lambda seen: seen["others"] == ["desk"])
        after = await state(page)
        assert after["longest"] < 1000, "milliseconds without a picture"
        frames = desk.frames["ada"]

        async def shown() -> int:
            return desk.frames["ada"]

        await eventually(shown, lambda now: now > frames + 10)
        assert left == ["late"], "nobody saw the browser leave"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("connections", ["one", "two"])
async def test_a_desktop_goes_on(shared_server: Server, connections: str) -> None:
    server, room = shared_server, f"resume-desktop-{connections}"
    options = rtc.RoomOptions(single_peer_connection=connections == "one")
    async with (
        way_to(server.http_port) as way,
        desktop(server.ws_url, server.token(room, "watcher")) as watcher,
        desktop(way.url, server.token(room, "desk"), options) as desk,
    ):
        left: list[str] = []
        told: list[str] = []
        watcher.room.on("participant_disconnected", lambda one: left.append(one.identity))
        for event in ("reconnecting", "reconnected", "disconnected"):
            desk.room.on(event, lambda *_, event=event: told.append(event))
        await desk.publish()

        async def frames() -> int:
            return watcher.frames.get("desk", 0)

        await eventually(frames, lambda count: count > 5)
        sid = desk.room.local_participant.sid
        way.cut()

        async def events() -> list[str]:
            return told

        await eventually(events, lambda seen: "reconnected" in seen, RESUMED_SECONDS)
        assert (desk.room.local_participant.sid, told) == (sid, ["reconnecting", "reconnected"])
        before = watcher.frames["desk"]
        await eventually(frames, lambda count: count > before + 10)
        async with desktop(server.ws_url, server.token(room, "late")):

            async def others() -> set[str]:
                people: dict[str, rtc.RemoteParticipant] = dict(desk.room.remote_participants)
                return set(people)

            await eventually(others, lambda names: names == {"watcher", "late"})
        assert "desk" not in left
