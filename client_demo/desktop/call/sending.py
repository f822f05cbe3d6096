"""What this person sends: microphone, camera and screen, each switched on and off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from livekit import rtc
from PySide6.QtGui import QImage

from client_demo.desktop.media.interface import Devices, Pictures, Sound
from client_demo.desktop.media.picture import to_frame


class Voice:
    """The microphone. Muted, the track stays and nothing of it is sent."""

    def __init__(self, room: rtc.Room, sound: Sound) -> None:
        self._room = room
        self._sound = sound
        self._track: rtc.LocalAudioTrack | None = None
        self._switching = asyncio.Lock()

    @property
    def is_on(self) -> bool:
        """Whether others can hear."""
        return self._track is not None and not self._track.muted

    async def switch(self, on: bool) -> None:
        """Raises DeviceError, and PublishTrackError where the server takes no sound."""
        async with self._switching:
            if self._track is None and on:
                track = rtc.LocalAudioTrack.create_audio_track("microphone", self._sound.microphone())
                options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
                await self._room.local_participant.publish_track(track, options)
                self._track = track
            elif self._track is not None:
                (self._track.unmute if on else self._track.mute)()


class View:
    """The camera or the screen. Switched off, the track is gone and the device is closed."""

    def __init__(
        self,
        room: rtc.Room,
        new: Callable[[], Pictures],
        source: rtc.TrackSource.ValueType,
        show: Callable[[str, QImage], None],
        lost: Callable[[str], None],
    ) -> None:
        """`show` gets what is sent, with the sid that it is sent as; `lost` is told why it went off by
        itself."""
        self._room = room
        self._new = new
        self._source = source
        self._show = show
        self._lost = lost
        self._open: Pictures | None = None
        self._video: rtc.VideoSource | None = None
        self._sid = ""
        self._switching = asyncio.Lock()

    @property
    def is_on(self) -> bool:
        """Whether others can see it."""
        return self._open is not None

    async def switch(self, on: bool) -> None:
        """Raises DeviceError, and PublishTrackError where the server takes no such video."""
        async with self._switching:
            if on and self._open is None:
                await self._start()
            elif not on:
                await self._stop()

    async def _start(self) -> None:
        pictures = self._new()
        latest: list[QImage] = []
        await pictures.open(
            lambda image: self._take(image) if self._open else latest.append(image), self._lost
        )
        try:
            frame = to_frame(latest[-1])
            video = rtc.VideoSource(
                frame.width, frame.height, is_screencast=self._source == rtc.TrackSource.SOURCE_SCREENSHARE
            )
            track = rtc.LocalVideoTrack.create_video_track("", video)
            options = rtc.TrackPublishOptions(source=self._source)
            publication = await self._room.local_participant.publish_track(track, options)
        except BaseException:
            pictures.close()
            raise
        self._open, self._video, self._sid = pictures, video, publication.sid
        self._take(latest[-1])

    async def _stop(self) -> None:
        if self._open is None:
            return
        self._open.close()
        self._open = self._video = None
        if self._room.isconnected():
            await self._room.local_participant.unpublish_track(self._sid)

    def close(self) -> None:
        """At the end of a call."""
        if self._open is not None:
            self._open.close()
            self._open = self._video = None

    def _take(self, image: QImage) -> None:
        if self._video is not None:
            self._video.capture_frame(to_frame(image))
            self._show(self._sid, image)


def camera_of(
    room: rtc.Room, devices: Devices, show: Callable[[str, QImage], None], lost: Callable[[str], None]
) -> View:
    """Switched off at first."""
    return View(room, devices.camera, rtc.TrackSource.SOURCE_CAMERA, show, lost)


def screen_of(
    room: rtc.Room, devices: Devices, show: Callable[[str, QImage], None], lost: Callable[[str], None]
) -> View:
    """Switched off at first."""
    return View(room, devices.screen, rtc.TrackSource.SOURCE_SCREENSHARE, show, lost)
