"""Apps are updated late: SDKs of the years before hold calls too, and resume them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.e2e.browser import eventually
from tests.e2e.cut_off import way_to
from tests.e2e.desktop import desktop
from tests.e2e.older_desktop import older_desktop
from tests.e2e.sdk_page import enter
from tests.e2e.serving import Server

MODULES = Path(__file__).parent / "node_sdk" / "node_modules"
CALL = """
async ([url, token]) => {
  const room = window.room = new LivekitClient.Room();
  Object.assign(window, { frames: 0, told: [], heard: [] });
  for (const event of ['signalReconnecting', 'reconnecting', 'reconnected', 'disconnected'])
    room.on(event, () => told.push(event));
  room.on('dataReceived', (payload, who) => heard.push([who?.identity, new TextDecoder().decode(payload)]));
  room.on('trackSubscribed', (track) => {
    const video = track.attach();
    if (track.kind !== 'video') { window.sound = track; return; }
    const watch = () => { window.frames += 1; video.requestVideoFrameCallback(watch); };
    video.requestVideoFrameCallback(watch);
  });
  await room.connect(url, token);
  await room.localParticipant.enableCameraAndMicrophone();
  return room.localParticipant.sid;
}
"""
STATE = """
async () => {
  let energy = 0;
  for (const entry of ((await window.sound?.receiver.getStats()) ?? new Map()).values())
    if (entry.type === 'inbound-rtp') energy = entry.totalAudioEnergy ?? 0;
  return { frames, told, heard, energy, sid: room.localParticipant.sid };
}
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("version", ["1", "2.5"])
async def test_an_older_sdk_for_browsers_holds_a_call_and_resumes_it(
    shared_server: Server, shared_browser: Browser, version: str
) -> None:
    server, room = shared_server, f"older-{version}"
    sdk = MODULES / f"livekit-client-{version}" / "dist" / "livekit-client.umd.js"
    async with way_to(server.http_port) as way, desktop(server.ws_url, server.token(room, "desk")) as desk:
        await desk.publish()
        left: list[str] = []
        desk.room.on("participant_disconnected", lambda one: left.append(one.identity))
        page = await enter(shared_browser, server, room, "page", CALL, url=way.url, sdk=sdk)

        async def both() -> dict[str, Any]:
            seen: dict[str, Any] = await page.evaluate(STATE)
            return seen | {"sent": desk.frames.get("page", 0), "loud": desk.energy.get("page", 0.0)}

        before = await eventually(
            both,
            lambda now: min(now["frames"], now["sent"]) > 5 and min(now["energy"], now["loud"]) > 1e-3,
            40,
        )
        way.cut()
        await eventually(both, lambda now: now["told"][-1:] == ["reconnected"], 40)
        await desk.room.local_participant.publish_data("still there?", reliable=True)
        after = await eventually(
            both,
            lambda now: all(now[what] > before[what] + 5 for what in ("frames", "sent")) and now["heard"],
        )
        assert (after["sid"], after["heard"]) == (before["sid"], [["desk", "still there?"]])
        assert not left
        await page.context.close()


@pytest.mark.timeout(120)
async def test_an_older_sdk_for_desktops_holds_a_call_and_resumes_it(shared_server: Server) -> None:
    server, room = shared_server, "older-desktop"
    async with way_to(server.http_port) as way, desktop(server.ws_url, server.token(room, "desk")) as desk:
        await desk.publish()
        left: list[str] = []
        desk.room.on("participant_disconnected", lambda one: left.append(one.identity))
        async with older_desktop(way.url, server.token(room, "older")) as older:

            async def both() -> dict[str, Any]:
                sent, loud = desk.frames.get("older", 0), desk.energy.get("older", 0.0)
                return {"frames": 0, "energy": 0.0, **older.last, "sent": sent, "loud": loud}

            before = await eventually(
                both,
                lambda now: min(now["frames"], now["sent"]) > 5 and min(now["energy"], now["loud"]) > 1e-3,
                40,
            )
            assert before["version"] == "1.0.0"
            way.cut()
            await eventually(both, lambda now: now["events"] == ["reconnecting", "reconnected"], 40)
            await desk.room.local_participant.publish_data("still there?", reliable=True)
            after = await eventually(
                both,
                lambda now: all(now[what] > before[what] + 5 for what in ("frames", "sent")) and now["data"],
            )
            assert (after["sid"], after["data"]) == (before["sid"], [["desk", "still there?"]])
            assert not left
