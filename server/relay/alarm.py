"""A timer that is mostly taken back before its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring` when its time has come. To set it again and again costs little: the event loop has one
    timer of it, which looks what has become of its time when it ends, and lives no longer than that."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """In place of any time before."""
        loop = asyncio.get_running_loop()
        self._due = loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._due:
            self._end_timer()
        if self._timer is None:
            self._timer = loop.call_at(self._due, self._look)

    def clear(self) -> None:
        """It does not ring."""
        self._due = None

    def end(self) -> None:
        """It does not ring, and nothing is left of it."""
        self._due = None
        self._end_timer()

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._due:
            self._timer = loop.call_at(self._due, self._look)
        else:
            self._due = None
            self._ring()
