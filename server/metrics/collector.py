"""The state of the server as metric families, made anew for each scrape.

Every label is a word of a closed list, a relay's number, a site of the configuration, or the pattern of a
route. Never a room, an
identity, an address or a user agent: their series would say who met whom, and live as long as the database
of whoever scrapes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum, StrEnum
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from server.control.messages import Bandwidth, Level, TransportPhase
from server.errors import Refusal
from server.guarantee.evidence import RelayEvidence
from server.guarantee.host import FirewallState
from server.guarantee.incidents import IncidentKind
from server.guarantee.judge import Judgement, judge
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.words import (
    Codec,
    DriftedCheck,
    GuaranteeLevel,
    LeaveReason,
    RelayLossReason,
    Sdk,
    TrackSource,
)
from server.metrics.connections import histogram, of_connections
from server.metrics.relays import of_relays
from server.metrics.source import Source
from server.metrics.webhooks import of_webhooks
from server.tally import STAGE_OF_REFUSAL

_LET_IN = (Stage.WEBSOCKET, Stage.NEGOTIATION, Stage.ICE, Stage.DTLS)
"""The last step of a join that was not refused and failed."""
NO_SITE = "(none)"
"""The label of what no site has; no site can be called so."""

E = TypeVar("E", bound=Enum)


class ServerCollector(Collector):
    """Reads `source` whenever it is asked."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def collect(self) -> Iterable[Metric]:
        """All families, those without a sample of now included."""
        relays, now = self._source.relays(), self._source.clock()
        evidence = [relay.evidence() for relay in relays]
        judgement = judge(evidence, now)
        yield InfoMetricFamily("offrecord", "Version of the server.", {"version": self._source.version})
        yield from self._conferences()
        yield from self._joining()
        yield from of_connections(self._source.tally)
        yield from self._guarantee(judgement, now)
        yield from of_relays(relays, judgement)
        yield from _firewall(judgement, evidence)
        yield from self._ledger()
        yield from of_webhooks(self._source.webhooks(), now)
        yield from self._around()

    def _conferences(self) -> Iterator[Metric]:
        tally, rooms = self._source.tally, self._source.rooms
        yield _gauge("offrecord_rooms", "Rooms that are open.", len(rooms))
        yield _gauge("offrecord_participants", "Sessions in all rooms.", rooms.participants)
        yield _by_word(
            GaugeMetricFamily("offrecord_tracks", "Tracks that are published now.", labels=["source"]),
            TrackSource,
            tally.tracks,
        )
        yield _by_word(
            CounterMetricFamily("offrecord_tracks_published", "Tracks published.", labels=["codec"]),
            Codec,
            tally.published,
        )

    def _joining(self) -> Iterator[Metric]:
        tally = self._source.tally
        yield _by_word(
            CounterMetricFamily("offrecord_joins", "Sessions admitted to a room.", labels=["sdk"]),
            Sdk,
            tally.joined,
        )
        yield histogram(
            "offrecord_join_seconds", "From the request to join until media could flow.", tally.active
        )
        failures = CounterMetricFamily(
            "offrecord_join_failures",
            "Joins that failed: the last step that was done, and why the next was not.",
            labels=["stage", "cause"],
        )
        for refusal in Refusal:
            failures.add_metric([STAGE_OF_REFUSAL[refusal].value, refusal.value], tally.refused[refusal])
        for stage in _LET_IN:
            for reason in LeaveReason:
                cause = AttemptCause(reason.value)
                failures.add_metric([stage.value, cause.value], tally.failed[(stage, cause)])
        yield failures
        yield self._by_site("offrecord_site_joins", "Sessions admitted to a room.", tally.site_joined)
        yield self._by_site("offrecord_site_join_failures", "Joins that failed.", tally.site_failed)
        yield _by_word(
            CounterMetricFamily("offrecord_departures", "Sessions that ended, by reason.", labels=["reason"]),
            LeaveReason,
            tally.left,
        )
        yield CounterMetricFamily(
            "offrecord_resumptions", "Sessions whose WebSocket was lost and came back.", tally.resumed
        )
        phases = CounterMetricFamily(
            "offrecord_transport_phases",
            "Transports that reached a phase: reachable (ICE), connected (DTLS), failed, lost.",
            labels=["phase"],
        )
        for phase in TransportPhase:
            phases.add_metric([phase.name.lower()], tally.transports[phase])
        yield phases
        yield _downlinks(tally.downlinks.counts())
        yield _counter(
            "offrecord_video_pauses",
            "Videos paused since the way to their subscriber did not even carry the smallest.",
            tally.video_pauses,
        )

    def _by_site(self, name: str, help_text: str, counts: Mapping[str, int]) -> Metric:
        family = CounterMetricFamily(name, f"{help_text} By site of the configuration.", labels=["site"])
        for site in (*self._source.sites, ""):
            family.add_metric([site or NO_SITE], counts.get(site, 0))
        return family

    def _guarantee(self, judgement: Judgement, now: float) -> Iterator[Metric]:
        tally = self._source.tally
        yield _gauge(
            "offrecord_guarantee_level", "Of the weakest relay: 0 none, 1 reduced, 2 full.", judgement.level
        )
        yield _gauge(
            "offrecord_guarantee_minimum_level",
            "Below this nothing is served: 0 none, 1 reduced, 2 full.",
            Level[self._source.minimum_level.upper()],
        )
        yield _gauge("offrecord_relays_configured", "Relays there should be.", self._source.configured_relays)
        yield _gauge("offrecord_relays_serving", "Relays that serve.", len(judgement.relays))
        yield _by_word(
            CounterMetricFamily("offrecord_relay_births", "Relays that began to serve.", labels=["level"]),
            GuaranteeLevel,
            tally.born,
        )
        yield _by_word(
            CounterMetricFamily("offrecord_relay_losses", "Relays that were lost.", labels=["reason"]),
            RelayLossReason,
            tally.lost,
        )
        yield _by_word(
            CounterMetricFamily(
                "offrecord_relay_drifts", "Checks that no longer held of a relay.", labels=["check"]
            ),
            DriftedCheck,
            tally.drifted,
        )
        yield _by_word(
            GaugeMetricFamily(
                "offrecord_incidents", "What participants are told of, of the last day.", labels=["kind"]
            ),
            IncidentKind,
            Counter(incident.kind for incident in self._source.incidents(now)),
        )

    def _ledger(self) -> Iterator[Metric]:
        ledger = self._source.ledger
        yield _gauge("offrecord_ledger_queue_events", "Events not yet in the database.", ledger.waiting)
        yield _gauge("offrecord_ledger_queue_capacity_events", "So many may wait.", self._source.queue_size)
        yield _counter("offrecord_ledger_dropped_events", "Events lost: the queue was full.", ledger.dropped)
        yield _counter(
            "offrecord_ledger_refused_events", "Events that could not be kept as they were.", ledger.refused
        )
        yield _counter("offrecord_ledger_faults", "Errors in writing that nobody foresaw.", ledger.faults)

    def _around(self) -> Iterator[Metric]:
        answers = CounterMetricFamily(
            "offrecord_http_responses",
            "HTTP answers, by pattern of the route; 101 begins a session.",
            labels=["route", "status"],
        )
        for (route, status), count in sorted(self._source.tally.answers.items()):
            answers.add_metric([route, str(status)], count)
        yield answers
        yield _counter(
            "offrecord_log_withheld_values",
            "Values left out of log lines, since they are of no type that is known to name nobody.",
            self._source.output.withheld,
        )


def _downlinks(counts: Mapping[Bandwidth, int]) -> Metric:
    family = GaugeMetricFamily(
        "offrecord_downlinks",
        "Ways to subscribers that tell what they carry, by what that is.",
        labels=["carries"],
    )
    for bandwidth in Bandwidth:
        if bandwidth is not Bandwidth.UNKNOWN:
            family.add_metric([bandwidth.name.lower()], counts.get(bandwidth, 0))
    return family


def _firewall(judgement: Judgement, evidence: Sequence[RelayEvidence]) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "offrecord_host_firewall", "1 for the state that the host firewall is in.", labels=["state"]
    )
    for state in FirewallState:
        family.add_metric([state.value], judgement.firewall.state is state)
    yield family
    measured = (relay.host_firewall for relay in evidence)
    yield _counter(
        "offrecord_host_firewall_refused_datagrams",
        "Datagrams of relays to strangers that the kernel dropped.",
        max((one.refused for one in measured if one is not None), default=0),
    )


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)


def _counter(name: str, help_text: str, value: float) -> Metric:
    return CounterMetricFamily(name, help_text, value=value)


def _by_word(
    family: GaugeMetricFamily | CounterMetricFamily, words: type[E], counts: Mapping[E, int]
) -> Metric:
    """A sample for each word of a closed list; what was never counted is 0."""
    for word in words:
        assert isinstance(word, StrEnum)
        family.add_metric([word.value], counts.get(word, 0))
    return family
