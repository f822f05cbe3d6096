"""How webhooks are delivered. A receiver is a number: its place in the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from server.webhooks.counts import Counts


def of_webhooks(receivers: Sequence[Counts], now: float) -> Iterator[Metric]:
    """`now` in seconds since the epoch."""
    events = CounterMetricFamily(
        "offrecord_webhook_events",
        "Events by what became of them: delivered, given_up, or gone, expired or erased before.",
        labels=["receiver", "outcome"],
    )
    retries = CounterMetricFamily(
        "offrecord_webhook_retries", "Tries that failed and are repeated.", labels=["receiver"]
    )
    waiting = GaugeMetricFamily(
        "offrecord_webhook_waiting_events", "Events that are next to be told.", labels=["receiver"]
    )
    lag = GaugeMetricFamily(
        "offrecord_webhook_lag_seconds", "Age of the oldest event that waits.", labels=["receiver"]
    )
    for number, counts in enumerate(receivers, start=1):
        for outcome in ("delivered", "given_up", "gone"):
            events.add_metric([str(number), outcome], getattr(counts, outcome))
        retries.add_metric([str(number)], counts.retried)
        waiting.add_metric([str(number)], counts.waiting)
        lag.add_metric([str(number)], 0.0 if counts.oldest is None else max(0.0, now - counts.oldest))
    yield from (events, retries, waiting, lag)
