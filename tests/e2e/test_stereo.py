"""Sound of two channels arrives as such, with one peer connection and with two.

Clients with one offer two channels themselves; those with two are told, and answer for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

import numpy as np
import pytest
from livekit import rtc
from playwright.async_api import Browser

from tests.e2e.browser import eventually
from tests.e2e.sdk_page import enter
from tests.e2e.serving import Server

ROOM = "music"
# A tone on the left, and nothing on the right.
PLAY = """
async ([url, token]) => {
  const context = new AudioContext();
  const tone = new OscillatorNode(context), sides = new ChannelMergerNode(context, { numberOfInputs: 2 });
  const out = new MediaStreamAudioDestinationNode(context, { channelCount: 2 });
  tone.connect(sides, 0, 0).connect(out);
  tone.start();
  const [sound] = out.stream.getAudioTracks();
  window.room = new LivekitClient.Room();
  await room.connect(url, token);
  await room.localParticipant.publishTrack(sound, { forceStereo: true, red: false, dtx: false });
}
"""
# How loud it is on either side.
LISTEN = """
async ([url, token, connections]) => {
  window.sides = [];
  window.room = new LivekitClient.Room({ singlePeerConnection: connections !== 'two' });
  room.on('trackSubscribed', (track) => {
    track.attach();
    const context = new AudioContext();
    const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 });
    new MediaStreamAudioSourceNode(context, { mediaStream: track.mediaStream }).connect(splitter);
    window.sides = [0, 1].map((side) => {
      const analyser = new AnalyserNode(context);
      splitter.connect(analyser, side);
      return analyser;
    });
  });
  await room.connect(url, token);
}
"""
LOUD = """
() => window.sides.map((side) => {
  const samples = new Float32Array(side.fftSize);
  side.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
})
"""


async def _heard_by_a_desktop(server: Server) -> AsyncGenerator[list[float]]:
    """The same of a desktop app with one connection, after each tenth of a second."""
    room, found = rtc.Room(), asyncio.get_running_loop().create_future()
    room.on("track_subscribed", lambda track, *_: found.set_result(track))
    await room.connect(
        server.ws_url, server.token(ROOM, "desk"), rtc.RoomOptions(single_peer_connection=True)
    )
    stream = rtc.AudioStream(await found, sample_rate=48_000, num_channels=2, frame_size_ms=100)
    try:
        async for event in stream:
            samples = np.frombuffer(event.frame.data, dtype=np.int16).reshape(-1, 2) / 32768
            yield [float(side) for side in np.sqrt((samples**2).mean(axis=0))]
    finally:
        await stream.aclose()
        await room.disconnect()


def _is_on_the_left(sides: list[float]) -> bool:
    return len(sides) == 2 and sides[0] > 0.1 and sides[1] < sides[0] / 100


@pytest.mark.parametrize("connections", ["one", "two"])
async def test_a_browser_hears_the_left_on_the_left(
    shared_server: Server, shared_browser: Browser, connections: str
) -> None:
    server, browser = shared_server, shared_browser
    band = await enter(browser, server, ROOM, "band", PLAY)
    page = await enter(browser, server, ROOM, "listener", LISTEN, connections)
    await eventually(partial(page.evaluate, LOUD), _is_on_the_left)
    await band.context.close()
    await page.context.close()


async def test_a_desktop_app_with_one_connection_does_too(
    shared_server: Server, shared_browser: Browser
) -> None:
    server, browser = shared_server, shared_browser
    band = await enter(browser, server, ROOM, "band", PLAY)
    async with asyncio.timeout(20), aclosing(_heard_by_a_desktop(server)) as heard:
        async for sides in heard:
            if _is_on_the_left(sides):
                break
    await band.context.close()
