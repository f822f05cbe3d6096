"""What waits to be told to signaling: paced by the budget, and only the latest of what can change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from server.control.budget import Budget, is_free
from server.control.messages import (
    ConsumerState,
    DataRefused,
    Notification,
    ProducerLayers,
    Request,
    SpeakerLevel,
    TransportBandwidth,
    TransportQuality,
)

KEPT_BY_STATES: Final = 2.0
"""Credits that layers and pauses leave for what calls depend on."""
KEPT: Final = 8.0
"""Credits that what is nice to know leaves for both."""


class Notices:
    """Tells at once while there is credit; later, in order and coalesced, where there is none.

    What consumers are sent comes later; speakers, qualities, bandwidths and refused data last.
    """

    def __init__(self, send: Callable[[Notification], None]) -> None:
        self._send = send
        self._budget = Budget(time.monotonic())
        self._waiting: dict[tuple[type, int], Notification] = {}
        self._states: dict[int, ConsumerState] = {}
        self._nice: dict[tuple[type, int], Notification] = {}
        self._told = 0
        self._timer: asyncio.TimerHandle | None = None

    def earn(self, request: Request) -> None:
        """A request arrived."""
        self._budget.earn(request)
        if self._waiting or self._states or self._nice:
            self._flush()

    def post(self, notification: Notification) -> None:
        """To be told. A layer or a state of the same thing replaces the one that still waits."""
        if isinstance(notification, ConsumerState):
            self._states[notification.consumer] = notification
        elif isinstance(notification, SpeakerLevel):
            self._nice[SpeakerLevel, notification.producer] = notification
        elif isinstance(notification, TransportQuality):
            self._nice[TransportQuality, notification.transport] = notification
        elif isinstance(notification, TransportBandwidth):
            self._nice[TransportBandwidth, notification.transport] = notification
        elif isinstance(notification, DataRefused):
            self._nice[DataRefused, notification.member] = notification
        else:
            self._told += 1
            key = (type(notification), self._told)
            if isinstance(notification, ProducerLayers):
                key = (ProducerLayers, notification.producer)
            self._waiting[key] = notification
        self._flush()

    def _flush(self) -> None:
        now = time.monotonic()
        while self._waiting:
            key, first = next(iter(self._waiting.items()))
            if not is_free(first) and not self._budget.spend(now):
                break
            del self._waiting[key]
            self._send(first)
        while not self._waiting and self._states and self._budget.spend(now, KEPT_BY_STATES):
            self._send(self._states.pop(next(iter(self._states))))
        while not self._waiting and not self._states and self._nice and self._budget.spend(now, KEPT):
            self._send(self._nice.pop(next(iter(self._nice))))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting or self._states or self._nice:
            keep = 0.0 if self._waiting else KEPT_BY_STATES if self._states else KEPT
            wait = self._budget.wait(keep)
            self._timer = asyncio.get_running_loop().call_later(wait, self._flush)
