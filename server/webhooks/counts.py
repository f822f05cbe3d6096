"""What came of telling one address. Numbers only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Of one address, since the server started."""

    delivered: int = 0
    retried: int = 0
    given_up: int = 0
    gone: int = 0
    """Expired or erased before they could be told."""
    waiting: int = 0
    oldest: float | None = None
    """When the oldest of those that wait happened, in seconds since the epoch."""
