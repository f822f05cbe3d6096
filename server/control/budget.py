"""How much a relay may say. A compromised relay could hide media in the choice of what it tells, and when.

Each notification costs one credit. Requests earn credits, since an honest relay mostly answers, and a few
drip each second for what happens of its own accord. A relay keeps to this by waiting and telling only the
latest; signaling ends a relay that does not. The relay earns when a request arrives and spends before
signaling sees it, so an honest relay never overdraws (`workers/allowance.py`).

Answers to `GetReceivers` cost nothing: signaling knows each word of them and ends a relay that says another,
so that they hold no choice. What they cost in work is bounded by how often it asks (`workers/receivers.py`).
Endings cost nothing either: each answers a request, once, and how many have numbers is rationed apart
(`numbers.py`, `workers/endings.py`). What becomes of a transport costs nothing, since it is at most three
steps in their order (`workers/steps.py`), so that any number of people can come at once. Counters are told
when they are asked for, and not otherwise (`workers/counting.py`).

`bits_per_second` states what remains: with 1,000 things to name, about 205 bit/s, less than half of the
lowest rate at which speech has been coded (450 bit/s, Codec 2). A third of it are the numbers of endings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from server.control import numbers
from server.control.messages import (
    MOST_CONNECTIONS,
    AddCandidates,
    Bandwidth,
    ConsumerState,
    CreateConsumer,
    CreateProducer,
    DataRefused,
    GetStats,
    Notification,
    ProducerEnded,
    ProducerLayers,
    Quality,
    Receiver,
    ReceiversEnd,
    RefusalReason,
    Refused,
    ReplayData,
    Request,
    RestartIce,
    SendData,
    SetPriority,
    SpeakerLevel,
    SrtpProfile,
    Stats,
    Traffic,
    TransportBandwidth,
    TransportEnded,
    TransportPhase,
    TransportQuality,
    TransportState,
)

DRIP: Final = 3.5
"""Credits a second, whatever is asked."""
MOST: Final = 1024.0
"""Credits that can be saved up."""
STATS_EVERY: Final = 2.0
"""Seconds between requests for Stats."""
TRAFFIC_EVERY: Final = 30.0
"""Seconds between requests for Traffic."""

COUNTER_STEP: Final = 64
BYTES_STEP: Final = 2**16
CPU_STEP: Final = 10
CONNECTION_STEP: Final = 32
MOST_PACKETS: Final = 1_000_000
"""Packets a second, each way, above which a counter is not believed."""
MOST_BYTES: Final = MOST_PACKETS * 1500
"""The same of bytes."""
LONGEST_RESIDENCE: Final = 2**22
"""Microseconds, coarse (`numbers.py`)."""
AGE_STEP: Final = 10
GREATEST_AGE: Final = 10_000
"""Milliseconds, of media that is kept to be sent again."""

_EARNED: Final[dict[type, float]] = {
    CreateProducer: 6,  # payload types and encodings as they appear
    CreateConsumer: 3,
    GetStats: 2,  # Stats, and now and then the self-test
    AddCandidates: 0,  # not answered
    RestartIce: 0,
    ReplayData: 0,
    SetPriority: 0,
    SendData: 0,  # nor this
}


def earned_by(request: Request) -> float:
    """Credits for a request."""
    return _EARNED.get(type(request), 1)


class Budget:
    """Credits of one relay. Both ends keep one; time is theirs."""

    def __init__(self, now: float, slack: float = 0.0) -> None:
        """`slack` credits more than the other end counts, for clocks that differ."""
        self._most = MOST + slack
        self._beyond = 0.0
        self._credits = 16.0 + slack
        self._at = now

    def earn(self, request: Request, beyond: float = 0.0) -> None:
        """A request was sent, or arrived. `beyond`: see `cap`."""
        self._credits += earned_by(request)
        self.cap(beyond)

    def cap(self, beyond: float = 0.0) -> None:
        """What is more than can be saved up is lost, but for so many credits `beyond`, also from now on."""
        self._beyond = beyond
        self._credits = min(self._most + beyond, self._credits)

    def spend(self, now: float, keep: float = 0.0) -> bool:
        """One notification; False, and nothing spent, where there is no credit beyond those to `keep`."""
        self._credits += max(0.0, now - self._at) * DRIP
        self.cap(self._beyond)
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
    """Whether a notification is an answer that is held to more than credits."""
    return isinstance(notification, Receiver | ReceiversEnd | TransportState | TransportEnded | ProducerEnded)


def named_id(notification: Notification) -> int | None:
    """The identifier a notification names, which must be one that signaling gave out."""
    if isinstance(notification, TransportState | TransportQuality | TransportBandwidth | TransportEnded):
        return notification.transport
    if isinstance(notification, ProducerLayers | SpeakerLevel | ProducerEnded):
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
    residences = (
        stats.residence_p50_microseconds,
        stats.residence_p99_microseconds,
        stats.residence_longest_microseconds,
    )
    if (
        stats.cpu_milliseconds % CPU_STEP
        or not all(numbers.is_coarse(one, LONGEST_RESIDENCE) for one in residences)
        or list(residences) != sorted(residences)
        or stats.oldest_media_milliseconds % AGE_STEP
        or stats.oldest_media_milliseconds > GREATEST_AGE
    ):
        return False
    return _grow(before, stats, _PACKETS, elapsed + STATS_EVERY)


def plausible_traffic(before: Traffic | None, traffic: Traffic, elapsed: float) -> bool:
    """The same of bytes, of what was lost and of what was sent again; connections in steps."""
    seconds = elapsed + TRAFFIC_EVERY
    if traffic.connections % CONNECTION_STEP:
        return False
    within = [getattr(traffic, name) for name in _RESIDENCES.names]
    if within != sorted(within):
        return False
    return all(_grow(before, traffic, counters, seconds) for counters in (_BYTES, _LOSSES, _RESIDENCES))


def plausible_state(state: TransportState) -> bool:
    """Whether a transport says what was agreed on when it was, and nothing otherwise."""
    agreed = (state.srtp_profile, state.dtls_version, state.cipher_suite)
    if state.phase is TransportPhase.CONNECTED:
        return state.srtp_profile is not SrtpProfile.NONE
    return not any(agreed)


@dataclass(frozen=True, slots=True)
class _Counters:
    """Fields that grow in steps by at most so much a second."""

    names: tuple[str, ...]
    step: int
    most: int


_PACKETS: Final = _Counters(
    ("packets_received", "packets_sent", "packets_dropped"), COUNTER_STEP, MOST_PACKETS
)
_BYTES: Final = _Counters(("bytes_received", "bytes_sent"), BYTES_STEP, MOST_BYTES)
_LOSSES: Final = _Counters(
    ("lost_incoming", "lost_outgoing", "resent_incoming", "resent_outgoing", "shed"),
    COUNTER_STEP,
    MOST_PACKETS,
)
_RESIDENCES: Final = _Counters(
    ("within_250", "within_1000", "within_4000", "within_16000", "within_64000", "handled"),
    COUNTER_STEP,
    MOST_PACKETS,
)


def _grow(before: Stats | Traffic | None, now: Stats | Traffic, counters: _Counters, seconds: float) -> bool:
    for name in counters.names:
        last = getattr(before, name) if before is not None else 0
        count = getattr(now, name)
        if count % counters.step or count < last:
            return False
        if before is not None and count - last > counters.most * seconds:
            return False
    return True


def _words() -> int:
    """How many different notifications may name one thing, those that name nothing included."""
    return sum(
        (
            128 * 16,  # ProducerLayers: a payload type, a bit for each encoding
            4 * 2 * 2,  # ConsumerState: a layer, paused or not by either side
            len(Quality) + len(Bandwidth) + 8,  # TransportQuality, TransportBandwidth, SpeakerLevel
            1 + len(RefusalReason),  # DataRefused, Refused
            2**3,  # SelfTest
        )
    )


def bits_per_second(things: int) -> float:
    """What a compromised relay could smuggle out in the long run, with `things` identifiers to name.

    A notification carries at most which thing, and one of the words there are for it (`_words`).
    Stats carry three counters, processor time, three residences, an age and three small counts; Traffic, two
    amounts, four counts, how many connections there are and the six counts of residences.
    """
    name = math.log2(max(things, 2))
    spontaneous = DRIP * (name + math.log2(_words()))
    counters = 3 * math.log2(MOST_PACKETS * STATS_EVERY / COUNTER_STEP)
    processor = math.log2(STATS_EVERY * 1000 * 2 / CPU_STEP)
    times = 3 * numbers.bits(LONGEST_RESIDENCE) + math.log2(GREATEST_AGE / AGE_STEP)
    amounts = 2 * math.log2(MOST_BYTES * TRAFFIC_EVERY / BYTES_STEP)
    counts = (4 + len(_RESIDENCES.names)) * math.log2(MOST_PACKETS * TRAFFIC_EVERY / COUNTER_STEP)
    connections = math.log2(MOST_CONNECTIONS / CONNECTION_STEP + 1)
    return (
        spontaneous
        + (counters + processor + times + 3 * name) / STATS_EVERY
        + (amounts + counts + connections) / TRAFFIC_EVERY
        + numbers.bits_per_second()
    )
