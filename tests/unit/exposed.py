"""What Prometheus would read of a server on loopback, with a relay that is as it should be."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from server.control.messages import Stats, Traffic
from server.guarantee.evidence import RelayEvidence
from server.guarantee.incidents import Incident, IncidentKind
from server.metadata.store import QUEUE_EVENTS
from server.metrics.collector import ServerCollector
from server.metrics.source import Rooms, Source
from server.tally import Tally
from server.webhooks.counts import Counts
from tests.unit.test_judge import FULL, NOW

STATS = Stats(
    sequence=1,
    transports=4,
    producers=3,
    consumers=2,
    packets_received=1000,
    packets_sent=3000,
    packets_dropped=7,
    cpu_milliseconds=2500,
    residence_p50_microseconds=120,
    residence_p99_microseconds=250,
    residence_longest_microseconds=900,
    oldest_media_milliseconds=480,
)
TRAFFIC = Traffic(1, 655_360, 1_310_720, 64, 128, 192, 256, 320, 64, 640, 832, 896, 896, 896, 960)


@dataclass
class KnownRelay:
    """With these counters and this evidence."""

    number: int = 1
    generation: int = 2
    stats: Stats | None = STATS
    traffic: Traffic | None = TRAFFIC
    observed: RelayEvidence = FULL

    def evidence(self) -> RelayEvidence:
        return self.observed


@dataclass
class KnownQueue:
    """A ledger of which only the queue is looked at."""

    waiting: int = 3
    dropped: int = 0
    refused: int = 0
    faults: int = 0
    accepts: bool = True


@dataclass
class NoRooms:
    participants: int = 0

    def __len__(self) -> int:
        return 0


@dataclass
class NothingWithheld:
    withheld: int = 0


@dataclass
class Exposed:
    """Everything that metrics are read from; to be changed by the test."""

    tally: Tally = field(default_factory=Tally)
    rooms: Rooms = field(default_factory=NoRooms)
    ledger: KnownQueue = field(default_factory=KnownQueue)
    output: NothingWithheld = field(default_factory=NothingWithheld)
    sites: tuple[str, ...] = ()
    webhooks: list[Counts] = field(default_factory=lambda: [Counts()])
    relays: list[KnownRelay] = field(default_factory=lambda: [KnownRelay()])
    incidents: list[Incident] = field(
        default_factory=lambda: [Incident(NOW - 60, IncidentKind.TRIPWIRE, 1, "openat")]
    )

    def source(self) -> Source:
        return Source(
            version="1.2.3",
            configured_relays=1,
            minimum_level="full",
            sites=self.sites,
            queue_size=QUEUE_EVENTS,
            tally=self.tally,
            rooms=self.rooms,
            ledger=self.ledger,
            output=self.output,
            relays=lambda: self.relays,
            incidents=lambda now: self.incidents,
            clock=lambda: NOW,
            webhooks=lambda: self.webhooks,
        )

    def text(self) -> str:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(ServerCollector(self.source()))
        return generate_latest(registry).decode()

    def families(self) -> list[Metric]:
        """As a reader of the text sees them."""
        return list(text_string_to_metric_families(self.text()))

    def value(self, name: str, **labels: str) -> float:
        """Of the one sample with these labels."""
        found = [
            sample.value
            for family in self.families()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        (value,) = found
        return float(value)
