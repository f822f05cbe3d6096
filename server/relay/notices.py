"""What waits to be told to signaling: paced by the budget, and only the latest of what can change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from server.control.budget import Budget
from server.control.messages import ConsumerState, Notification, ProducerLayers, Request


class Notices:
    """Tells at once while there is credit; later, in order and coalesced, where there is none."""

    def __init__(self, send: Callable[[Notification], None]) -> None:
        self._send = send
        self._budget = Budget(time.monotonic())
        self._waiting: dict[tuple[type, int], Notification] = {}
        self._told = 0
        self._timer: asyncio.TimerHandle | None = None

    def earn(self, request: Request) -> None:
        """A request arrived."""
        self._budget.earn(request)
        if self._waiting:
            self._flush()

    def post(self, notification: Notification) -> None:
        """To be told. A layer or a state of the same thing replaces the one that still waits."""
        self._told += 1
        key = (type(notification), self._told)
        if isinstance(notification, ProducerLayers):
            key = (ProducerLayers, notification.producer)
        elif isinstance(notification, ConsumerState):
            key = (ConsumerState, notification.consumer)
        self._waiting[key] = notification
        self._flush()

    def _flush(self) -> None:
        while self._waiting and self._budget.spend(time.monotonic()):
            first = next(iter(self._waiting))
            self._send(self._waiting.pop(first))
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._budget.wait(), self._again)

    def _again(self) -> None:
        self._timer = None
        self._flush()
