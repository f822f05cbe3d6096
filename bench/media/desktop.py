"""The desktop SDK in a measured call."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import numpy as np
from livekit import rtc

from bench.media import picture
from bench.media.person import TONE_HZ, Feed, Person
from bench.media.record import AUDIO_RATE, Frame, Inbound, Snapshot

STATISTICS_SECONDS = 5.0
SOUND_SAMPLES = AUDIO_RATE // 100


class DesktopPerson(Person):
    """See [`Person`]."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.room = rtc.Room()
        self._seen: dict[str, list[Frame]] = {}
        self._remote: list[tuple[str, rtc.Track]] = []
        self._latest: dict[tuple[str, str], Inbound] = {}  # a track that has ended keeps its counters
        self._camera: rtc.LocalVideoTrack | None = None
        self._tasks: set[asyncio.Task[None]] = set()

        @self.room.on("track_subscribed")
        def _(track: rtc.Track, _publication: object, sender: rtc.RemoteParticipant) -> None:
            self._remote.append((sender.identity, track))
            if isinstance(track, rtc.RemoteVideoTrack):
                self._start(self._watch(track, sender.identity))

    async def publish(self, feed: Feed) -> None:
        video = rtc.VideoSource(feed.width, feed.height)
        audio = rtc.AudioSource(AUDIO_RATE, 1)
        self._start(_move(video, feed, len(self.name)))
        self._start(_hum(audio))
        self._camera = rtc.LocalVideoTrack.create_video_track("camera", video)
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA,
            simulcast=feed.simulcast,
            video_encoding=rtc.VideoEncoding(max_bitrate=feed.bits, max_framerate=feed.rate),
        )
        await self.room.local_participant.publish_track(self._camera, options)
        microphone = rtc.LocalAudioTrack.create_audio_track("microphone", audio)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False, red=feed.red)
        options.audio_encoding.max_bitrate = feed.sound_bits
        await self.room.local_participant.publish_track(microphone, options)

    async def look(self) -> Snapshot:
        frames_sent, bytes_sent = 0, {}
        if self._camera is not None:
            layers = [
                one.outbound_rtp for one in await _statistics(self._camera) if one.HasField("outbound_rtp")
            ]
            for layer in layers:
                bytes_sent[layer.outbound.frame_height] = layer.sent.bytes_sent
            if layers:
                frames_sent = max(layers, key=lambda layer: layer.outbound.frame_height).outbound.frames_sent
        for sender, track in self._remote:
            for one in await _statistics(track):
                if one.HasField("inbound_rtp"):
                    self._latest[sender, track.sid] = _inbound(one.inbound_rtp)
        received: dict[str, Inbound] = {}
        for (sender, _), inbound in self._latest.items():
            received[sender] = received.get(sender, Inbound()).plus(inbound)
        return Snapshot(picture.now_ms(), frames_sent, bytes_sent, received)

    async def frames(self, sender: str) -> list[Frame]:
        return list(self._seen.get(sender, []))

    async def leave(self) -> None:
        await self.room.disconnect()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, track: rtc.Track, sender: str) -> None:
        stream = rtc.VideoStream(track, format=rtc.VideoBufferType.I420)
        seen = self._seen.setdefault(sender, [])
        with contextlib.suppress(asyncio.CancelledError):
            async for event in stream:
                now, frame = picture.now_ms(), event.frame
                start = (frame.height // picture.STRIP // 2) * frame.width
                row = np.frombuffer(frame.data, dtype=np.uint8, count=frame.width, offset=start)
                seen.append(Frame(now, frame.height, picture.age_ms(picture.levels(row), now)))
        await stream.aclose()


async def _statistics(track: Any) -> list[Any]:
    """None of a track that has ended, or that does not answer."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(STATISTICS_SECONDS):
            return list(await track.get_stats())
    return []


def _inbound(one: Any) -> Inbound:
    stream = one.inbound
    if one.stream.kind != "video":
        return Inbound(concealed=stream.concealed_samples, samples=stream.total_samples_received)
    return Inbound(stream.frames_decoded, stream.freeze_count, stream.bytes_received)


async def _move(source: rtc.VideoSource, feed: Feed, seed: int) -> None:
    frames = picture.Picture(feed.width, feed.height, seed)
    loop = asyncio.get_running_loop()
    due = loop.time()
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            content = frames.frame(picture.now_ms())
            frame = rtc.VideoFrame(feed.width, feed.height, rtc.VideoBufferType.I420, content)
            source.capture_frame(frame)
            due = max(due + 1 / feed.rate, loop.time() - 1 / feed.rate)
            await asyncio.sleep(max(0.0, due - loop.time()))


async def _hum(source: rtc.AudioSource) -> None:
    """A tone; `capture_frame` paces itself."""
    sample = 0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            moments = (sample + np.arange(SOUND_SAMPLES)) / AUDIO_RATE
            wave = (np.sin(2 * np.pi * TONE_HZ * moments) * 12_000).astype(np.int16)
            await source.capture_frame(rtc.AudioFrame(wave.tobytes(), AUDIO_RATE, 1, SOUND_SAMPLES))
            sample += SOUND_SAMPLES


@contextlib.asynccontextmanager
async def desktop_person(url: str, token: str, name: str) -> AsyncIterator[DesktopPerson]:
    """In the room of the token."""
    person = DesktopPerson(name)
    await person.room.connect(url, token)
    try:
        yield person
    finally:
        await person.leave()
