"""How well participants were connected, of what has ended; nobody's own numbers are here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from math import inf

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from server.metadata.transport_words import Direction, TransportEnd
from server.tally import Durations, Tally


def of_connections(tally: Tally) -> Iterator[Metric]:
    """Ends by cause, and how far and how evenly packets travelled."""
    ended = CounterMetricFamily(
        "offrecord_transports_ended",
        "Transports that ended: what clients do by them, and why they ended.",
        labels=["direction", "end"],
    )
    for direction in Direction:
        for end in TransportEnd:
            ended.add_metric([direction.value, end.value], tally.ended[(direction, end)])
    yield ended
    yield histogram(
        "offrecord_transport_round_trip_seconds",
        "To the client and back, as it was last measured of transports that ended.",
        tally.round_trips,
    )
    yield histogram(
        "offrecord_track_jitter_seconds", "Mean jitter of tracks that ended, on their way in.", tally.jitters
    )


def histogram(name: str, help_text: str, durations: Durations) -> Metric:
    """In classes that include the smaller ones, as Prometheus wants them."""
    bounds = (*durations.bounds, inf)
    buckets = [
        ("+Inf" if bound == inf else str(bound), float(count))
        for bound, count in zip(bounds, accumulate(durations.counts), strict=True)
    ]
    return HistogramMetricFamily(name, help_text, buckets=buckets, sum_value=durations.sum)
