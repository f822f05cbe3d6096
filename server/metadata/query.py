"""What is looked for among connections, as conditions that one index answers.

The index is chosen here rather than by the database, which keeps no statistics of names: what is rarest of
what is asked for leads, and everything else is said in a way that no index knows. All indexes are in the
order of time, so that the newest are found without looking at the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, FromClause, false, func, literal_column, or_, tuple_

from server.metadata.database import connections
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.words import Browser, Sdk

Conditions = list[ColumnElement[bool]]

_PLACE = re.compile(r"([0-9]{1,12}\.[0-9]{1,20})_([0-9]{1,18})", re.ASCII)
_NAMES = ("participant", "code", "identity", "room")  # of somebody: few have the same
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
    """Part of an answer. `by_time`: its index is in the order of time, and need not be sorted."""

    conditions: Conditions
    by_time: bool = True

    def and_also(self, *conditions: ColumnElement[bool]) -> Stretch:
        """Less of it."""
        return self._replace(conditions=[*self.conditions, *conditions])


def stretches(query: Query, now: float) -> list[Stretch]:
    """A query as parts that follow each other in the order of time, the newest first, each with an index of
    its own: what began in the period; and what had begun before, and was not over.
    """
    c = connections.c
    until = [] if query.until is None else [c.joined_at <= query.until]
    if query.since is not None and query.until is not None and query.until < query.since:
        return []
    if query.since is None:
        return [Stretch([*wanted(query, now), *until])]
    began = Stretch([*wanted(query, now), *until, c.joined_at >= query.since])
    if any(getattr(query, name) is not None for name in _NAMES):
        before = [*wanted(query, now), *until, c.joined_at < query.since, lasted(query.since)]
        return [began, Stretch(before)]
    ended = or_(c.left_at.is_(None), c.left_at >= query.since)
    failed = [c.failed] if query.failed else []
    before = [*wanted(query, now, leading=False), c.joined_at + 0 < query.since, ended, *failed]
    return [began, Stretch(before, by_time=False)]


def wanted(query: Query, now: float, table: FromClause = connections, *, leading: bool = True) -> Conditions:
    """All of a query but when it was. `leading`: whether one of the conditions may use its index."""
    conditions: Conditions = []
    for name, value in _asked(query):
        column, left_out = table.c[name], _LEFT_OUT.get(name)
        if name == "failed":
            conditions.append(column if leading else func.coalesce(column, false()))
        elif leading and value != left_out:
            conditions.append(column == value)
            if left_out is not None:
                conditions.append(literal_column(f"{column.table.name}.{name} <> '{left_out}'"))
        else:
            conditions.append(func.coalesce(column, "") == value)
            continue
        leading = False
    if query.let_in:
        conditions.append(table.c.participant.is_not(None))
    conditions.append(table.c.expires_at + 0 > now)
    return conditions


def _asked(query: Query) -> Iterator[tuple[str, str]]:
    """Columns, and what they have to say; the rarest first."""
    for name in (*_NAMES, "outcome", "stage", "failed", "site", "client"):
        value = getattr(query, name)
        if value not in (None, False):
            client = "browser" if isinstance(value, Browser) else "sdk"
            yield client if name == "client" else name, str(value)


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
