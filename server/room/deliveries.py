"""How much the server API may have a room's relay deliver: as much as one participant, so that a program that
sends without end takes nothing from the calls beside it.
"""

from __future__ import annotations

PER_SECOND = 5_000.0
AT_ONCE = 20_000.0
TOLD_SECONDS = 60.0
"""That data were sent is kept once in so long: the moments of messages are nobody's to have."""


class Deliveries:
    """Of one room. A message costs one, and one for everybody who gets it."""

    def __init__(self, now: float) -> None:
        self._allowance = AT_ONCE
        self._at = now
        self._told_at: float | None = None

    def affords(self, receivers: int, now: float) -> bool:
        """Whether a message to so many may go now."""
        return self._earned(now) >= 1 + receivers

    def take(self, receivers: int, now: float) -> bool:
        """It goes. True where that is to be kept."""
        self._allowance, self._at = self._earned(now) - 1 - receivers, now
        if self._told_at is not None and now < self._told_at + TOLD_SECONDS:
            return False
        self._told_at = now
        return True

    def _earned(self, now: float) -> float:
        return min(AT_ONCE, self._allowance + (now - self._at) * PER_SECOND)
