"""What became of transports, as a relay tells it: each step once, and none before the one ahead of it.

A transport is created by a request and takes at most three steps, so a relay has no choice of how often it
speaks of one. That is why they cost no credit (`server/control/budget.py`), however many come at once.
"""

from __future__ import annotations

from typing import Final

from server.control.messages import CreateTransport, Request, TransportEnded, TransportPhase, TransportState
from server.errors import RelayError

_STEP: Final = {
    TransportPhase.REACHABLE: 1,
    TransportPhase.CONNECTED: 2,
    TransportPhase.FAILED: 3,
    TransportPhase.LOST: 3,
    TransportPhase.LEFT: 3,
}


class StepBook:
    """The book of one relay. Every request that is sent to it must pass through `sent`."""

    def __init__(self) -> None:
        self._taken: dict[int, int] = {}

    def sent(self, request: Request) -> None:
        """Takes note of what a relay is asked. A transport that it refused stays until the relay goes."""
        if isinstance(request, CreateTransport):
            self._taken[request.transport] = 0

    def heard(self, told: TransportState | TransportEnded) -> None:
        """Raises RelayError where the transport cannot take that step."""
        if isinstance(told, TransportEnded):
            self._taken.pop(told.transport, None)
        elif _STEP[told.phase] <= self._taken.get(told.transport, max(_STEP.values())):
            raise RelayError("it says of a transport what it was not asked for, or has said")
        else:
            self._taken[told.transport] = _STEP[told.phase]
