"""The one clock that rooms are given."""

from __future__ import annotations

import time


class Clock:
    """Seconds since the epoch that never go back: the wall clock of the start, and monotonic from there.

    A wall clock that is set back would make participants time out or live for ever.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._offset + time.monotonic()
