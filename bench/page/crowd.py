"""Many people in one room for one page to watch: desktop SDKs in this process, which really encode."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc

from tests.e2e.serving import Server

# Few frames a second: what is measured is the page, and the encoders share its machine.
WIDTH, HEIGHT, RATE = 960, 540, 3
BITS = 700_000
SHADES = 4
SAMPLE_RATE = 48_000
SAMPLES = SAMPLE_RATE // 10
LOUD = 12_000
TONE = np.sin(2 * np.pi * 440 * np.arange(SAMPLES) / SAMPLE_RATE)
OPTIONS = rtc.RoomOptions(auto_subscribe=False, dynacast=True)


@dataclass
class Somebody:
    """Sends a moving picture in three layers, of which those are encoded that are watched."""

    room: rtc.Room = field(default_factory=rtc.Room)
    loudness: int = 0  # amplitude, of 32,768
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def join(self, server: Server, room: str, name: str) -> None:
        await self.room.connect(server.ws_url, server.token(room, name), OPTIONS)

    async def show(self, shade: int) -> None:
        source = rtc.VideoSource(WIDTH, HEIGHT)
        self._start(_move(source, shade))
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA,
            simulcast=True,
            video_encoding=rtc.VideoEncoding(max_bitrate=BITS, max_framerate=RATE),
        )
        track = rtc.LocalVideoTrack.create_video_track("camera", source)
        await self.room.local_participant.publish_track(track, options)

    async def speak(self) -> None:
        """A microphone; silence until `loudness` is set."""
        source = rtc.AudioSource(SAMPLE_RATE, 1)
        self._start(self._hum(source))
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        await self.room.local_participant.publish_track(track, options)

    async def leave(self) -> None:
        await self.room.disconnect()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _hum(self, source: rtc.AudioSource) -> None:
        """`capture_frame` paces itself."""
        while True:
            wave = (TONE * self.loudness).astype(np.int16)
            await source.capture_frame(rtc.AudioFrame(wave.tobytes(), SAMPLE_RATE, 1, SAMPLES))


async def _move(source: rtc.VideoSource, shade: int) -> None:
    chroma = np.full(WIDTH * HEIGHT // 2, 128, dtype=np.uint8)
    frames = []
    for step in range(SHADES):
        luma = np.full((HEIGHT, WIDTH), 60 + (shade * 13 + step * 9) % 120, dtype=np.uint8)
        luma[:, step * 40 : step * 40 + 120] = 200
        frames.append(np.concatenate([luma.reshape(-1), chroma]).tobytes())
    await asyncio.sleep(shade % 7 / 7 / RATE)  # not all at once
    turn = 0
    while True:
        turn += 1
        frame = rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.I420, frames[turn % SHADES])
        source.capture_frame(frame)
        await asyncio.sleep(1 / RATE)


@contextlib.asynccontextmanager
async def crowd(server: Server, room: str, people: int, speakers: int) -> AsyncIterator[list[Somebody]]:
    """Everybody with a camera, the first `speakers` with a microphone as well."""
    everybody: list[Somebody] = []
    try:
        for number in range(people):
            somebody = Somebody()
            everybody.append(somebody)
            await somebody.join(server, room, f"person-{number:02}")
            await somebody.show(number)
            if number < speakers:
                await somebody.speak()
        yield everybody
    finally:
        await asyncio.gather(*(somebody.leave() for somebody in everybody), return_exceptions=True)
