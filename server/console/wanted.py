"""What somebody looks for, as a form says it: checked, and told back in words where it cannot be. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from server import ids
from server.console.moments import Moments
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.query import Query
from server.metadata.words import Browser, Sdk

LONGEST: Final = 256
PERIODS: Final = {
    "1h": (3600.0, "the last hour"),
    "24h": (86_400.0, "the last 24 hours"),
    "7d": (7 * 86_400.0, "the last 7 days"),
    "30d": (30 * 86_400.0, "the last 30 days"),
    "all": (None, "all that is kept"),
}
USUAL: Final = "24h"
OUTCOMES: Final = tuple(cause for cause in AttemptCause if cause is not AttemptCause.NONE)
CLIENTS: Final[tuple[Browser | Sdk, ...]] = (
    *(one for one in Browser if one is not Browser.NONE),
    *(one for one in Sdk if one not in {Sdk.UNKNOWN, Sdk.JS}),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The question to the ledger; `given` is what the form said, to be shown in it again, and `problems` are
    sentences about what it said.
    """

    query: Query
    given: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def link(self, **more: str) -> str:
        """A query that says the same, and `more`."""
        return urlencode({**{name: text for name, text in self.given.items() if text}, **more})

    @property
    def in_words(self) -> str:
        """What restricts it, but names: `the last 24 hours, failed only`."""
        given = self.given
        if given.get("from") or given.get("to"):
            period = f"from {given.get('from') or 'the beginning'} to {given.get('to') or 'now'}"
        else:
            period = PERIODS[given.get("period", USUAL)][1]
        return ", ".join([period, *(["failed only"] if self.query.failed else [])])


_FIELDS: Final = (
    "room",
    "identity",
    "code",
    "site",
    "period",
    "from",
    "to",
    "outcome",
    "stage",
    "client",
    "failed",
)


def wanted(query: Mapping[str, str], moments: Moments, sites: Sequence[str]) -> Wanted:
    """What the query of an address asks for. Never raises: what cannot be read is among the problems."""
    given = {name: _text(query.get(name, "")) for name in _FIELDS}
    problems: list[str] = []

    def chosen(name: str, among: Sequence[str]) -> str | None:
        text = given[name]
        if text and text not in among:
            problems.append(f"There is no such {name}.")
            given[name] = ""
        return given[name] or None

    code = ids.read_support_code(given["code"]) if given["code"] else None
    if given["code"] and code is None:
        problems.append("A support code has eight letters and digits, such as ABCD-EFGH.")
    period = chosen("period", list(PERIODS)) or USUAL
    given["period"] = period
    seconds = PERIODS[period][0]
    since = _moment(given, "from", moments, problems)
    until = _moment(given, "to", moments, problems)
    if since is None and until is None and seconds is not None and code is None:
        since = moments.now - seconds
    if since is not None and until is not None and since > until:
        problems.append("The period ends before it begins.")
    outcome = chosen("outcome", [one.value for one in OUTCOMES])
    stage = chosen("stage", [one.value for one in Stage])
    client = chosen("client", [one.value for one in CLIENTS])
    asked = Query(
        room=given["room"] or None,
        identity=given["identity"] or None,
        code=code,
        site=chosen("site", sites),
        since=since,
        until=until,
        outcome=None if outcome is None else AttemptCause(outcome),
        stage=None if stage is None else Stage(stage),
        client=next((one for one in CLIENTS if one.value == client), None),
        failed=given["failed"] == "1",
    )
    return Wanted(asked, given, tuple(problems))


def _text(given: str) -> str:
    return given.encode("utf-8", "replace").decode().replace("\0", "").strip()[:LONGEST]


def _moment(given: Mapping[str, str], name: str, moments: Moments, problems: list[str]) -> float | None:
    """A local time, as a browser's field has it, in the time zone of who looks."""
    text = given[name]
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=moments.zone_info)
        return at.timestamp()
    except (ValueError, OverflowError, OSError):
        problems.append(f"“{name}” is not a time: use the form 2026-11-22T09:30.")
        return None
