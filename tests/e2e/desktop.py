"""A desktop app: the `livekit` SDK from PyPI, which carries the libwebrtc that desktop clients ship."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc

WIDTH, HEIGHT, RATE = 320, 240, 15
SAMPLE_RATE = 48_000
FRAME_SAMPLES = SAMPLE_RATE // 100
TONE_HZ = 440


@dataclass
class Desktop:
    """A participant with a moving picture and a tone; counts what arrives from the others."""

    room: rtc.Room
    frames: dict[str, int] = field(default_factory=dict)  # decoded video frames, by identity
    frames_of_track: dict[str, int] = field(default_factory=dict)  # the same, by track
    energy: dict[str, float] = field(default_factory=dict)  # sum of squared samples, by identity
    data: list[tuple[str, bytes, str]] = field(default_factory=list)  # sender, payload, topic
    loudness: int = 12_000  # amplitude of its tone, of 32,768
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _listen(self) -> None:
        @self.room.on("track_subscribed")
        def _(track: rtc.Track, _publication: object, sender: rtc.RemoteParticipant) -> None:
            if isinstance(track, rtc.RemoteVideoTrack):
                self.start(self._watch(track, sender.identity))
            elif isinstance(track, rtc.RemoteAudioTrack):
                self.start(self._hear(track, sender.identity))

        @self.room.on("data_received")
        def _(packet: rtc.DataPacket) -> None:
            sender = packet.participant.identity if packet.participant else ""
            self.data.append((sender, packet.data, packet.topic or ""))

    async def _watch(self, track: rtc.Track, identity: str) -> None:
        stream = rtc.VideoStream(track)
        with contextlib.suppress(asyncio.CancelledError):
            async for _ in stream:
                self.frames[identity] = self.frames.get(identity, 0) + 1
                self.frames_of_track[track.sid] = self.frames_of_track.get(track.sid, 0) + 1
        await stream.aclose()

    async def _hear(self, track: rtc.Track, identity: str) -> None:
        stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1)
        with contextlib.suppress(asyncio.CancelledError):
            async for event in stream:
                samples = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64) / 32768
                self.energy[identity] = self.energy.get(identity, 0.0) + float(np.sum(samples**2))
        await stream.aclose()

    async def publish(self) -> None:
        """Camera and microphone; returns once the server has accepted both."""
        video = rtc.VideoSource(WIDTH, HEIGHT)
        audio = rtc.AudioSource(SAMPLE_RATE, 1)
        self.start(move(video, WIDTH, HEIGHT, RATE))
        self.start(self._hum(audio))
        for track, source in (
            (rtc.LocalVideoTrack.create_video_track("camera", video), rtc.TrackSource.SOURCE_CAMERA),
            (rtc.LocalAudioTrack.create_audio_track("microphone", audio), rtc.TrackSource.SOURCE_MICROPHONE),
        ):
            await self.room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=source))

    async def _hum(self, source: rtc.AudioSource) -> None:
        """A tone; `capture_frame` paces itself."""
        sample = 0
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                moments = (sample + np.arange(FRAME_SAMPLES)) / SAMPLE_RATE
                wave = (np.sin(2 * np.pi * TONE_HZ * moments) * self.loudness).astype(np.int16)
                await source.capture_frame(rtc.AudioFrame(wave.tobytes(), SAMPLE_RATE, 1, FRAME_SAMPLES))
                sample += FRAME_SAMPLES

    async def leave(self) -> None:
        await self.room.disconnect()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def move(source: rtc.VideoSource, width: int, height: int, rate: int) -> None:
    """A picture that changes, so many times a second."""
    picture = np.zeros((height, width, 4), dtype=np.uint8)
    shade = 0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            shade = (shade + 5) % 256
            picture[:, :, :3] = shade
            picture[:, shade : shade + 40, 1] = 255 - shade
            source.capture_frame(rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, picture.tobytes()))
            await asyncio.sleep(1 / rate)


@contextlib.asynccontextmanager
async def desktop(url: str, token: str, options: rtc.RoomOptions | None = None) -> AsyncIterator[Desktop]:
    """Connects as SDK users do: the address and a token."""
    participant = Desktop(rtc.Room())
    participant._listen()
    await participant.room.connect(url, token, options or rtc.RoomOptions())
    try:
        yield participant
    finally:
        await participant.leave()
