"""When something of each participant is due, without asking all of them whenever one says something."""

from __future__ import annotations

from math import inf


class Agenda:
    """Of one room. Participants are known by their sids."""

    def __init__(self) -> None:
        self._times: dict[str, float] = {}
        self._first = inf
        self._is_first_known = True

    def put(self, sid: str, time: float) -> None:
        """The next time that something of a participant is due."""
        before = self._times.get(sid, inf)
        self._times[sid] = time
        if time <= self._first:
            self._first = time
        elif before <= self._first:
            self._is_first_known = False

    def drop(self, sid: str) -> None:
        """A participant is gone. Idempotent."""
        if self._times.pop(sid, inf) <= self._first:
            self._is_first_known = False

    def of(self, sid: str) -> float:
        """When something of a participant is due; never, where it is not here."""
        return self._times.get(sid, inf)

    def first(self) -> float | None:
        """When something of anybody is due; None: nobody is there."""
        if not self._is_first_known:
            self._first = min(self._times.values(), default=inf)
            self._is_first_known = True
        return None if self._first == inf else self._first

    def due(self, now: float) -> list[str]:
        """Of whom something is due now, in the order in which they came."""
        return [sid for sid, time in self._times.items() if time <= now]
