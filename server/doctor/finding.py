"""What the doctor says: one subject, a verdict, a plain sentence, and what to do. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from server.control.messages import Level

FULL_POSSIBLE, LOWER_LEVEL, CANNOT_SERVE = 0, 1, 2
"""Exit codes."""


class Verdict(StrEnum):
    """`warning` holds nothing up; `missing` costs the level, or the server itself."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


class Finding(msgspec.Struct, frozen=True):
    """`do` is "" where there is nothing to do. `stops` where the server would not start because of it."""

    subject: str
    verdict: Verdict
    says: str
    do: str = ""
    stops: bool = False


class Report(msgspec.Struct, frozen=True):
    """`level` is what a relay that was born for this reached: "full", "reduced" or "none"."""

    level: str
    exit: int
    findings: tuple[Finding, ...]


def ok(subject: str, says: str) -> Finding:
    return Finding(subject, Verdict.OK, says)


def warning(subject: str, says: str, do: str) -> Finding:
    return Finding(subject, Verdict.WARNING, says, do)


def missing(subject: str, says: str, do: str, *, stops: bool = False) -> Finding:
    return Finding(subject, Verdict.MISSING, says, do, stops)


def summary(level: Level, findings: Sequence[Finding]) -> Report:
    """A relay below `reduced` is one that nobody should be served by."""
    if level is Level.NONE or any(finding.stops for finding in findings):
        code = CANNOT_SERVE
    else:
        code = FULL_POSSIBLE if level is Level.FULL else LOWER_LEVEL
    return Report(level.name.lower(), code, tuple(findings))
