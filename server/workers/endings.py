"""Endings as they were asked for, and as a relay tells them: each once, with numbers that it may have.

Every transport and producer that is closed is answered for, so a relay has no choice of when, or how often;
what choice is left in the numbers is rationed (`server/control/numbers.py`).
"""

from __future__ import annotations

from collections import Counter

from server.control.messages import (
    CloseProducer,
    CloseTransport,
    CreateProducer,
    ProducerEnded,
    Request,
    TransportEnded,
)
from server.control.numbers import Ration, plausible
from server.errors import RelayError

SLACK = 64.0
"""Endings with numbers beyond what the relay itself counts."""


class EndingBook:
    """The book of one relay. Every request that is sent to it must pass through `sent`."""

    def __init__(self, now: float) -> None:
        self._ration = Ration(now, SLACK)
        self._transport_of: dict[int, int] = {}  # of each producer that was not closed
        self._producers_on: dict[int, set[int]] = {}
        self._due: Counter[tuple[type, int]] = Counter()

    def sent(self, request: Request) -> None:
        """Takes note of what a relay is asked. A producer that it refused is not answered for when its
        transport is closed, and stays due until the relay goes."""
        match request:
            case CreateProducer(producer=producer, transport=transport):
                self._transport_of[producer] = transport
                self._producers_on.setdefault(transport, set()).add(producer)
            case CloseProducer(producer):
                self._close(producer)
            case CloseTransport(transport):
                for producer in list(self._producers_on.get(transport, ())):
                    self._close(producer)
                self._producers_on.pop(transport, None)
                self._due[TransportEnded, transport] += 1
            case _:
                pass

    def _close(self, producer: int) -> None:
        self._producers_on.get(self._transport_of.pop(producer, 0), set()).discard(producer)
        self._due[ProducerEnded, producer] += 1

    def heard(self, ended: TransportEnded | ProducerEnded, now: float) -> None:
        """Raises RelayError where it is not due, or where its numbers are none that a relay may tell."""
        what = (type(ended), ended.transport if isinstance(ended, TransportEnded) else ended.producer)
        if not self._due[what]:
            raise RelayError("it told an end that was not asked for")
        self._due[what] -= 1
        if not self._due[what]:
            del self._due[what]
        if not plausible(ended) or (ended.measured and not self._ration.take(now)):
            raise RelayError("it told numbers that it may not")
