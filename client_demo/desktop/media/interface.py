"""What the application needs of devices. Another implementation can stand in: tests have one without
hardware."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from livekit import rtc
from PySide6.QtGui import QImage


class DeviceError(Exception):
    """A device cannot be used; the message says so to the person."""


class Pictures(Protocol):
    """A camera or a screen."""

    async def open(self, deliver: Callable[[QImage], None], lost: Callable[[str], None]) -> None:
        """Delivers each picture from the first one on, which it waits for. `lost` is told, in words, when no
        more will come. Raises DeviceError."""

    def close(self) -> None:
        """Delivers no more, and gives the device back."""


class Sound(Protocol):
    """A microphone; the speakers play what is received by themselves."""

    def microphone(self) -> rtc.AudioSource | rtc.PlatformAudioSource:
        """To be published. Raises DeviceError."""

    def close(self) -> None:
        """Gives the devices back."""


@dataclass(frozen=True, slots=True)
class Devices:
    """Each opens nothing by itself."""

    camera: Callable[[], Pictures]
    screen: Callable[[], Pictures]
    sound: Callable[[], Sound]
