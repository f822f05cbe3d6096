"""Stands in for a camera, a screen and a microphone, by the interface that the desktop application declares.

The machines that run tests have none. A picture that moves, and a tone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
from livekit import rtc
from PySide6.QtGui import QImage

from client_demo.desktop.media.interface import Devices
from tests.e2e.desktop import FRAME_SAMPLES, SAMPLE_RATE, TONE_HZ

WIDTH, HEIGHT, RATE = 320, 240, 15


class PlayedPictures:
    """Shades that change."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def open(self, deliver: Callable[[QImage], None], lost: Callable[[str], None]) -> None:
        first = asyncio.Event()
        self._task = asyncio.create_task(self._play(deliver, first))
        await first.wait()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _play(self, deliver: Callable[[QImage], None], first: asyncio.Event) -> None:
        picture = np.full((HEIGHT, WIDTH, 4), 255, dtype=np.uint8)
        shade = 0
        while True:
            shade = (shade + 5) % 256
            picture[:, :, :3] = shade
            picture[:, shade : shade + 40, 1] = 255 - shade
            deliver(QImage(picture.tobytes(), WIDTH, HEIGHT, WIDTH * 4, QImage.Format.Format_RGBA8888).copy())
            first.set()
            await asyncio.sleep(1 / RATE)


class PlayedSound:
    """A tone, as long as somebody asked for the microphone."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def microphone(self) -> rtc.AudioSource:
        source = rtc.AudioSource(SAMPLE_RATE, 1)
        self._task = asyncio.create_task(self._hum(source))
        return source

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _hum(self, source: rtc.AudioSource) -> None:
        sample = 0
        while True:
            moments = (sample + np.arange(FRAME_SAMPLES)) / SAMPLE_RATE
            wave = (np.sin(2 * np.pi * TONE_HZ * moments) * 12_000).astype(np.int16)
            await source.capture_frame(rtc.AudioFrame(wave.tobytes(), SAMPLE_RATE, 1, FRAME_SAMPLES))
            sample += FRAME_SAMPLES


PLAYED = Devices(camera=PlayedPictures, screen=PlayedPictures, sound=PlayedSound)
