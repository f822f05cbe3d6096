"""Who cannot decode what another sends sees it in a second codec, which is sent for as long as it watches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from livekit.protocol import models
from playwright.async_api import Browser, Page

from tests.e2e.browser import eventually
from tests.e2e.sdk_page import WATCH, enter
from tests.e2e.serving import Server

PUBLISH = """
async ([url, token, codec, connections, policy]) => {
  window.room = new LivekitClient.Room({ dynacast: true, singlePeerConnection: connections !== 'two' });
  await room.connect(url, token);
  const resolution = { width: 480, height: 270, frameRate: 10 };
  window.track = await LivekitClient.createLocalVideoTrack({ resolution });
  await room.localParticipant.publishTrack(track, {
    videoCodec: codec, backupCodec: { codec: 'vp8' }, simulcast: true, backupCodecPolicy: policy && +policy,
    videoEncoding: { maxBitrate: 300_000, maxFramerate: 10 },
  });
}
"""
# Watches as a browser that has never heard of a codec: neither offers nor answers have it.
WATCH_WITHOUT = f"""
async ([url, token, codec, connections]) => {{
  for (const name of ['createOffer', 'createAnswer']) {{
    const create = RTCPeerConnection.prototype[name];
    RTCPeerConnection.prototype[name] = function (...words) {{
      const all = RTCRtpReceiver.getCapabilities('video').codecs;
      const known = all.filter((one) => one.mimeType.toLowerCase() !== `video/${{codec}}`);
      for (const transceiver of this.getTransceivers()) {{
        if (transceiver.receiver.track.kind !== 'video' || transceiver.sender.track) continue;
        transceiver.setCodecPreferences(known);
      }}
      return create.apply(this, words);
    }};
  }}
  await ({WATCH})([url, token, connections]);
}}
"""
# The codec in which a video arrives; null while none does.
SEEN = """
async () => {
  if (!window.publication || !window.frames) return null;
  const entries = await publication.track.receiver.getStats();
  const stream = [...entries.values()].find((one) => one.type === 'inbound-rtp' && one.framesDecoded > 0);
  return stream ? entries.get(stream.codecId).mimeType.toLowerCase() : null;
}
"""
# Frames sent so far by codec, the backup's added up over its layers; -1 while it is not published.
SENT = """
async () => {
  const frames = async (sender) => {
    let sum = 0;
    for (const one of (await sender.getStats()).values())
      if (one.type === 'outbound-rtp') sum += one.framesSent || 0;
    return sum;
  };
  const backup = track.simulcastCodecs.get('vp8');
  return [await frames(track.sender), backup && backup.sender ? await frames(backup.sender) : -1];
}
"""


async def _sending(page: Page) -> tuple[bool, bool]:
    """Whether frames leave in the main codec and in the backup."""
    before = await page.evaluate(SENT)
    await asyncio.sleep(2)
    after = await page.evaluate(SENT)
    return after[0] > before[0], after[1] > before[1]


@pytest.mark.parametrize(("codec", "connections"), [("vp9", "two"), ("av1", "one")])
async def test_who_cannot_decode_it_sees_the_backup_and_the_others_what_was_chosen(
    shared_server: Server, shared_browser: Browser, codec: str, connections: str
) -> None:
    room = f"backup-{codec}-{connections}"
    publisher = await enter(shared_browser, shared_server, room, "publisher", PUBLISH, codec, connections)
    new = await enter(shared_browser, shared_server, room, "new", WATCH, connections)
    sees: Callable[[], Awaitable[Any]] = partial(new.evaluate, SEEN)
    sending: Callable[[], Awaitable[tuple[bool, bool]]] = partial(_sending, publisher)
    await eventually(sees, lambda mime: mime == f"video/{codec}", 40)
    assert await publisher.evaluate("track.simulcastCodecs.size") == 0, "nobody needs it yet"

    old = await enter(shared_browser, shared_server, room, "old", WATCH_WITHOUT, codec, connections)
    await eventually(partial(old.evaluate, SEEN), lambda mime: mime == "video/vp8", 40)
    assert await new.evaluate(SEEN) == f"video/{codec}"
    assert await new.evaluate("publication.trackSid") == await old.evaluate("publication.trackSid")
    await eventually(sending, lambda both: both == (True, True), 40)

    await old.context.close()
    await eventually(sending, lambda both: both == (True, False), 60)
    seen = await new.evaluate("window.frames")
    await eventually(partial(new.evaluate, "window.frames"), lambda frames: frames > seen, 20)

    await new.context.close()
    old = await enter(shared_browser, shared_server, room, "old", WATCH_WITHOUT, codec, connections)
    await eventually(partial(old.evaluate, SEEN), lambda mime: mime == "video/vp8", 40)
    await eventually(sending, lambda both: both == (False, True), 60)
    await old.context.close()
    await publisher.context.close()


async def test_who_wants_to_send_one_codec_goes_over_to_the_backup_for_all(
    shared_server: Server, shared_browser: Browser
) -> None:
    room, regression = "regression", str(models.BackupCodecPolicy.REGRESSION)
    publisher = await enter(
        shared_browser, shared_server, room, "publisher", PUBLISH, "vp9", "one", regression
    )
    new = await enter(shared_browser, shared_server, room, "new", WATCH)
    await eventually(partial(new.evaluate, SEEN), lambda mime: mime == "video/vp9", 40)
    old = await enter(shared_browser, shared_server, room, "old", WATCH_WITHOUT, "vp9", "two")
    for watcher in (old, new):
        await eventually(partial(watcher.evaluate, SEEN), lambda mime: mime == "video/vp8", 40)
    await eventually(partial(_sending, publisher), lambda both: both == (False, True), 60)
    for page in (old, new, publisher):
        await page.context.close()
