"""A picture says when it was taken, at any size, and one that cannot be read says nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from bench.media import picture

TAKEN = 1_700_000_000_123.0


def luma(taken: float) -> npt.NDArray[np.uint8]:
    frame = picture.Picture(640, 360, seed=1).frame(taken)
    return np.frombuffer(frame, dtype=np.uint8, count=640 * 360).reshape(360, 640)


def age(pixels: npt.NDArray[np.uint8], now: float) -> float | None:
    row = pixels[pixels.shape[0] // picture.STRIP // 2]
    return picture.age_ms(picture.levels(row), now)


@pytest.mark.parametrize("later", [0.0, 40.0, 1_000.0, 60_000.0])
@pytest.mark.parametrize("part", [1, 2, 4])
def test_the_age_is_read_at_every_size(later: float, part: int) -> None:
    found = age(luma(TAKEN)[::part, ::part], TAKEN + later)
    assert found is not None
    assert abs(found - later) < picture.STEP_MS


def test_weak_and_noisy_marks_are_read() -> None:
    noise = np.random.default_rng(1).normal(0, 15, size=(360, 640))
    dull = np.clip(luma(TAKEN) * 0.6 + 60 + noise, 0, 255).astype(np.uint8)
    assert age(dull, TAKEN + 160) in {144.0, 160.0, 176.0}


def test_a_mark_that_is_damaged_is_not_believed() -> None:
    pixels = luma(TAKEN).copy()
    pixels[:, 330:350] = 255 - pixels[:, 330:350]  # one block
    assert age(pixels, TAKEN) is None
    assert age(np.full((360, 640), 128, dtype=np.uint8), TAKEN) is None


def test_every_frame_differs_from_the_one_before() -> None:
    frames = picture.Picture(640, 360, seed=1)
    shown = [frames.frame(TAKEN + 50 * number) for number in range(picture.VARIANTS + 1)]
    assert len(set(shown)) == len(shown)
