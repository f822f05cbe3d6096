"""One data message to many transports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from server._native import DataSession, fan_out

LOOK_EVERY: Final = 0.25
"""Seconds between two looks at what should have been acknowledged."""


class Receiver(Protocol):
    """What is used of a transport."""

    @property
    def session(self) -> DataSession | None:
        """None before there is one."""

    def send_data(self, reliable: bool, message: bytes) -> None: ...
    def recover_data(self) -> None: ...


class FanOut:
    """Sends to those of `receivers` that are named. `send` takes datagrams with the receivers' numbers.

    Most messages leave together, without a task of their own; the others one by one, by their transports.
    What was sent together and is not acknowledged in time is the transports' again.
    """

    def __init__(
        self, receivers: Mapping[int, Receiver], send: Callable[[list[tuple[int, bytes]]], None]
    ) -> None:
        self._receivers = receivers
        self._send = send
        self._look: asyncio.TimerHandle | None = None

    def deliver(self, ids: Iterable[int], reliable: bool, message: bytes) -> None:
        """In the order in which messages are given; must be called in the event loop."""
        sessions: list[tuple[int, DataSession]] = []
        others: list[int] = []
        for id in ids:
            receiver = self._receivers.get(id)
            if receiver is None:
                continue
            session = receiver.session
            if session is None:
                others.append(id)
            else:
                sessions.append((id, session))
        datagrams, refused = fan_out(sessions, reliable, message, time.monotonic())
        if datagrams:
            self._send(datagrams)
            if self._look is None:
                self._look_later()
        for id in (*others, *refused):
            self._receivers[id].send_data(reliable, message)

    def _look_later(self) -> None:
        self._look = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look_after)

    def _look_after(self) -> None:
        self._look = None
        now, is_waiting = time.monotonic(), False
        for receiver in self._receivers.values():
            session = receiver.session
            if session is None or not session.is_waiting:
                continue
            if session.is_overdue(now):
                receiver.recover_data()
            else:
                is_waiting = True
        if is_waiting:
            self._look_later()
