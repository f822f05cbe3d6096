"""The guarantee as it is told: JSON of what was observed, and plain words that promise no more. PURE."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypedDict

from server.control.messages import Level
from server.guarantee.judge import Judgement, RelayJudgement

LEVEL_NAMES = {Level.FULL: "full", Level.REDUCED: "reduced", Level.NONE: "none"}

SAYS = {
    Level.FULL: (
        "Recording is blocked on this server: the processes that forward audio and video can write "
        "nothing. Participants can still record. A modified server could lie."
    ),
    Level.REDUCED: (
        "Recording is blocked on this server by fewer layers than usual: the file-system lock is not "
        "available here. Participants can still record. A modified server could lie."
    ),
    Level.NONE: "Nothing is guaranteed right now: this server does not show that recording is blocked.",
}

DOES_NOT_PROVE = (
    "that participants do not record: their devices can",
    "that this server runs unmodified software: a modified server could lie, this statement included",
    "anything about the machine's owner: root, the hypervisor or a network tap are outside of it",
    "that media stays away from an address that a participant was invited from",
)


class CheckJson(TypedDict):
    """`source` is "kernel", "inspected" or "self-reported"; `observed_at` is null when never observed."""

    name: str
    held: bool
    source: str
    observed_at: str | None


class RelayJson(TypedDict):
    relay: int
    level: str
    checks: list[CheckJson]


class Statement(TypedDict):
    """Answer of `GET /guarantee`. Times are RFC 3339 in UTC; levels "full", "reduced" or "none"."""

    level: str
    minimum_level: str
    issued_at: str
    nonce: str | None
    relays: list[RelayJson]
    says: str
    does_not_prove: list[str]


def statement(judgement: Judgement, minimum_level: str, nonce: str | None, now: float) -> Statement:
    """`minimum_level` is what the configuration demands; `now` is in seconds since the epoch."""
    return Statement(
        level=LEVEL_NAMES[judgement.level],
        minimum_level=minimum_level,
        issued_at=_time(now),
        nonce=nonce,
        relays=[_relay(relay) for relay in judgement.relays],
        says=SAYS[judgement.level],
        does_not_prove=list(DOES_NOT_PROVE),
    )


def _relay(judgement: RelayJudgement) -> RelayJson:
    return RelayJson(
        relay=judgement.relay,
        level=LEVEL_NAMES[judgement.level],
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


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
