"""What a relay counts, as it may tell it: in steps when asked, coarse and rationed when something ends."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

from server._native import PacketThread
from server.control import numbers
from server.control.budget import (
    AGE_STEP,
    BYTES_STEP,
    CONNECTION_STEP,
    COUNTER_STEP,
    CPU_STEP,
    GREATEST_AGE,
    LONGEST_RESIDENCE,
    in_steps,
)
from server.control.messages import (
    CandidateKind,
    PathKind,
    ProducerEnded,
    Stats,
    Traffic,
    TransportEnded,
)

_MILLISECOND: Final = 1000


class TransportCounts(NamedTuple):
    """As the packet thread tells them of a transport at its end; times in microseconds."""

    packets_received: int
    bytes_received: int
    packets_sent: int
    bytes_sent: int
    packets_lost: int
    packets_resent: int
    round_trip_last: int
    round_trip_worst: int


class ProducerCounts(NamedTuple):
    """The same of a producer."""

    packets: int
    bytes: int
    packets_lost: int
    packets_resent: int
    jitter: int
    key_frames_asked: int
    key_frames: int


class Counting:
    """Of one relay."""

    def __init__(self, packets: PacketThread) -> None:
        self._packets = packets
        self._ration = numbers.Ration(time.monotonic())

    def stats(self, sequence: int) -> Stats:
        """What has been counted since birth, and since the call before."""
        counters = self._packets.counters()
        transports, producers, consumers, received, sent, dropped, *times = counters
        half, most, longest, oldest = times
        longest = min(longest, LONGEST_RESIDENCE)
        return Stats(
            sequence=sequence,
            transports=transports,
            producers=producers,
            consumers=consumers,
            packets_received=in_steps(received, COUNTER_STEP),
            packets_sent=in_steps(sent, COUNTER_STEP),
            packets_dropped=in_steps(dropped, COUNTER_STEP),
            cpu_milliseconds=in_steps(round(time.process_time() * 1000), CPU_STEP),
            residence_p50_microseconds=numbers.coarse(min(half, longest), LONGEST_RESIDENCE),
            residence_p99_microseconds=numbers.coarse(min(most, longest), LONGEST_RESIDENCE),
            residence_longest_microseconds=numbers.coarse(longest, LONGEST_RESIDENCE),
            oldest_media_milliseconds=in_steps(min(oldest // _MILLISECOND, GREATEST_AGE), AGE_STEP),
        )

    def traffic(self, sequence: int) -> Traffic:
        """Since birth."""
        received, sent, *media, connections = self._packets.traffic()
        amounts = (in_steps(received, BYTES_STEP), in_steps(sent, BYTES_STEP))
        counts = [
            *(in_steps(count, COUNTER_STEP) for count in media),
            in_steps(connections, CONNECTION_STEP),
            *(in_steps(count, COUNTER_STEP) for count in self._packets.residences()),
        ]
        return Traffic(sequence, *amounts, *counts)

    def transport_ended(
        self, transport: int, path: PathKind, candidate: CandidateKind, counts: TransportCounts
    ) -> TransportEnded:
        """How a transport went."""
        if not self._ration.take(time.monotonic()):
            nothing = TransportCounts(*(0 for _ in counts))
            return TransportEnded(transport, False, PathKind.NONE, CandidateKind.UNKNOWN, *nothing)
        return TransportEnded(
            transport=transport,
            measured=True,
            path=path,
            candidate=candidate,
            packets_received=_packets(counts.packets_received),
            bytes_received=_bytes(counts.bytes_received),
            packets_sent=_packets(counts.packets_sent),
            bytes_sent=_bytes(counts.bytes_sent),
            packets_lost=_packets(counts.packets_lost),
            packets_resent=_packets(counts.packets_resent),
            round_trip_last=_milliseconds(counts.round_trip_last, numbers.LONGEST_ROUND_TRIP),
            round_trip_worst=_milliseconds(counts.round_trip_worst, numbers.LONGEST_ROUND_TRIP),
        )

    def producer_ended(self, producer: int, layers: int, counts: ProducerCounts) -> ProducerEnded:
        """How a track went."""
        if not self._ration.take(time.monotonic()):
            return ProducerEnded(producer, False, 0, *(0 for _ in counts))
        return ProducerEnded(
            producer=producer,
            measured=True,
            layers=layers,
            packets=_packets(counts.packets),
            bytes=_bytes(counts.bytes),
            packets_lost=_packets(counts.packets_lost),
            packets_resent=_packets(counts.packets_resent),
            jitter=_milliseconds(counts.jitter, numbers.MOST_JITTER),
            key_frames_asked=numbers.coarse(counts.key_frames_asked, numbers.MOST_KEY_FRAMES),
            key_frames=numbers.coarse(counts.key_frames, numbers.MOST_KEY_FRAMES),
        )


def _packets(count: int) -> int:
    return numbers.coarse(count, numbers.MOST_PACKETS)


def _bytes(count: int) -> int:
    return numbers.coarse(count, numbers.MOST_BYTES)


def _milliseconds(microseconds: int, most: int) -> int:
    """Rounded up: what was measured never reads as not measured."""
    return numbers.coarse(-(-microseconds // _MILLISECOND), most)
