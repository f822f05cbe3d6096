"""A picture that costs bits and tells when it was taken.

A part of it is noise that is new with every frame, so that an encoder uses the rate it is given. A strip
along the top has sixteen blocks, black or white: twelve bits of time in steps of 16 ms, and four of a
checksum. It survives scaling to a quarter and strong compression, and says how old a frame is.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

BLOCKS = 16
STEP_MS = 16
CODES = 4096  # then the time begins anew, after 65 s
STRIP = 10  # the strip is this part of the height
VARIANTS = 12
DARK, BRIGHT = 20, 235

Plane = npt.NDArray[np.uint8]


def now_ms() -> float:
    """Milliseconds since the epoch: pages and processes of one machine agree on it."""
    return time.time() * 1000


def code(captured_ms: float) -> int:
    """Sixteen bits, the first block's is the highest."""
    value = int(captured_ms / STEP_MS) % CODES
    return value << 4 | checksum(value)


def checksum(value: int) -> int:
    return (value ^ value >> 4 ^ value >> 8) & 0xF ^ 0x5


def age_ms(levels: npt.NDArray[np.float64], now: float) -> float | None:
    """How long ago the frame was taken, by the brightness of its blocks; None where that is not readable."""
    bits = 0
    for level in levels:
        bits = bits << 1 | int(level > 128)
    value = bits >> 4
    if bits & 0xF != checksum(value):
        return None
    return float((int(now / STEP_MS) - value) % CODES * STEP_MS)


def levels(row: Plane) -> npt.NDArray[np.float64]:
    """Brightness of the blocks, from a row of luma through the middle of the strip."""
    width = len(row)
    centres = [int((block + 0.5) * width / BLOCKS) for block in range(BLOCKS)]
    return np.array([row[centre - 1 : centre + 1].mean() for centre in centres])


class Picture:
    """Frames in I420."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self.width, self.height = width, height
        random = np.random.default_rng(seed)
        self._frames = []
        self._next = 0
        for shift in range(VARIANTS):
            luma = np.empty((height, width), dtype=np.uint8)
            luma[:] = (np.arange(width) // 4 + 8 * shift) % 160 + 40
            noise = random.integers(90, 170, size=(height // 4, width // 4), dtype=np.uint8)
            top, left = height // 3, width // 3
            luma[top : top + height // 4, left : left + width // 4] = noise
            chroma = np.full(2 * (width // 2) * (height // 2), 128, dtype=np.uint8)
            self._frames.append(np.concatenate([luma.reshape(-1), chroma]))

    def frame(self, captured_ms: float) -> bytes:
        """The next frame, marked with the time."""
        frame = self._frames[self._next]
        self._next = (self._next + 1) % VARIANTS
        strip = frame[: self.width * (self.height // STRIP)].reshape(-1, self.width)
        bits = code(captured_ms)
        for block in range(BLOCKS):
            left, right = (edge * self.width // BLOCKS for edge in (block, block + 1))
            strip[:, left:right] = BRIGHT if bits >> (BLOCKS - 1 - block) & 1 else DARK
        return frame.tobytes()
