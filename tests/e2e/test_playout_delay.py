"""A room with a playout delay: browsers hold its videos for so long before they show them, and no others."""

from __future__ import annotations

import asyncio
from functools import partial

from livekit import api
from livekit.protocol.room import RoomConfiguration
from playwright.async_api import Browser, Page

from tests.e2e.browser import eventually
from tests.e2e.sdk_page import WATCH, enter
from tests.e2e.serving import KEY, SECRET, Server

LEAST = 500  # milliseconds
PUBLISH = """
async ([url, ...tokens]) => {
  const resolution = { width: 320, height: 180, frameRate: 15 };
  const camera = await LivekitClient.createLocalVideoTrack({ resolution });
  for (const token of tokens) {
    const room = new LivekitClient.Room();
    await room.connect(url, token);
    const copy = new LivekitClient.LocalVideoTrack(camera.mediaStreamTrack.clone());
    await room.localParticipant.publishTrack(copy);
  }
}
"""
# Frames that have left the jitter buffer, and the milliseconds that they were in it, all together.
HELD = """
async () => {
  const stats = window.publication ? await publication.track.receiver.getStats() : new Map();
  const stream = [...stats.values()].find((one) => one.type === 'inbound-rtp');
  return stream ? [stream.jitterBufferEmittedCount, stream.jitterBufferDelay * 1000] : [0, 0];
}
"""


def token(room: str, identity: str, config: RoomConfiguration | None = None) -> str:
    grants = api.VideoGrants(room_join=True, room=room)
    made = api.AccessToken(KEY, SECRET).with_identity(identity).with_grants(grants)
    return (made.with_room_config(config) if config else made).to_jwt()


async def held(page: Page) -> tuple[int, float]:
    """Of a second from now: how many frames came out, and how long each was held, in milliseconds."""
    before = await page.evaluate(HELD)
    await asyncio.sleep(1)
    after = await page.evaluate(HELD)
    frames = after[0] - before[0]
    return frames, (after[1] - before[1]) / frames if frames else 0.0


async def test_its_videos_are_held_and_those_of_other_rooms_are_not(
    shared_server: Server, shared_browser: Browser
) -> None:
    server, browser = shared_server, shared_browser
    async with api.LiveKitAPI(server.url, KEY, SECRET) as client:
        await client.room.create_room(api.CreateRoomRequest(name="delay-by-api", min_playout_delay=LEAST))
    by_token = token("delay-by-token", "publisher", RoomConfiguration(min_playout_delay=LEAST))
    by_api = token("delay-by-api", "publisher")
    publisher = await enter(browser, server, "no-delay", "publisher", PUBLISH, by_token, by_api)
    for room, connections in (("delay-by-api", "two"), ("delay-by-token", "one")):
        watcher = await enter(browser, server, room, "watcher", WATCH, connections)
        await eventually(partial(held, watcher), lambda seen: seen[0] > 5 and seen[1] >= 0.9 * LEAST)
        await watcher.context.close()
    watcher = await enter(browser, server, "no-delay", "watcher", WATCH)
    await eventually(partial(held, watcher), lambda seen: seen[0] > 5 and seen[1] < 0.5 * LEAST)
    await watcher.context.close()
    await publisher.context.close()
