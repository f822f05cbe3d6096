"""What is looked for among connections, as conditions that one index answers.

The index is chosen here rather than by the database, which keeps no statistics of names: what is rarest of
what is asked for leads, and everything else is said in a way that no index knows. All indexes are in the
order of time, so that the newest are found without looking at the rest.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, FromClause, false, func, literal_column, or_, tuple_

from server.metadata.database import connections
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.words import Browser, Sdk

Conditions = list[ColumnElement[bool]]

_PLACE = re.compile(r"([0-9]{1,12}\.[0-9]{1,20})_([0-9]{1,18})", re.ASCII)
NAMES = ("participant", "code", "identity", "room")  # of somebody: few have the same
# What the index of a column leaves out, as most lines say it.
_LEFT_OUT = {
    "outcome": AttemptCause.CLIENT_LEFT.value,
    "stage": Stage.MEDIA.value,
    "site": "",
    "browser": Browser.NONE.value,
    "sdk": Sdk.JS.value,
}
_NEVER = 1e18  # seconds since the epoch


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for: exact names, and what overlaps [since, until]; None does not restrict."""

    room: str | None = None
    identity: str | None = None
    participant: str | None = None
    code: str | None = None
    """A support code, as `ids.read_support_code` gives it."""
    site: str | None = None
    since: float | None = None
    until: float | None = None
    outcome: AttemptCause | None = None
    """Only what ended so."""
    stage: Stage | None = None
    """Only what came so far, and no further."""
    client: Browser | Sdk | None = None
    failed: bool = False
    """Only what failed."""
    let_in: bool = False
    """Only sessions: not what was refused."""


class Place(msgspec.Struct, frozen=True):
    """A connection's place in the order of time. Prints as what `of` reads."""

    joined_at: float
    number: int

    def __str__(self) -> str:
        return f"{self.joined_at!r}_{self.number}"

    @classmethod
    def of(cls, text: str) -> Place | None:
        """None where that is no place."""
        found = _PLACE.fullmatch(text)
        return None if found is None else cls(float(found[1]), int(found[2]))


class Stretch(NamedTuple):
    """Part of an answer: what an index finds, and what is looked for among that, line by line.

    `by_time`: the index is in the order of time, so that the newest are found first.
    """

    indexed: Conditions
    looked_at: Conditions
    by_time: bool = True

    def only(self, *conditions: ColumnElement[bool]) -> Stretch:
        """Less of it."""
        return self._replace(looked_at=[*self.looked_at, *conditions])


def stretches(query: Query, now: float, leader: str | None = None) -> list[Stretch]:
    """A query as parts that follow each other in the order of time, the newest first, each with an index of
    its own: what began in the period; and what had begun before, and was not over.

    `leader` is one of `leaders`; the first of them if left out.
    """
    c = connections.c
    until = [] if query.until is None else [c.joined_at <= query.until]
    if query.since is not None and query.until is not None and query.until < query.since:
        return []
    leader = leader or next(iter(leaders(query)), None)
    found = [] if leader is None else leading(query, leader)
    looked_at = wanted(query, now, without=leader)
    if query.since is None:
        return [Stretch([*found, *until], looked_at)]
    began = Stretch([*found, *until, c.joined_at >= query.since], looked_at)
    if leader in NAMES:
        before = [*found, *until, c.joined_at < query.since]
        return [began, Stretch(before, [*looked_at, lasted(query.since)])]
    ended = [or_(c.left_at.is_(None), c.left_at >= query.since), *([c.failed] if query.failed else [])]
    looked_at = [*wanted(query, now), c.joined_at + 0 < query.since]
    return [began, Stretch(ended, looked_at, by_time=False)]


def leaders(query: Query) -> list[str]:
    """Columns that have an index of what is asked for, likely the rarest first."""
    return [name for name, value in _asked(query).items() if value != _LEFT_OUT.get(name)]


def leading(query: Query, name: str) -> Conditions:
    """That a column says what is asked for, as its index has it."""
    column, left_out = connections.c[name], _LEFT_OUT.get(name)
    if name == "failed":
        return [column]
    says: Conditions = [column == _asked(query)[name]]
    return says if left_out is None else [*says, literal_column(f"connections.{name} <> '{left_out}'")]


def wanted(
    query: Query, now: float, table: FromClause = connections, *, without: str | None = None
) -> Conditions:
    """All that is asked for but when it was, said so that no index knows it; without a column that leads."""
    conditions: Conditions = []
    for name, value in _asked(query).items():
        if name == without:
            continue
        if name == "failed":
            conditions.append(func.coalesce(table.c[name], false()))
        else:
            conditions.append(func.coalesce(table.c[name], "") == value)
    if query.let_in:
        conditions.append(table.c.participant.is_not(None))
    conditions.append(table.c.expires_at + 0 > now)
    return conditions


def _asked(query: Query) -> dict[str, str]:
    """Columns, and what they have to say; likely the rarest first."""
    asked: dict[str, str] = {}
    for name in (*NAMES, "outcome", "stage", "failed", "site", "client"):
        value = getattr(query, name)
        if value not in (None, False):
            client = "browser" if isinstance(value, Browser) else "sdk"
            asked[client if name == "client" else name] = str(value)
    return asked


def lasted(since: float, table: FromClause = connections) -> ColumnElement[bool]:
    """What was not over at `since`, said so that no index knows it."""
    return func.coalesce(table.c.left_at, _NEVER) >= since


def overlapping(query: Query, table: FromClause = connections) -> Conditions:
    """When it was, in one: for what is found by something else."""
    until = [] if query.until is None else [table.c.joined_at + 0 <= query.until]
    return until if query.since is None else [*until, lasted(query.since, table)]


def beyond(place: Place, *, older: bool) -> ColumnElement[bool]:
    """What is further than a place, in one direction of time."""
    here = tuple_(connections.c.joined_at, connections.c.number)
    there = (place.joined_at, place.number)
    return here < there if older else here > there


def up_to(place: Place, *, older: bool) -> ColumnElement[bool]:
    """What is no further than a place, in one direction of time."""
    here = tuple_(connections.c.joined_at, connections.c.number)
    there = (place.joined_at, place.number)
    return here >= there if older else here <= there
