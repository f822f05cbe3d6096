"""How often what one participant changes of itself is shown to everybody.

A change costs the size of the snapshot that it makes everybody read: somebody who mutes and unmutes
without end, or keeps rewriting half a megabyte of metadata, must not fill the queues of others.
"""

from __future__ import annotations

BURST_BYTES = 1024 * 1024
BYTES_PER_SECOND = 64 * 1024
LEAST_BYTES = 2 * 1024  # each message costs something, however small


class Pace:
    """`due`: when a change that had to wait may be shown; snapshots are complete, so one is enough."""

    def __init__(self, now: float) -> None:
        self.due: float | None = None
        self._allowance = float(BURST_BYTES)  # below zero after what was larger than the rest
        self._at = now

    def take(self, size: int, now: float) -> bool:
        """Whether a snapshot of so many bytes may be shown now; else `due` says when."""
        earned = (now - self._at) * BYTES_PER_SECOND
        self._allowance = min(float(BURST_BYTES), self._allowance + earned)
        self._at = now
        if self._allowance < 0:
            self.due = now - self._allowance / BYTES_PER_SECOND
            return False
        self._allowance -= max(size, LEAST_BYTES)
        self.due = None
        return True
