"""Desktop participants that encrypt end to end, with a picture and a tone that can be recognised."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc
from livekit.api import AccessToken, VideoGrants
from livekit.protocol.room import RoomConfiguration

from tests.e2e.desktop import FRAME_SAMPLES, SAMPLE_RATE, TONE_HZ
from tests.e2e.serving import KEY, SECRET, Server

WIDTH, HEIGHT = 640, 480
LEFT, RIGHT = (200, 40, 40), (40, 40, 200)  # red and blue: ciphertext is no flag


def encrypted_room_token(room: str, identity: str) -> str:
    """As an application's back end asks for a room that requires encryption."""
    config = RoomConfiguration(tags={"encryption": "required"})
    grants = VideoGrants(room_join=True, room=room)
    token = AccessToken(KEY, SECRET).with_identity(identity).with_grants(grants).with_room_config(config)
    return token.to_jwt()


@dataclass
class EncryptedUser:
    """What it decoded of others: flags recognised, other pictures, widths, and sound."""

    room: rtc.Room = field(default_factory=rtc.Room)
    flags: int = 0
    others: int = 0
    width: int = 0
    tone: float = 0.0  # energy at the pitch of the tone
    noise: float = 0.0  # energy at all others
    data: list[bytes] = field(default_factory=list)
    videos: list[rtc.RemoteTrackPublication] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def listen(self) -> None:
        @self.room.on("track_subscribed")
        def _(track: rtc.Track, publication: rtc.RemoteTrackPublication, _sender: object) -> None:
            if isinstance(track, rtc.RemoteVideoTrack):
                self.videos.append(publication)
                self._start(self._watch(track))
            else:
                self._start(self._hear(track))

        @self.room.on("data_received")
        def _(packet: rtc.DataPacket) -> None:
            self.data.append(packet.data)

    async def _watch(self, track: rtc.Track) -> None:
        # Frames that nobody has looked at yet are let go: large ones would fill the machine's memory.
        stream = rtc.VideoStream(track, format=rtc.VideoBufferType.RGBA, capacity=4)
        with contextlib.suppress(asyncio.CancelledError):
            async for event in stream:
                frame = event.frame
                picture = np.frombuffer(frame.data, dtype=np.uint8).reshape(frame.height, frame.width, 4)
                if is_flag(picture[:, :, :3].astype(np.int16)):
                    self.flags += 1
                else:
                    self.others += 1
                self.width = frame.width
        await stream.aclose()

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1)
        heard = np.zeros(0)
        with contextlib.suppress(asyncio.CancelledError):
            async for event in stream:
                samples = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64) / 32768
                heard = np.concatenate([heard, samples])
                while len(heard) >= SAMPLE_RATE // 10:
                    window, heard = heard[: SAMPLE_RATE // 10], heard[SAMPLE_RATE // 10 :]
                    spectrum = np.abs(np.fft.rfft(window * np.hanning(len(window)))) ** 2
                    at = TONE_HZ // 10
                    near = float(spectrum[at - 3 : at + 4].sum())
                    self.tone += near
                    self.noise += float(spectrum.sum()) - near
        await stream.aclose()

    async def publish(self, codec: rtc.VideoCodec.ValueType, *, simulcast: bool = False) -> None:
        """A flag that moves a little, and a tone."""
        video, audio = rtc.VideoSource(WIDTH, HEIGHT), rtc.AudioSource(SAMPLE_RATE, 1)
        self._start(_wave(video))
        self._start(_hum(audio))
        me = self.room.local_participant
        await me.publish_track(
            rtc.LocalVideoTrack.create_video_track("camera", video),
            rtc.TrackPublishOptions(
                source=rtc.TrackSource.SOURCE_CAMERA, video_codec=codec, simulcast=simulcast
            ),
        )
        await me.publish_track(
            rtc.LocalAudioTrack.create_audio_track("microphone", audio),
            rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE),
        )

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def leave(self) -> None:
        await self.room.disconnect()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def is_flag(picture: np.ndarray[Any, Any]) -> bool:
    """Whether most of the left is red and most of the right is blue, after any coding."""
    half = picture.shape[1] // 2
    left, right = picture[:, : half - 20].mean((0, 1)), picture[:, half + 20 :].mean((0, 1))
    return bool(np.abs(left - LEFT).max() < 40 and np.abs(right - RIGHT).max() < 40)


async def _wave(source: rtc.VideoSource) -> None:
    picture = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    step = 0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            picture[:, : WIDTH // 2, :3], picture[:, WIDTH // 2 :, :3] = LEFT, RIGHT
            step = (step + 4) % (HEIGHT - 20)
            picture[step : step + 20, :, 1] = 120
            source.capture_frame(rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, picture.tobytes()))
            await asyncio.sleep(1 / 15)


async def _hum(source: rtc.AudioSource) -> None:
    """A tone; `capture_frame` paces itself."""
    sample = 0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            moments = (sample + np.arange(FRAME_SAMPLES)) / SAMPLE_RATE
            wave = (np.sin(2 * np.pi * TONE_HZ * moments) * 12_000).astype(np.int16)
            await source.capture_frame(rtc.AudioFrame(wave.tobytes(), SAMPLE_RATE, 1, FRAME_SAMPLES))
            sample += FRAME_SAMPLES


@contextlib.asynccontextmanager
async def encrypted_user(server: Server, token: str, key: bytes | None) -> AsyncIterator[EncryptedUser]:
    """Connects; `key` None does not encrypt."""
    options = rtc.RoomOptions()
    if key is not None:
        provider = rtc.KeyProviderOptions(shared_key=key, ratchet_window_size=0)  # as docs/encryption.md says
        options = rtc.RoomOptions(encryption=rtc.E2EEOptions(key_provider_options=provider))
    user = EncryptedUser()
    user.listen()
    await user.room.connect(server.ws_url, token, options)
    try:
        yield user
    finally:
        await user.leave()
