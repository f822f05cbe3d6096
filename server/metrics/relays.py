"""What each relay tells of itself, and what is observed of its lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from server.control.messages import Stats, Traffic
from server.guarantee.judge import Judgement
from server.metrics.source import Relay

_MICRO: Final = 1e-6
_MILLI: Final = 1e-3

_GAUGES: Final[tuple[tuple[str, str, Callable[[Stats], float]], ...]] = (
    ("transports", "Transports that exist.", lambda told: told.transports),
    ("producers", "Tracks that arrive.", lambda told: told.producers),
    ("consumers", "Receptions of tracks.", lambda told: told.consumers),
    (
        "residence_p99_seconds",
        "From the kernel's receive timestamp to the return of the send call; 99 of 100 packets of the last "
        "two seconds were faster.",
        lambda told: told.residence_p99_microseconds * _MICRO,
    ),
    (
        "residence_p50_seconds",
        "The same of half of the packets.",
        lambda told: told.residence_p50_microseconds * _MICRO,
    ),
    (
        "residence_longest_seconds",
        "The slowest packet of the last two seconds.",
        lambda told: told.residence_longest_microseconds * _MICRO,
    ),
    (
        "oldest_media_seconds",
        "Age of the oldest packet that was kept to be sent again, of the last two seconds.",
        lambda told: told.oldest_media_milliseconds * _MILLI,
    ),
)
_COUNTERS: Final[tuple[tuple[str, str, Callable[[Stats], float]], ...]] = (
    ("packets_received", "Packets that arrived.", lambda told: told.packets_received),
    ("packets_sent", "Packets that left.", lambda told: told.packets_sent),
    (
        "packets_dropped",
        "Packets that were dropped: not authentic, not of a track, or more than a peer may send.",
        lambda told: told.packets_dropped,
    ),
    (
        "cpu_seconds",
        "Processor time, user and system.",
        lambda told: told.cpu_milliseconds * _MILLI,
    ),
)


_TRAFFIC: Final[tuple[tuple[str, str, Callable[[Traffic], float]], ...]] = (
    ("bytes_received", "Bytes of packets that arrived, every half minute.", lambda told: told.bytes_received),
    ("bytes_sent", "Bytes of packets that left, every half minute.", lambda told: told.bytes_sent),
    (
        "media_packets_shed",
        "Packets of sound and video that were dropped as they came, since the relay could not keep up.",
        lambda told: told.shed,
    ),
)
RESIDENCES: Final = (
    ("0.00025", "within_250"),
    ("0.001", "within_1000"),
    ("0.004", "within_4000"),
    ("0.016", "within_16000"),
    ("0.064", "within_64000"),
    ("+Inf", "handled"),
)
_MEDIA: Final[tuple[tuple[str, str, Callable[[Traffic], tuple[int, int]]], ...]] = (
    (
        "media_packets_lost",
        "Packets of sound and video that were lost, sent again or not: on their way in, as the relay counts; "
        "on their way out, as receivers say.",
        lambda told: (told.lost_incoming, told.lost_outgoing),
    ),
    (
        "media_packets_resent",
        "Packets of sound and video that were sent again: to the relay, and by it.",
        lambda told: (told.resent_incoming, told.resent_outgoing),
    ),
)


def of_relays(relays: Sequence[Relay], judgement: Judgement) -> Iterator[Metric]:
    """By number, which a replacement takes over: its counters begin anew."""
    told = [(str(relay.number), relay.stats) for relay in relays if relay.stats is not None]
    for name, help_text, read in _GAUGES:
        gauge = GaugeMetricFamily(f"offrecord_relay_{name}", help_text, labels=["relay"])
        for number, stats in told:
            gauge.add_metric([number], read(stats))
        yield gauge
    for name, help_text, read in _COUNTERS:
        counter = CounterMetricFamily(f"offrecord_relay_{name}", help_text, labels=["relay"])
        for number, stats in told:
            counter.add_metric([number], read(stats))
        yield counter
    yield from _traffic([(str(relay.number), relay.traffic) for relay in relays if relay.traffic is not None])
    generation = GaugeMetricFamily(
        "offrecord_relay_generation", "Processes that have had this number.", labels=["relay"]
    )
    for relay in relays:
        generation.add_metric([str(relay.number)], relay.generation)
    yield generation
    yield from _locks(judgement)


def _traffic(told: Sequence[tuple[str, Traffic]]) -> Iterator[Metric]:
    connections = GaugeMetricFamily(
        "offrecord_relay_connections",
        "Connections of ICE over TCP, in steps of 32, every half minute.",
        labels=["relay"],
    )
    for number, traffic in told:
        connections.add_metric([number], traffic.connections)
    yield connections
    residence = HistogramMetricFamily(
        "offrecord_relay_residence_seconds",
        "From the kernel's receive timestamp to the return of the send call, since birth, every half minute.",
        labels=["relay"],
    )
    for number, traffic in told:
        counts = [(bound, getattr(traffic, name)) for bound, name in RESIDENCES]
        residence.add_metric([number], buckets=counts, sum_value=None)
    yield residence
    for name, help_text, read in _TRAFFIC:
        counter = CounterMetricFamily(f"offrecord_relay_{name}", help_text, labels=["relay"])
        for number, traffic in told:
            counter.add_metric([number], read(traffic))
        yield counter
    for name, help_text, both in _MEDIA:
        counter = CounterMetricFamily(f"offrecord_relay_{name}", help_text, labels=["relay", "way"])
        for number, traffic in told:
            for way, count in zip(("in", "out"), both(traffic), strict=True):
                counter.add_metric([number, way], count)
        yield counter


def _locks(judgement: Judgement) -> Iterator[Metric]:
    level = GaugeMetricFamily(
        "offrecord_relay_level", "What is observed now: 0 none, 1 reduced, 2 full.", labels=["relay"]
    )
    start = GaugeMetricFamily(
        "offrecord_relay_start_time_seconds", "When it began, since the epoch.", labels=["relay"]
    )
    held = GaugeMetricFamily(
        "offrecord_relay_check_held",
        "1 where a layer of the lock is observed to hold.",
        labels=["relay", "check", "source"],
    )
    arena = GaugeMetricFamily(
        "offrecord_relay_media_memory_bytes",
        "The one piece of memory that holds packets to be sent again.",
        labels=["relay"],
    )
    for relay in judgement.relays:
        number = str(relay.relay)
        level.add_metric([number], relay.level)
        start.add_metric([number], relay.started_at)
        for check in relay.checks:
            held.add_metric([number, check.name, check.source.value], check.held)
        if relay.media is not None:
            arena.add_metric([number], relay.media.arena_bytes)
    yield from (level, start, held, arena)
