"""So many requests a minute from one client. Addresses, or their networks, are held in memory until the
first request after that minute, as keys of a counter, and nowhere else.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from aiohttp import web

from server.network.origin import Origins

MAX_KEYS = 10_000
WINDOW_SECONDS = 60.0


@dataclass(slots=True)
class Window:
    """So many of each key a minute; those seen first are forgotten first."""

    per_minute: int
    _seen: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict, repr=False)

    def allows(self, key: str, now: float) -> bool:
        """Counts one more."""
        while self._seen:
            oldest, (begun, _) = next(iter(self._seen.items()))
            if len(self._seen) < MAX_KEYS and now - begun < WINDOW_SECONDS:
                break
            del self._seen[oldest]
        # A key keeps its place when its value changes: the order stays that of the windows' beginnings.
        begun, count = self._seen.get(key, (now, 0))
        self._seen[key] = (begun, count + 1)
        return count < self.per_minute


class RateLimit:
    """So many requests a minute for each client."""

    def __init__(self, per_minute: int, origins: Origins) -> None:
        self._origins = origins
        self._window = Window(per_minute)

    def allows(self, request: web.Request, now: float) -> bool:
        """Counts a request."""
        return self._window.allows(self._origins.rated(request), now)
