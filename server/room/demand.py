"""What subscribers want of one video track, for its publisher to send no more than that (dynacast).

More is asked for at once. Less is said after a while, since whoever looks away often looks back, and an
encoder that starts again begins with a key frame.
"""

from __future__ import annotations

from collections import Counter

from livekit.protocol import models
from livekit.protocol.rtc import SubscribedCodec, SubscribedQuality, SubscribedQualityUpdate

PATIENCE_SECONDS = 5.0
"""As long as in the reference server."""
NOTHING = -1
_QUALITIES = (models.VideoQuality.LOW, models.VideoQuality.MEDIUM, models.VideoQuality.HIGH)


class Demand:
    """Layers are indices into the producer's encodings, lowest first; NOTHING is none at all. Those inside
    one encoding are wanted together: no SDK can leave one out, and some stop where the highest is not wanted.

    It begins when others know of the track; a publisher that has been told nothing sends everything, but no
    backup (`sends`).
    """

    def __init__(self, encodings: int, now: float, *, sends: bool = True) -> None:
        self._top = max(encodings, 1) - 1
        self._wanted: Counter[int] = Counter()
        self._told = self._top if sends else NOTHING
        self._due: float | None = None
        self._weigh(now)

    def change(self, before: int, after: int, now: float) -> None:
        """A subscriber wants another layer than before; NOTHING before it came and after it went."""
        if before == after:
            return
        self._wanted[before] -= 1
        self._wanted[after] += 1
        self._weigh(now)

    def begin(self, encodings: int, now: float) -> None:
        """What was asked for comes, all of it, in so many encodings."""
        self._told = self._top = max(encodings, 1) - 1
        self._weigh(now)

    def end(self, now: float) -> None:
        """It does not come any more."""
        self._told = NOTHING
        self._weigh(now)

    @property
    def due(self) -> float | None:
        """When the publisher must be told."""
        return self._due

    @property
    def told(self) -> int:
        """The highest layer that the publisher takes to be wanted, or what it was told last."""
        return self._told

    def tell(self, now: float) -> int | None:
        """The highest layer wanted, where the publisher is to be told of it now."""
        if self._due is None or now < self._due:
            return None
        self._due = None
        self._told = self._highest()
        return self._told

    def _highest(self) -> int:
        wanted = (layer for layer, count in self._wanted.items() if count > 0)
        return min(max(wanted, default=NOTHING), self._top)

    def _weigh(self, now: float) -> None:
        highest = self._highest()
        if highest == self._told:
            self._due = None
        elif highest > self._told:
            self._due = now
        elif self._due is None:
            self._due = now + PATIENCE_SECONDS


def update(track_sid: str, codecs: list[tuple[str, int, int]]) -> SubscribedQualityUpdate:
    """What a publisher is told of the codecs of a track: bare name, encodings, the highest layer wanted."""
    subscribed = [
        SubscribedCodec(codec=codec, qualities=_qualities(encodings, highest))
        for codec, encodings, highest in codecs
    ]
    return SubscribedQualityUpdate(
        track_sid=track_sid,
        subscribed_qualities=subscribed[0].qualities,  # older clients know one codec
        subscribed_codecs=subscribed,
    )


def _qualities(encodings: int, highest: int) -> list[SubscribedQuality]:
    """Clients know the encodings by quality, a single one as the highest."""
    top = highest >= encodings - 1
    return [
        SubscribedQuality(quality=quality, enabled=highest != NOTHING and (top or quality <= highest))
        for quality in _QUALITIES
    ]
