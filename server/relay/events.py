"""When what the packet thread tells is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

REST: Final = 0.001
"""Seconds. What comes meanwhile comes together: to be woken costs as much as to read an acknowledgement, and
those of one data message come by the hundred, one after the other."""


class Events:
    """Calls `take` when there is something, at once after a rest; it tells whether there was."""

    def __init__(self, descriptor: int, take: Callable[[], bool]) -> None:
        self._descriptor = descriptor
        self._take = take

    def listen(self) -> None:
        """From now on; to be called once, in the running loop or before it runs."""
        asyncio.get_event_loop().add_reader(self._descriptor, self._wake)

    def _wake(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        self._go_on()

    def _go_on(self) -> None:
        if self._take():
            asyncio.get_running_loop().call_later(REST, self._go_on)
        else:
            self.listen()
