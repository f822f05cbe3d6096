"""How well one participant was connected, as a line that can be drawn: steps, and not too many."""

from __future__ import annotations

from math import inf

from server.control.messages import Quality

SPACING_SECONDS = 30.0  # between two steps; what swings in between is not kept, but for how it ended


class Timeline:
    """It begins excellent, which is not said. `due`: when to ask for a step; None: there is none."""

    def __init__(self) -> None:
        self.due: float | None = None
        self._kept = Quality.EXCELLENT
        self._now = Quality.EXCELLENT
        self._kept_at = -inf

    def note(self, quality: Quality, now: float) -> None:
        """From now on it is this."""
        self._now = quality
        self.due = None if quality is self._kept else max(now, self._kept_at + SPACING_SECONDS)

    def step(self, now: float) -> Quality | None:
        """What is to be kept now, if anything."""
        if self.due is None or now < self.due:
            return None
        self._kept_at = now
        return self.last()

    def last(self) -> Quality | None:
        """How it ended, where that was not kept yet."""
        self.due = None
        before, self._kept = self._kept, self._now
        return None if self._now is before else self._now
