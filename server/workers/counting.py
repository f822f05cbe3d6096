"""What a relay is asked to count, and what it answers: in order, once, and no more than can be true.

A sequence that it chose would be 32 bits to hide something in, so only the answer that is awaited is taken.
"""

from __future__ import annotations

from collections import deque

from server.control import budget
from server.control.messages import GetStats, GetTraffic, Request, Stats, Traffic
from server.errors import RelayError
from server.workers.load import Load


class Counting:
    """Of one relay. `stats` and `traffic` are its last answers, if any, and `load` what they say of it.
    Every request that is sent to it must pass through `sent`. Times are those of a clock that does not go
    back."""

    def __init__(self) -> None:
        self.stats: Stats | None = None
        self.traffic: Traffic | None = None
        self.load = Load()
        self._sequence = 0
        self._stats_awaited: deque[int] = deque()
        self._traffic_awaited: deque[int] = deque()
        self._stats_at = self._traffic_at = 0.0
        self._traffic_due = 0.0

    def begin(self, now: float) -> None:
        """The relay serves."""
        self._stats_at = self._traffic_at = self._traffic_due = now
        self.load.begin(now)

    def questions(self, now: float) -> list[Request]:
        """What to ask now; called every `budget.STATS_EVERY` seconds."""
        asked: list[Request] = [GetStats(self._next())]
        if now >= self._traffic_due:
            self._traffic_due = now + budget.TRAFFIC_EVERY
            asked.append(GetTraffic(self._next()))
        return asked

    def sent(self, request: Request) -> None:
        """Takes note of what a relay is asked."""
        if isinstance(request, GetStats):
            self._stats_awaited.append(request.sequence)
        elif isinstance(request, GetTraffic):
            self._traffic_awaited.append(request.sequence)

    def heard(self, answer: Stats | Traffic, now: float) -> None:
        """Raises RelayError where it is none that was awaited, or cannot be true."""
        if isinstance(answer, Stats):
            awaited, before, self.stats = self._stats_awaited, self.stats, answer
            is_plausible = budget.plausible(before, answer, now - self._stats_at)
            self._stats_at = now
        else:
            awaited, earlier, self.traffic = self._traffic_awaited, self.traffic, answer
            is_plausible = budget.plausible_traffic(earlier, answer, now - self._traffic_at)
            self._traffic_at = now
        if not awaited or awaited.popleft() != answer.sequence:
            raise RelayError("it counts without being asked")
        if not is_plausible:
            raise RelayError("it counts what cannot be")
        if isinstance(answer, Stats):
            self.load.heard(answer.cpu_milliseconds, now)

    def _next(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFFFF_FFFF
        return self._sequence
