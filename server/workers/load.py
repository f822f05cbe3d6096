"""How much of a core a relay uses, by its own count of processor time."""

from __future__ import annotations

import math
from typing import Final

FADING: Final = 10.0
"""Seconds in which what was measured before fades to a third: a storm of joins is no full relay."""


class Load:
    """Of one relay process. Times are seconds of a clock that does not go back."""

    def __init__(self) -> None:
        self.share = 0.0
        """Of a core, of all its threads together; about that of the last `FADING` seconds."""
        self._milliseconds = 0
        self._at = 0.0

    def begin(self, now: float) -> None:
        """The relay serves; what its birth cost is no load."""
        self._at = now

    def heard(self, milliseconds: int, now: float) -> None:
        """It has used so much processor time since its birth."""
        seconds = now - self._at
        if seconds <= 0:
            return
        if self._milliseconds:
            measured = (milliseconds - self._milliseconds) / 1000 / seconds
            self.share += (measured - self.share) * (1 - math.exp(-seconds / FADING))
        self._milliseconds, self._at = milliseconds, now
