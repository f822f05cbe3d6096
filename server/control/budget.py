"""How much a relay may say. A compromised relay could hide media in the choice of what it tells, and when.

Each notification costs one credit. Requests earn credits, since an honest relay mostly answers, and a few
drip each second for what happens of its own accord. A relay keeps to this by waiting and telling only the
latest; signaling ends a relay that does not. The relay earns when a request arrives and spends before
signaling sees it, so an honest relay never overdraws.

Answers to `GetReceivers` cost nothing: signaling knows each word of them and ends a relay that says another,
so that they hold no choice. What they cost in work is bounded by how often it asks (`workers/receivers.py`).

`bits_per_second` states what remains: with 1,000 things to name, about 150 bit/s, a third of the lowest
rate at which speech has been coded (450 bit/s, Codec 2).
"""

from __future__ import annotations

import math
from typing import Final

from server.control.messages import (
    ConnectTransport,
    ConsumerState,
    CreateConsumer,
    CreateProducer,
    CreateTransport,
    DataRefused,
    GetStats,
    Notification,
    ProducerLayers,
    Receiver,
    ReceiversEnd,
    Refused,
    Request,
    SpeakerLevel,
    Stats,
    TransportQuality,
    TransportState,
)

DRIP: Final = 4.0
"""Credits a second, whatever is asked."""
MOST: Final = 1024.0
"""Credits that can be saved up."""
STATS_EVERY: Final = 2.0
"""Seconds between requests for Stats."""

COUNTER_STEP: Final = 16
CPU_STEP: Final = 10
RESIDENCE_STEP: Final = 50
MOST_PACKETS: Final = 1_000_000
"""Packets a second, each way, above which a counter is not believed."""
LONGEST_RESIDENCE: Final = 5_000_000
"""Microseconds."""
AGE_STEP: Final = 10
GREATEST_AGE: Final = 10_000
"""Milliseconds, of media that is kept to be sent again."""

_EARNED: Final[dict[type, float]] = {
    CreateTransport: 2,  # reachable, or refused
    ConnectTransport: 3,  # connected or failed; lost
    CreateProducer: 6,  # payload types and encodings as they appear
    CreateConsumer: 3,
    GetStats: 2,  # Stats, and now and then the self-test
}


class Budget:
    """Credits of one relay. Both ends keep one; time is theirs."""

    def __init__(self, now: float, slack: float = 0.0) -> None:
        """`slack` credits more than the other end counts, for clocks that differ."""
        self._most = MOST + slack
        self._credits = 16.0 + slack
        self._at = now

    def earn(self, request: Request) -> None:
        """A request was sent, or arrived."""
        self._credits = min(self._most, self._credits + _EARNED.get(type(request), 1))

    def spend(self, now: float, keep: float = 0.0) -> bool:
        """One notification; False, and nothing spent, where there is no credit beyond those to `keep`."""
        self._credits = min(self._most, self._credits + max(0.0, now - self._at) * DRIP)
        self._at = now
        if self._credits < 1 + keep:
            return False
        self._credits -= 1
        return True

    def wait(self, keep: float = 0.0) -> float:
        """Seconds until there is a credit beyond those to `keep`."""
        return max(0.0, (1 + keep - self._credits) / DRIP)


def in_steps(value: int, step: int) -> int:
    """Rounded up to a multiple, so that something never reads as nothing."""
    return -(-value // step) * step


def is_free(notification: Notification) -> bool:
    """Whether a notification is an answer of which signaling knows each word."""
    return isinstance(notification, Receiver | ReceiversEnd)


def named_id(notification: Notification) -> int | None:
    """The identifier a notification names, which must be one that signaling gave out."""
    if isinstance(notification, TransportState | TransportQuality):
        return notification.transport
    if isinstance(notification, ProducerLayers | SpeakerLevel):
        return notification.producer
    if isinstance(notification, ConsumerState):
        return notification.consumer
    if isinstance(notification, DataRefused):
        return notification.member
    if isinstance(notification, Refused):
        return notification.id
    return None


def plausible(before: Stats | None, stats: Stats, elapsed: float) -> bool:
    """Whether counters are in steps, never fall, and grow no faster than packets can."""
    most = MOST_PACKETS * (elapsed + STATS_EVERY)
    if (
        stats.cpu_milliseconds % CPU_STEP
        or stats.residence_p99_microseconds % RESIDENCE_STEP
        or stats.residence_longest_microseconds % RESIDENCE_STEP
        or not stats.residence_p99_microseconds <= stats.residence_longest_microseconds <= LONGEST_RESIDENCE
        or stats.oldest_media_milliseconds % AGE_STEP
        or stats.oldest_media_milliseconds > GREATEST_AGE
    ):
        return False
    names = ("packets_received", "packets_sent", "packets_dropped")
    for name in names:
        last = getattr(before, name) if before is not None else 0
        now = getattr(stats, name)
        if now % COUNTER_STEP or now < last or (before is not None and now - last > most):
            return False
    return True


def bits_per_second(things: int) -> float:
    """What a compromised relay could smuggle out in the long run, with `things` identifiers to name.

    A notification carries at most which thing, 3 bits of kind, and 8 bits of layers or phase and profile;
    loudness and quality are fewer.
    Stats carry three counters, processor time, two residences, an age and three small counts.
    """
    name = math.log2(max(things, 2))
    spontaneous = DRIP * (name + 3 + 8)
    counters = 3 * math.log2(MOST_PACKETS * STATS_EVERY / COUNTER_STEP)
    processor = math.log2(STATS_EVERY * 1000 * 2 / CPU_STEP)
    times = 2 * math.log2(LONGEST_RESIDENCE / RESIDENCE_STEP) + math.log2(GREATEST_AGE / AGE_STEP)
    return spontaneous + (counters + processor + times + 3 * name) / STATS_EVERY
