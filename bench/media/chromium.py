"""Chromium with the browser SDK in a measured call, on an empty page, so that nothing else costs anything."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Browser, Page

from bench.media import picture
from bench.media.person import TONE_HZ, Feed, Person
from bench.media.record import Frame, Inbound, Snapshot
from tests.e2e.data_users import SDK_FOR_BROWSERS

# What `picture.py` does, in the page; frames are read as they leave the decoder, before any rendering.
JOIN = """
async ([url, token, blocks, strip, stepMs, codes]) => {
  const room = new LivekitClient.Room({ adaptiveStream: false, dynacast: false });
  const now = () => performance.timeOrigin + performance.now();
  const checksum = (value) => ((value ^ (value >> 4) ^ (value >> 8)) & 15) ^ 5;
  const age = (row, width, at) => {
    let bits = 0;
    for (let block = 0; block < blocks; block += 1) {
      bits = bits * 2 + (row[Math.floor((block + 0.5) * width / blocks)] > 128 ? 1 : 0);
    }
    const value = bits >> 4;
    if ((bits & 15) !== checksum(value)) return null;
    return ((((Math.floor(at / stepMs) - value) % codes) + codes) % codes) * stepMs;
  };
  const watch = async (track, seen) => {
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      const at = now();
      const { width, height } = frame.visibleRect;
      const y = Math.floor(height / strip / 4) * 2;
      const rect = { x: 0, y, width, height: 2 };
      const rows = new Uint8Array(frame.allocationSize({ rect }));
      await frame.copyTo(rows, { rect });
      frame.close();
      seen.push([at, height, age(rows, width, at)]);
    }
  };
  window.room = room;
  window.seen = {};
  window.remote = [];
  room.on('trackSubscribed', (track, publication, sender) => {
    window.remote.push({ sender: sender.identity, track, publication, counters: [0, 0, 0, 0, 0] });
    if (track.kind === 'audio') {
      track.attach();
    } else {
      window.seen[sender.identity] ??= [];
      watch(track.mediaStreamTrack, window.seen[sender.identity]).catch(console.error);
    }
  });
  window.look = async () => {
    const snapshot = { at: now(), layers: [], received: [] };
    for (const publication of room.localParticipant.trackPublications.values()) {
      for (const entry of ((await publication.track.getRTCStatsReport()) ?? new Map()).values()) {
        if (entry.type !== 'outbound-rtp' || entry.kind !== 'video') continue;
        snapshot.layers.push([entry.frameHeight ?? 0, entry.framesSent ?? 0, entry.bytesSent ?? 0]);
      }
    }
    for (const one of window.remote) {
      for (const entry of ((await one.track.getRTCStatsReport()) ?? new Map()).values()) {
        if (entry.type !== 'inbound-rtp') continue;
        const isVideo = entry.kind === 'video';
        one.counters = [
          entry.framesDecoded ?? 0, entry.freezeCount ?? 0,
          isVideo ? entry.bytesReceived : 0, entry.concealedSamples ?? 0, entry.totalSamplesReceived ?? 0,
        ];
      }
      snapshot.received.push([one.sender, one.counters]);
    }
    return snapshot;
  };
  await room.connect(url, token);
}
"""
PUBLISH = """
async ([picture, sound, layers, mark]) => {
  const [width, height, rate, bits, simulcast] = picture;
  const [soundBits, red, tone] = sound;
  const [blocks, strip, stepMs, codes] = mark;
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { alpha: false });
  const noises = Array.from({ length: 12 }, () => {
    const noise = new ImageData(width / 4, height / 4);
    for (let at = 0; at < noise.data.length; at += 4) {
      const level = 90 + Math.random() * 80;
      noise.data.set([level, level, level, 255], at);
    }
    return noise;
  });
  let count = 0;
  const draw = () => {
    count += 1;
    context.fillStyle = `rgb(${80 + count % 80}, 120, 120)`;
    context.fillRect(0, 0, width, height);
    context.putImageData(noises[count % noises.length], width / 3, height / 3);
    const at = performance.timeOrigin + performance.now();
    const value = Math.floor(at / stepMs) % codes;
    const word = value * 16 + (((value ^ (value >> 4) ^ (value >> 8)) & 15) ^ 5);
    for (let block = 0; block < blocks; block += 1) {
      context.fillStyle = (word >> (blocks - 1 - block)) & 1 ? '#fff' : '#000';
      context.fillRect(block * width / blocks, 0, width / blocks, Math.floor(height / strip));
    }
  };
  draw();
  setInterval(draw, 1000 / rate);
  const [camera] = canvas.captureStream(rate).getVideoTracks();
  const audio = new AudioContext();
  const oscillator = new OscillatorNode(audio, { frequency: tone });
  const destination = audio.createMediaStreamDestination();
  oscillator.connect(new GainNode(audio, { gain: 0.4 })).connect(destination);
  oscillator.start();
  await room.localParticipant.publishTrack(camera, {
    source: 'camera', simulcast, videoCodec: 'vp8', backupCodec: false,
    videoEncoding: { maxBitrate: bits, maxFramerate: rate },
    videoSimulcastLayers: layers.map(([w, h, b]) => new LivekitClient.VideoPreset(w, h, b, rate)),
  });
  await room.localParticipant.publishTrack(destination.stream.getAudioTracks()[0], {
    source: 'microphone', dtx: false, red, audioPreset: { maxBitrate: soundBits },
  });
}
"""
MARK = [picture.BLOCKS, picture.STRIP, picture.STEP_MS, picture.CODES]


class ChromiumPerson(Person):
    """See [`Person`]."""

    def __init__(self, name: str, page: Page) -> None:
        self.name = name
        self.page = page

    async def publish(self, feed: Feed) -> None:
        layers = [
            [feed.width // part, feed.height // part, feed.bits // cost] for part, cost in ((4, 8), (2, 3))
        ]
        sound = [feed.sound_bits, feed.red, TONE_HZ]
        video = [feed.width, feed.height, feed.rate, feed.bits, feed.simulcast]
        await self.page.evaluate(PUBLISH, [video, sound, layers, MARK])

    async def look(self) -> Snapshot:
        told: Any = await self.page.evaluate("look()")
        layers = sorted(told["layers"])
        received: dict[str, Inbound] = {}
        for sender, counters in told["received"]:
            received[sender] = received.get(sender, Inbound()).plus(Inbound(*counters))
        frames_sent = layers[-1][1] if layers else 0
        return Snapshot(told["at"], frames_sent, {height: sent for height, _, sent in layers}, received)

    async def frames(self, sender: str) -> list[Frame]:
        told: Any = await self.page.evaluate("(sender) => window.seen[sender] ?? []", sender)
        return [Frame(at, height, age) for at, height, age in told]


@contextlib.asynccontextmanager
async def chromium_person(
    browser: Browser, page_url: str, url: str, token: str, name: str
) -> AsyncIterator[ChromiumPerson]:
    """In the room of the token, on a page of the server at `page_url`."""
    context = await browser.new_context(bypass_csp=True)
    try:
        page = await context.new_page()
        await page.goto(page_url + "/guarantee")
        await page.add_script_tag(path=SDK_FOR_BROWSERS)
        await page.evaluate(JOIN, [url, token, *MARK])
        yield ChromiumPerson(name, page)
    finally:
        await context.close()
