"""The participants of the benchmarks see and hear each other, and know how old each frame is."""

from __future__ import annotations

import pytest

from bench.media.pair import pair

pytestmark = pytest.mark.alone

READABLE = 0.9  # of the frames
OLDEST_MS = 5_000.0  # on a busy machine


@pytest.mark.timeout(180)
async def test_both_kinds_of_participants_know_the_age_of_frames() -> None:
    async with pair() as both:
        for receiver, sender in both.ways:
            frames = await both.people[receiver].frames(sender)
            ages = [frame.age for frame in frames if frame.age is not None]
            assert len(ages) >= READABLE * len(frames), frames
            assert all(age < OLDEST_MS for age in ages)
        stretches = await both.stretch(3.0)
    for stretch in stretches.values():
        numbers = stretch.numbers()
        assert stretch.frames_sent > 0
        assert stretch.bytes_sent > 0
        assert stretch.inbound.frames_decoded > 0
        assert stretch.inbound.samples > 0
        assert 0 < numbers["longest_freeze_s"] <= 4.0
