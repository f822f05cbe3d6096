"""How exactly a relay may count: numbers that end up in the ledger are coarse, bounded, and told once.

Each is rounded to four significant bits, an error of at most a sixteenth: enough to see how a call went, and
little to hide anything in. The relay rounds, and signaling ends a relay whose numbers are not round. How many
transports and tracks have numbers is rationed on top of that, on both ends; without, the end itself is told.
"""

from __future__ import annotations

import math
from typing import Final

from server.control.messages import ProducerEnded, TransportEnded

SIGNIFICANT_BITS: Final = 4
MOST_PACKETS: Final = 2**30
MOST_BYTES: Final = 2**40
LONGEST_ROUND_TRIP: Final = 8192
"""Milliseconds."""
MOST_JITTER: Final = 1024
MOST_KEY_FRAMES: Final = 2**16
MOST_LAYERS: Final = 8

PER_SECOND: Final = 1.0
"""Endings with numbers, in the long run: 900 people an hour who send two tracks and receive."""
SAVED_UP: Final = 4096.0
"""So many may have them at once: as when a full relay stops."""


def coarse(value: int, most: int) -> int:
    """The nearest number with four significant bits, up to `most`, which has so many."""
    value = min(value, most)
    shift = max(0, value.bit_length() - SIGNIFICANT_BITS)
    return (value + (1 << shift >> 1)) >> shift << shift


def is_coarse(value: int, most: int) -> bool:
    """Whether `coarse` could have made it."""
    return coarse(value, most) == value


class Ration:
    """How many endings may have numbers. Both ends keep one; time is theirs."""

    def __init__(self, now: float, slack: float = 0.0) -> None:
        """`slack` more than the other end counts, for clocks that differ."""
        self._most = SAVED_UP + slack
        self._left = self._most
        self._at = now

    def take(self, now: float) -> bool:
        """One with numbers; False where it may not have any."""
        self._left = min(self._most, self._left + max(0.0, now - self._at) * PER_SECOND)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def plausible(ended: TransportEnded | ProducerEnded) -> bool:
    """Whether its numbers are coarse, bounded, and nothing where it was not measured."""
    return _producer_plausible(ended) if isinstance(ended, ProducerEnded) else _transport_plausible(ended)


def _transport_plausible(ended: TransportEnded) -> bool:
    packets = (ended.packets_received, ended.packets_sent, ended.packets_lost, ended.packets_resent)
    amounts = (ended.bytes_received, ended.bytes_sent)
    times = (ended.round_trip_last, ended.round_trip_worst)
    return (
        all(is_coarse(count, MOST_PACKETS) for count in packets)
        and all(is_coarse(amount, MOST_BYTES) for amount in amounts)
        and all(is_coarse(time, LONGEST_ROUND_TRIP) for time in times)
        and ended.round_trip_last <= ended.round_trip_worst
        and (ended.measured or not any((*packets, *amounts, *times, ended.path, ended.candidate)))
    )


def _producer_plausible(ended: ProducerEnded) -> bool:
    packets = (ended.packets, ended.packets_lost, ended.packets_resent)
    key_frames = (ended.key_frames, ended.key_frames_asked)
    return (
        ended.layers <= MOST_LAYERS
        and all(is_coarse(count, MOST_PACKETS) for count in packets)
        and is_coarse(ended.bytes, MOST_BYTES)
        and is_coarse(ended.jitter, MOST_JITTER)
        and all(is_coarse(count, MOST_KEY_FRAMES) for count in key_frames)
        and (ended.measured or not any((*packets, *key_frames, ended.layers, ended.bytes, ended.jitter)))
    )


def bits_per_second() -> float:
    """What a compromised relay could smuggle out in the numbers of endings, in the long run.

    A transport's have more room than a track's: four counts of packets, two of bytes, two times, the path and
    the kind of candidate.
    """
    packets, amounts, times = (bits(most) for most in (MOST_PACKETS, MOST_BYTES, LONGEST_ROUND_TRIP))
    return PER_SECOND * (4 * packets + 2 * amounts + 2 * times + math.log2(3 * 5))


def bits(most: int) -> float:
    """Of a coarse number up to `most`, a power of two."""
    exact = 1 << SIGNIFICANT_BITS
    octaves = most.bit_length() - 1 - SIGNIFICANT_BITS
    return math.log2(exact + octaves * exact / 2 + 1)
