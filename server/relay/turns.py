"""Whose handshake goes on next, so that many at once hold up nothing else.

A step of a handshake is a third of a millisecond that nothing interrupts, and the event loop would run all
that wait before it looks at its descriptors again: when two hundred people come at once, requests of
signaling and data messages would wait for a tenth of a second. Here a few steps run, then whatever else is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

AT_ONCE: Final = 4
"""Steps between two looks at everything else: about a millisecond."""


class Turns:
    """Steps in the order in which they were asked for; none is refused or lost.

    Handshakes that have begun come first, so that the first to come are the first to be done, but for one
    new one each time: peers that go on and on do not keep others out. Steps must not raise.
    """

    def __init__(self) -> None:
        self._begun: deque[Callable[[], None]] = deque()
        self._new: deque[Callable[[], None]] = deque()
        self._coming = False

    def begin(self, step: Callable[[], None]) -> None:
        """The first step of a handshake."""
        self._new.append(step)
        self._come()

    def go_on(self, step: Callable[[], None]) -> None:
        """A later one."""
        self._begun.append(step)
        self._come()

    def _come(self) -> None:
        if not self._coming:
            self._coming = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._coming = False
        for number in range(AT_ONCE):
            if self._begun and (number < AT_ONCE - 1 or not self._new):
                self._begun.popleft()()
            elif self._new:
                self._new.popleft()()
        if self._begun or self._new:
            self._come()
