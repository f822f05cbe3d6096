"""The guarantee as it is told: JSON of what was observed, for whom and until when. PURE.

docs/statement.md describes it for those who check one. Each check names its source; `sources` names that
of every other field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypedDict

from server.control.messages import Level
from server.guarantee.evidence import MediaTimes
from server.guarantee.incidents import SAYS as INCIDENT_SAYS
from server.guarantee.incidents import Incident
from server.guarantee.judge import FirewallJudgement, Judgement, RelayJudgement, Source
from server.guarantee.software import Software
from server.guarantee.words import (
    CLAIMED_LESS,
    DOES_NOT_PROVE,
    ENCRYPTION_DECLARED,
    NO_RELAY,
    SAYS,
    SOFTWARE_CHANGED,
    WITHOUT_FIREWALL,
    reason,
)

VERSION = 1
TYPE = "offrecord-statement+jwt"
LIFETIME_SECONDS = 60
LevelName = Literal["full", "reduced", "none"]
LEVEL_NAMES: dict[Level, LevelName] = {Level.FULL: "full", Level.REDUCED: "reduced", Level.NONE: "none"}

_SOURCES = {
    "level": Source.SELF_REPORTED,
    "minimum_level": Source.SELF_REPORTED,
    "reasons": Source.SELF_REPORTED,
    "incidents": Source.SELF_REPORTED,
    "room": Source.SELF_REPORTED,
    "relays.relay": Source.SELF_REPORTED,
    "relays.generation": Source.SELF_REPORTED,
    "relays.started_at": Source.SELF_REPORTED,
    "relays.level": Source.SELF_REPORTED,
    "relays.filters": Source.SELF_REPORTED,
    "relays.media": Source.SELF_REPORTED,
    "server": Source.SELF_REPORTED,
    "software": Source.SELF_REPORTED,
    "says": Source.SELF_REPORTED,
    "does_not_prove": Source.SELF_REPORTED,
    "host_firewall": Source.KERNEL,
}


@dataclass(frozen=True, slots=True)
class RoomBinding:
    """Which relay a room lives on, no relay while nobody is in it, and whether it requires end-to-end
    encryption."""

    name: str
    relay: int | None
    generation: int | None
    encryption_required: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a statement tells besides the judgement. `room` is that of who asks, with a token for it;
    `minimum_level` is what the configuration demands, `started_at` when the server started, in seconds
    since the epoch."""

    minimum_level: str
    started_at: float
    software: Software
    room: RoomBinding | None = None
    incidents: Sequence[Incident] = ()


class CheckJson(TypedDict):
    """`source` is "kernel", "inspected" or "self-reported"; `observed_at` is null when never observed."""

    name: str
    held: bool
    source: str
    observed_at: str | None


class MediaJson(TypedDict):
    """How long media stays in a relay: the bounds, and the greatest age and residence since its birth."""

    arena_bytes: int
    most_packets: int
    most_milliseconds: int
    oldest_milliseconds: int
    longest_residence_microseconds: int
    observed_at: str


class RelayJson(TypedDict):
    """`generation` counts the processes that have had the number; `filters` is the digest of the system
    call filters that the relay has set, null before it has; `media` is null before it has told."""

    relay: int
    generation: int
    started_at: str
    level: LevelName
    filters: str | None
    media: MediaJson | None
    checks: list[CheckJson]


class ReasonJson(TypedDict):
    """Why the level is less than full: of a relay and a check, or of the whole where these are null."""

    relay: int | None
    check: str | None
    says: str


class IncidentJson(TypedDict):
    """`kind` is "tripwire", "drift" or "protocol"; `detail` the system call or the check, "" if not known."""

    at: str
    relay: int
    kind: str
    detail: str
    says: str


class RoomJson(TypedDict):
    """`relay`, `generation` and `level` are null while the room lives on no relay. `encryption_required`:
    tracks that are not declared to be encrypted end to end are refused."""

    name: str
    relay: int | None
    generation: int | None
    level: LevelName | None
    encryption_required: bool


class ServerJson(TypedDict):
    version: str
    started_at: str


class PackageJson(TypedDict):
    name: str
    version: str
    digest: str


class SoftwareJson(TypedDict):
    """Digests as loaded at the start; `changed_at` is when the files on disk were found to differ."""

    platform: str
    code: str
    extension: str
    packages: list[PackageJson]
    read_at: str
    changed_at: str | None


class HostFirewallJson(TypedDict):
    """The host measure: whether the kernel lets relays send only to addresses that an invited participant
    proved. `state` is "held", or why not; `observed_at` is null when it never was."""

    held: bool
    state: str
    observed_at: str | None


class Statement(TypedDict):
    """Payload of the JWS, and answer of `GET /guarantee`. `iat` and `exp` are seconds since the epoch
    (RFC 7519 section 2), other times RFC 3339 in UTC; levels are "full", "reduced" or "none"."""

    statement: int
    nonce: str | None
    iat: int
    exp: int
    level: LevelName
    minimum_level: str
    reasons: list[ReasonJson]
    incidents: list[IncidentJson]
    room: RoomJson | None
    relays: list[RelayJson]
    server: ServerJson
    software: SoftwareJson
    says: list[str]
    does_not_prove: list[str]
    host_firewall: HostFirewallJson
    sources: dict[str, str]


def statement(judgement: Judgement, circumstances: Circumstances, nonce: str | None, now: float) -> Statement:
    """What is told at `now`, in seconds since the epoch."""
    software = circumstances.software
    return Statement(
        statement=VERSION,
        nonce=nonce,
        iat=int(now),
        exp=int(now) + LIFETIME_SECONDS,
        level=LEVEL_NAMES[judgement.level],
        minimum_level=circumstances.minimum_level,
        reasons=_reasons(judgement),
        incidents=[_incident(one) for one in circumstances.incidents],
        room=_room(circumstances.room, judgement.relays),
        relays=[_relay(relay) for relay in judgement.relays],
        server=ServerJson(version=software.version, started_at=_time(circumstances.started_at)),
        software=_software(software),
        says=[SAYS[judgement.level], *([SOFTWARE_CHANGED] if software.changed_at is not None else [])],
        does_not_prove=_limits(judgement, circumstances.room),
        host_firewall=_firewall(judgement.firewall),
        sources={name: source.value for name, source in _SOURCES.items()},
    )


def _limits(judgement: Judgement, room: RoomBinding | None) -> list[str]:
    limits = list(DOES_NOT_PROVE)
    if not judgement.firewall.held:
        limits.append(WITHOUT_FIREWALL)
    if room is not None and room.encryption_required:
        limits.append(ENCRYPTION_DECLARED)
    return limits


def _reasons(judgement: Judgement) -> list[ReasonJson]:
    if not judgement.relays:
        return [ReasonJson(relay=None, check=None, says=NO_RELAY)]
    found = []
    for relay in judgement.relays:
        lacking = [check.name for check in relay.checks if not check.held]
        found += [ReasonJson(relay=relay.relay, check=name, says=reason(name)) for name in lacking]
        if relay.level is not Level.FULL and not lacking:
            found.append(ReasonJson(relay=relay.relay, check=None, says=CLAIMED_LESS))
    return found


def _incident(incident: Incident) -> IncidentJson:
    return IncidentJson(
        at=_time(incident.at),
        relay=incident.relay,
        kind=incident.kind.value,
        detail=incident.detail,
        says=INCIDENT_SAYS[incident.kind],
    )


def _firewall(judgement: FirewallJudgement) -> HostFirewallJson:
    observed_at = judgement.observed_at
    return HostFirewallJson(
        held=judgement.held,
        state=judgement.state.value,
        observed_at=None if observed_at is None else _time(observed_at),
    )


def _room(room: RoomBinding | None, relays: Sequence[RelayJudgement]) -> RoomJson | None:
    if room is None:
        return None
    living = (room.relay, room.generation)
    level = next((one.level for one in relays if (one.relay, one.generation) == living), None)
    return RoomJson(
        name=room.name,
        relay=room.relay,
        generation=room.generation,
        level=None if room.relay is None else LEVEL_NAMES[Level.NONE if level is None else level],
        encryption_required=room.encryption_required,
    )


def _relay(judgement: RelayJudgement) -> RelayJson:
    filters = judgement.filter_digest
    return RelayJson(
        relay=judgement.relay,
        generation=judgement.generation,
        started_at=_time(judgement.started_at),
        level=LEVEL_NAMES[judgement.level],
        filters=None if filters is None else f"sha256:{filters.hex()}",
        media=_media(judgement.media),
        checks=[
            CheckJson(
                name=check.name,
                held=check.held,
                source=check.source.value,
                observed_at=None if check.observed_at is None else _time(check.observed_at),
            )
            for check in judgement.checks
        ],
    )


def _media(media: MediaTimes | None) -> MediaJson | None:
    if media is None:
        return None
    return MediaJson(
        arena_bytes=media.arena_bytes,
        most_packets=media.ring_packets,
        most_milliseconds=media.ring_milliseconds,
        oldest_milliseconds=media.oldest_milliseconds,
        longest_residence_microseconds=media.longest_residence_microseconds,
        observed_at=_time(media.observed_at),
    )


def _software(software: Software) -> SoftwareJson:
    return SoftwareJson(
        platform=software.platform,
        code=software.code,
        extension=software.extension,
        packages=[PackageJson(name=p.name, version=p.version, digest=p.digest) for p in software.packages],
        read_at=_time(software.read_at),
        changed_at=None if software.changed_at is None else _time(software.changed_at),
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
