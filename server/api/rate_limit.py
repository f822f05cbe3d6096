"""So many requests a minute from one client. Addresses, or their networks, are held in memory until the
first request after that minute, as keys of a counter, and nowhere else.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from aiohttp import web

from server.network.origin import Origins

MAX_ADDRESSES = 10_000
WINDOW_SECONDS = 60.0


@dataclass(slots=True)
class RateLimit:
    """So many requests a minute for each client; those seen first are forgotten first."""

    per_minute: int
    origins: Origins
    _seen: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)

    def allows(self, request: web.Request, now: float) -> bool:
        """Counts a request."""
        address = self.origins.rated(request)
        while self._seen:
            oldest, (begun, _) = next(iter(self._seen.items()))
            if len(self._seen) < MAX_ADDRESSES and now - begun < WINDOW_SECONDS:
                break
            del self._seen[oldest]
        # A key keeps its place when its value changes: the order stays that of the windows' beginnings.
        begun, count = self._seen.get(address, (now, 0))
        self._seen[address] = (begun, count + 1)
        return count < self.per_minute
