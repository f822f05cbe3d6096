"""What a participant tells of the media it sent and received."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from itertools import pairwise

AUDIO_RATE = 48_000


@dataclass(frozen=True)
class Frame:
    """A decoded frame."""

    at: float  # milliseconds since the epoch
    height: int
    age: float | None  # milliseconds since it was taken; None where its mark is not readable


@dataclass(frozen=True)
class Inbound:
    """Counters of WebRTC statistics, of everything that comes from one participant."""

    frames_decoded: int = 0
    freezes: int = 0
    video_bytes: int = 0
    concealed: int = 0  # samples of audio that were made up
    samples: int = 0

    def plus(self, other: Inbound) -> Inbound:
        return Inbound(*(one + another for one, another in zip(astuple(self), astuple(other), strict=True)))

    def since(self, before: Inbound) -> Inbound:
        return Inbound(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))

    @property
    def concealed_share(self) -> float:
        """Of the sound that was played."""
        return self.concealed / self.samples if self.samples else 1.0


@dataclass(frozen=True)
class Snapshot:
    """Counters of one participant at one moment."""

    at: float  # milliseconds since the epoch
    frames_sent: int = 0  # of the largest layer
    bytes_sent: dict[str, int] = field(default_factory=dict)  # of video, by layer's height
    received: dict[str, Inbound] = field(default_factory=dict)  # by identity of the sender

    def from_(self, sender: str) -> Inbound:
        """Nothing, if nothing came."""
        return self.received.get(sender, Inbound())


def within(frames: Iterable[Frame], start: float, end: float) -> list[Frame]:
    return [frame for frame in frames if start <= frame.at < end]


def longest_gap(frames: Iterable[Frame], start: float, end: float) -> float:
    """Milliseconds without a frame, at most, between two moments; both ends count."""
    moments = [start, *(frame.at for frame in within(frames, start, end)), end]
    return max(later - earlier for earlier, later in pairwise(moments))
