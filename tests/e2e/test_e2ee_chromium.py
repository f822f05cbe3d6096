"""End-to-end encryption of `livekit-client` in Chromium, through the relay, which cannot read it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.e2e.browser import eventually
from tests.e2e.data_users import SDK_FOR_BROWSERS
from tests.e2e.serving import Server

WORKER = SDK_FOR_BROWSERS.with_name("livekit-client.e2ee.worker.js")
WIDTH = 960  # two simulcast layers

JOIN = """
async ([url, token, key, worker]) => {
  const keys = new LivekitClient.ExternalE2EEKeyProvider();
  await keys.setKey(key);
  const script = URL.createObjectURL(new Blob([worker], { type: 'text/javascript' }));
  window.room = new LivekitClient.Room({
    encryption: { keyProvider: keys, worker: new Worker(script) }, dynacast: false,
  });
  await room.setE2EEEnabled(true);
  window.texts = [];
  room.on('dataReceived', (payload) => texts.push(new TextDecoder().decode(payload)));
  room.on('trackSubscribed', (track, publication) => {
    const element = track.attach();
    document.body.append(element);
    if (track.kind === 'video') { window.video = element; window.publication = publication; }
    else window.audio = track;
  });
  await room.connect(url, token);
}
"""
PUBLISH = """
async ([codec, simulcast, width]) => {
  const canvas = Object.assign(document.createElement('canvas'), { width, height: width * 9 / 16 });
  const context = canvas.getContext('2d');
  let step = 0;
  setInterval(() => {
    context.fillStyle = 'rgb(200, 40, 40)';
    context.fillRect(0, 0, width / 2, canvas.height);
    context.fillStyle = 'rgb(40, 40, 200)';
    context.fillRect(width / 2, 0, width / 2, canvas.height);
    step = (step + 4) % canvas.height;
    context.fillStyle = 'rgb(90, 120, 90)';
    context.fillRect(0, step, width, 16);
  }, 66);
  await room.localParticipant.publishTrack(canvas.captureStream(15).getVideoTracks()[0], {
    source: 'camera', videoCodec: codec, simulcast, backupCodec: false,
  });
  const sound = new AudioContext();
  const tone = new OscillatorNode(sound, { frequency: 440 });
  const out = sound.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  await room.localParticipant.publishTrack(out.stream.getAudioTracks()[0], { source: 'microphone' });
}
"""
LOOK = """
async () => {
  const seen = { frames: 0, width: 0, height: 0, left: null, right: null, energy: 0, tracks: 0 };
  for (const person of room.remoteParticipants.values()) {
    for (const { track } of person.trackPublications.values()) {
      const report = track ? await track.getRTCStatsReport() : null;
      if (!report) continue;
      seen.tracks += 1;
      for (const entry of report.values()) {
        if (entry.type !== 'inbound-rtp') continue;
        seen.frames += entry.framesDecoded ?? 0;
        seen.energy += entry.totalAudioEnergy ?? 0;
      }
    }
  }
  const element = window.video;
  if (element?.videoWidth) {
    [seen.width, seen.height] = [element.videoWidth, element.videoHeight];
    const canvas = new OffscreenCanvas(4, 1);
    const context = canvas.getContext('2d');
    context.drawImage(element, 0, 0, 4, 1);
    const { data } = context.getImageData(0, 0, 4, 1);
    seen.left = [data[0], data[1], data[2]];
    seen.right = [data[12], data[13], data[14]];
  }
  return seen;
}
"""
CAN_SEND = """
(codec) => RTCRtpSender.getCapabilities('video').codecs.some(
  (one) => one.mimeType.toLowerCase() === 'video/' + codec)
"""


async def join(browser: Browser, server: Server, room: str, identity: str, key: str) -> Page:
    context = await browser.new_context(bypass_csp=True)
    page = await context.new_page()
    await page.goto(server.url)
    await page.add_script_tag(path=SDK_FOR_BROWSERS)
    worker = WORKER.read_text("utf-8")
    await page.evaluate(JOIN, [server.ws_url, server.token(room, identity), key, worker])
    return page


async def look(page: Page) -> dict[str, Any]:
    seen: dict[str, Any] = await page.evaluate(LOOK)
    return seen


def is_flag(seen: dict[str, Any]) -> bool:
    """Red on the left, blue on the right: what the sender drew, and no ciphertext."""
    if not seen["left"]:
        return False
    (red, _, dim), (dark, _, blue) = seen["left"], seen["right"]
    return bool(red > 140 and dim < 90 and blue > 140 and dark < 90)


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264"])
async def test_who_has_the_key_sees_and_hears_and_nobody_else_does(
    shared_server: Server, shared_browser: Browser, codec: str
) -> None:
    room = f"sealed-in-chromium-{codec}"
    sender = await join(shared_browser, shared_server, room, "sender", "the right key")
    if not await sender.evaluate(CAN_SEND, codec):
        pytest.skip(f"this build of Chromium has no encoder of {codec}")
    friend = await join(shared_browser, shared_server, room, "friend", "the right key")
    stranger = await join(shared_browser, shared_server, room, "stranger", "another key")
    await sender.evaluate(PUBLISH, [codec, False, 640])

    async def seen() -> dict[str, Any]:
        return await look(friend)

    await eventually(seen, lambda now: now["frames"] >= 20 and is_flag(now) and now["energy"] > 1e-3, 40)
    outside = await look(stranger)
    assert outside["tracks"] == 2  # it is sent the same
    assert outside["left"] is None
    assert outside["energy"] < 1e-5
    # Whom it is for is told inside the encryption, where the server does not read it.
    await sender.evaluate(
        """async () => {
          const me = room.localParticipant;
          const aside = { reliable: true, destinationIdentities: ['stranger'] };
          await me.publishData(new TextEncoder().encode('aside'), aside);
          await me.publishData(new TextEncoder().encode('hello'), { reliable: true });
        }"""
    )

    async def read() -> list[str]:
        texts: list[str] = await friend.evaluate("texts")
        return texts

    await eventually(read, lambda texts: texts == ["aside", "hello"])
    assert await stranger.evaluate("texts") == []


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264"])
async def test_layers_are_switched_without_reading_them(
    shared_server: Server, shared_browser: Browser, codec: str
) -> None:
    room = f"sealed-layers-in-chromium-{codec}"
    sender = await join(shared_browser, shared_server, room, "sender", "key")
    if not await sender.evaluate(CAN_SEND, codec):
        pytest.skip(f"this build of Chromium has no encoder of {codec}")
    friend = await join(shared_browser, shared_server, room, "friend", "key")
    await sender.evaluate(PUBLISH, [codec, True, WIDTH])

    async def seen() -> dict[str, Any]:
        return await look(friend)

    await eventually(seen, lambda now: now["width"] == WIDTH and is_flag(now), 60)
    await friend.evaluate("() => publication.setVideoQuality(LivekitClient.VideoQuality.LOW)")
    await eventually(seen, lambda now: 0 < now["width"] < WIDTH and is_flag(now), 40)
    await friend.evaluate("() => publication.setVideoQuality(LivekitClient.VideoQuality.HIGH)")
    await eventually(seen, lambda now: now["width"] == WIDTH and is_flag(now), 60)
