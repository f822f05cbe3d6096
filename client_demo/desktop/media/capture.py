"""Cameras and the screen, by Qt Multimedia: a capture session delivers pictures to a sink."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtMultimedia import (
    QCamera,
    QCameraFormat,
    QMediaCaptureSession,
    QMediaDevices,
    QScreenCapture,
    QVideoFrame,
    QVideoSink,
)

from client_demo.desktop.media.interface import DeviceError

CAMERA_SECONDS = 10.0
SCREEN_SECONDS = 60.0
"""On some systems a person first chooses which screen, in a dialog of the system."""

LARGEST_FACE = QSize(1280, 720)
LEAST_RATE = 20.0
"""Pictures a second. Cameras offer more than a call needs, and some of it at a few pictures a second only."""

NO_CAMERA = "No camera was found. You can still watch, listen and speak."
CAMERA_FAILED = "The camera gives no picture. Another program may be using it, or the system keeps it closed."
NO_SCREEN = "This system does not let the screen be shared."
SCREEN_FAILED = "The screen gives no picture. The system may ask for permission first."


class _Capture:
    """What a camera and a screen have in common."""

    def __init__(self, failed: str, seconds: float) -> None:
        self._failed = failed
        self._seconds = seconds
        self._session = QMediaCaptureSession()
        self._sink = QVideoSink()
        self._session.setVideoSink(self._sink)
        self._deliver: Callable[[QImage], None] | None = None
        self._lost: Callable[[str], None] | None = None
        self._first: asyncio.Future[None] | None = None

    async def _begin(
        self, start: Callable[[], None], deliver: Callable[[QImage], None], lost: Callable[[str], None]
    ) -> None:
        self._first = asyncio.get_running_loop().create_future()
        self._deliver, self._lost = deliver, lost
        self._sink.videoFrameChanged.connect(self._take)
        start()
        try:
            async with asyncio.timeout(self._seconds):
                await self._first
        except TimeoutError:
            self.close()
            raise DeviceError(self._failed) from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Delivers no more, and gives the device back."""
        self._deliver = self._lost = None
        self._stop()

    def _stop(self) -> None:
        raise NotImplementedError

    def _take(self, frame: QVideoFrame) -> None:
        image = frame.toImage()
        if self._deliver is None or image.isNull():
            return
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        self._deliver(image)

    def _break(self) -> None:
        """The device says that it does not work, or no longer."""
        if self._first is not None and not self._first.done():
            self._first.set_exception(DeviceError(self._failed))
        elif self._lost is not None:
            self._lost(self._failed)


class Camera(_Capture):
    """The camera that the system offers first."""

    def __init__(self) -> None:
        super().__init__(CAMERA_FAILED, CAMERA_SECONDS)
        self._camera: QCamera | None = None

    async def open(self, deliver: Callable[[QImage], None], lost: Callable[[str], None]) -> None:
        """As the interface says."""
        device = QMediaDevices.defaultVideoInput()
        if device.isNull():
            raise DeviceError(NO_CAMERA)
        self._camera = QCamera(device)
        fitting = [one for one in device.videoFormats() if _fits(one)]
        if fitting:
            self._camera.setCameraFormat(max(fitting, key=lambda one: _pixels(one.resolution())))
        self._camera.errorOccurred.connect(lambda *_: self._break())
        self._session.setCamera(self._camera)
        await self._begin(self._camera.start, deliver, lost)

    def _stop(self) -> None:
        if self._camera is not None:
            self._camera.stop()


def _fits(one: QCameraFormat) -> bool:
    size = one.resolution()
    enough = one.maxFrameRate() >= LEAST_RATE
    return enough and size.width() <= LARGEST_FACE.width() and size.height() <= LARGEST_FACE.height()


def _pixels(size: QSize) -> int:
    return size.width() * size.height()


class Screen(_Capture):
    """The whole first screen."""

    def __init__(self) -> None:
        super().__init__(SCREEN_FAILED, SCREEN_SECONDS)
        self._screen: QScreenCapture | None = None

    async def open(self, deliver: Callable[[QImage], None], lost: Callable[[str], None]) -> None:
        """As the interface says."""
        screen = QGuiApplication.primaryScreen()
        if screen is None:
            raise DeviceError(NO_SCREEN)
        self._screen = QScreenCapture()
        self._screen.setScreen(screen)
        self._screen.errorOccurred.connect(lambda *_: self._break())
        self._session.setScreenCapture(self._screen)
        await self._begin(self._screen.start, deliver, lost)

    def _stop(self) -> None:
        if self._screen is not None:
            self._screen.stop()
