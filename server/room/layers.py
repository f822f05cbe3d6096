"""Which layer of a video a subscriber asks for, 0 lowest: an encoding, or of one encoding a spatial layer.

Layers are known by their count, not by the letter of their rid: with two, the upper one is `h`.
"""

from __future__ import annotations

from dataclasses import dataclass

from livekit.protocol import models
from livekit.protocol.rtc import UpdateTrackSettings

LOW, MEDIUM, HIGH = models.VideoQuality.LOW, models.VideoQuality.MEDIUM, models.VideoQuality.HIGH
OFF = models.VideoQuality.OFF
MOST_PRIORITY = 127
MOST_FRAME_RATE = 255
ENOUGH = 0.9  # of the size asked for: the next layer costs four times as much for what hardly anybody sees


@dataclass(frozen=True, slots=True)
class Wish:
    """What UpdateTrackSettings said last about a track. Sizes in pixels, rates in frames a second, 0 when not
    given."""

    disabled: bool = False
    quality: int = HIGH
    width: int = 0
    height: int = 0
    priority: int = 0
    frame_rate: int = 0


def wish_of(message: UpdateTrackSettings) -> Wish:
    """What a client asks for. A quality of OFF without a size asks for nothing."""
    has_size = message.width > 0 or message.height > 0
    disabled = message.disabled or (message.quality == OFF and not has_size)
    priority = min(message.priority, MOST_PRIORITY)
    frame_rate = min(message.fps, MOST_FRAME_RATE)
    return Wish(disabled, int(message.quality), message.width, message.height, priority, frame_rate)


def priority_of(wish: Wish, source: models.TrackSource) -> int:
    """What the relay is told: what the client said, and of equals a shared screen first."""
    return wish.priority * 2 + (source == models.TrackSource.SCREEN_SHARE)


def wanted_layer(wish: Wish, count: int, layers: list[models.VideoLayer]) -> int:
    """The layer for a wish among `count` layers; width and height win over quality.

    `layers` are the publisher's own, by quality, lowest first. The smallest that covers the size, or
    nearly so, is taken (LiveKit's server has the same tolerance).
    """
    if count <= 1:
        return 0
    if (wish.width or wish.height) and len(layers) >= count:
        for index, layer in enumerate(layers[:count]):
            if layer.width >= ENOUGH * wish.width and layer.height >= ENOUGH * wish.height:
                return index
        return count - 1
    if wish.quality == LOW:
        return 0
    return 1 if wish.quality == MEDIUM else count - 1
