"""What a relay may say, as signaling counts it: never less than an honest relay does for itself.

Requests are on their way for a while. Of many at once, what is earned beyond what can be saved up would be
lost here at once, but not there, where some of it has been spent before the rest arrives. So it counts until
the relay has answered a GetStats that was sent after: what it had by then, it has capped itself.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from server.control.budget import Budget, earned_by
from server.control.messages import GetStats, Request

SLACK: Final = 64.0
"""Credits beyond what the relay itself counts, for clocks that differ."""


class Allowance:
    """The credits of one relay. Every request that is sent to it must pass through `sent`."""

    def __init__(self, now: float) -> None:
        self._budget = Budget(now, SLACK)
        self._on_the_way = deque([0.0])  # credits, before each GetStats that is not answered, and since

    def sent(self, request: Request) -> None:
        """A request goes to the relay."""
        self._on_the_way[-1] += earned_by(request)
        self._budget.earn(request, beyond=sum(self._on_the_way))
        if isinstance(request, GetStats):
            self._on_the_way.append(0.0)

    def answered(self) -> None:
        """The earliest GetStats that was not answered is: what was sent before it has arrived."""
        self._on_the_way.popleft()
        self._budget.cap(beyond=sum(self._on_the_way))

    def spend(self, now: float) -> bool:
        """One notification; False where there is no credit for it."""
        return self._budget.spend(now)
